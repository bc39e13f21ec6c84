"""What a cell displays live and what its replay displays, side by side, in real kernels and terminals."""

from __future__ import annotations

import json
import os
import re
import statistics
import subprocess
import sys
from pathlib import Path

import nbformat
import pexpect
import pytest
from jupyter_client.manager import AsyncKernelManager
from jupyter_core.utils import run_sync
from nbclient import NotebookClient

from vinyasa_ipy.notebook.recorder import WIDGET

HERE = Path(__file__).parent
ROOT = HERE.parent.parent

SAME_EVERYWHERE = {
    "order": "import sys\nprint('a'); display('b'); print('c', file=sys.stderr); print('d')\n42",
    "nothing": "pass",
    "semicolon": "1 + 1;",
    "none": "None",
    "several_lines": "'first\\nsecond'.splitlines()",
    "frame": "import pandas as pd\npd.DataFrame({'a': [1, 2]})",
    "styler": "import pandas as pd\ndisplay(pd.DataFrame({'a': [1, 2]}).style.highlight_max().set_uuid('t'))",
    "rich_objects": "from IPython.display import HTML, JSON, Markdown\n"
    "display(HTML('<b>x</b>'), Markdown('*m*'), JSON({'a': 1}), metadata={'k': 1})",
    "raw_bundle": "display({'application/x': '1', 'text/plain': 'p'}, raw=True)",
    "bytes_in_bundle": "display({'image/png': b'\\x89PNG', 'text/plain': 'p'}, raw=True)",
    "warning": "import warnings\nwarnings.warn('mind the gap')",
    "logging": "import logging\nlogging.getLogger('new').addHandler(logging.StreamHandler())\n"
    "logging.getLogger('new').warning('logged')",
    "tqdm": "from tqdm import tqdm\nfor i in tqdm(range(5)): pass\nprint('end')",
    "counting": "import sys\nfor i in range(3):\n    sys.stdout.write(f'\\r{i} of 3'); sys.stdout.flush()\nprint()",
    "open_line": "print('no newline', end='')",
    "rich_print": "from rich import print as say\nsay('[bold red]hi[/] there')",
    "magic": "%timeit -n1 -r1 pass",
    "await": "import asyncio\nawait asyncio.sleep(0); print('awaited')\n'result'",
    "thread": "import threading\ndef work(): print('from a thread'); display('its display')\n"
    "t = threading.Thread(target=work); t.start(); t.join()",
    "caught_traceback": "try: 1 / 0\nexcept ZeroDivisionError: get_ipython().showtraceback()\nprint('went on')",
    "captured": "from IPython.utils.capture import capture_output\n"
    "with capture_output(): print('never seen'); display('nor this')\n"
    "print('seen')",
    "redirected": "import contextlib, io\nwith contextlib.redirect_stdout(io.StringIO()): print('never seen')\n"
    "print('seen')",
}
SAME_IN_KERNEL = SAME_EVERYWHERE | {
    "printing_repr": "class Loud:\n    def __repr__(self): print('thinking'); return 'loud'\nLoud()",
    "figure": "import matplotlib.pyplot as plt\nprint('before'); plt.plot([1, 2, 3]); plt.title('t');",
    "figure_and_result": "plt.plot([3, 2]); 'result'",
    "figure_awaited": "import asyncio\nawait asyncio.sleep(0)\nplt.plot([1, 3]);",
    "plt_show": "import matplotlib.pyplot as plt\n"
    "for i in range(2):\n    plt.plot([1, i]); plt.show(); print('after', i)",
    "plotly": "import plotly.graph_objects as go\ngo.Figure(go.Scatter(y=[1, 3, 2]))",
    "updated": "h = display('one', display_id=True)\nprint('between')\nh.update('two')",
    "same_display_id": "display('one', display_id='x')\nprint('between')\ndisplay('two', display_id='x')",
    "cleared": "from IPython.display import clear_output\nfor i in range(3):\n    clear_output(wait=True); print(i)",
    "cleared_for_good": "from IPython.display import clear_output\nprint('gone'); clear_output(); display('kept')",
    "cleared_in_vain": "from IPython.display import clear_output\nprint('kept'); clear_output(wait=True)",
    "own_handler": "logging.getLogger('old').warning('logged by an old handler')",
    "child_process": "import subprocess\nprint('before', flush=True)\nsubprocess.run(['echo', 'from a child'])\n"
    "!echo shell\n"
    "print('after')",
    "descriptor": "import os\nos.write(1, b'x' * 50_000 + b'\\n'); os.write(2, b'err\\n');",
    "forked": "import multiprocessing as mp\ndef work(n): print('child', n)\n"
    "with mp.get_context('fork').Pool(1) as pool: pool.map(work, range(2))\nprint('parent')",
}
SAME_IN_TERMINAL = SAME_EVERYWHERE | {
    "own_handler": "logging.getLogger('old').warning('logged by an old handler')",
    "one_stream": "import sys, contextlib\nwith contextlib.redirect_stderr(sys.stdout): print('out', file=sys.stderr)",
}


def seen(outputs):
    """The outputs as a reader sees them: chunks joined, of overwritten lines the last state, no counts."""
    nodes = []
    for output in json.loads(json.dumps(outputs)):
        output.pop("execution_count", None)
        if (
            nodes
            and output["output_type"] == nodes[-1]["output_type"] == "stream"
            and output["name"] == nodes[-1]["name"]
        ):
            nodes[-1]["text"] += output["text"]
        else:
            nodes.append(output)
    for node in nodes:
        if "text" in node:
            node["text"] = overwritten(node["text"])
    return nodes


def overwritten(text):
    return "\n".join(([""] + [part for part in line.split("\r") if part])[-1] for line in text.split("\n"))


def texts(outputs):
    return [output.get("text") or output["data"]["text/plain"] for output in outputs]


class Notebook:
    """A kernel with the driver loaded; cells run one by one, their outputs are what a front end would save."""

    def __init__(self, folder):
        manager = AsyncKernelManager(kernel_name="python3", connection_file=str(folder / "kernel.json"))
        self.client = NotebookClient(nbformat.v4.new_notebook(), km=manager, timeout=60, allow_errors=True)
        # nbclient answers an Output widget, and in 1 of 50 cells then misses the cell's reply and waits for its timeout
        self.client.comm_open_handlers.clear()
        # ipykernel leaves the file descriptors alone where it believes itself inside pytest
        inherited = {name: value for name, value in os.environ.items() if name != "PYTEST_CURRENT_TEST"}
        self.environment = inherited | {"IPYTHONDIR": str(folder), "MPLCONFIGDIR": str(folder), "PYTHONPATH": str(ROOT)}

    def __enter__(self):
        self.open = self.client.setup_kernel(cleanup_kc=True, env=self.environment, cwd=str(HERE))
        self.open.__enter__()
        self.run("%load_ext stage_driver\nimport logging\nlogging.getLogger('old').addHandler(logging.StreamHandler())")
        return self

    def __exit__(self, *error):
        self.open.__exit__(*error)

    def run(self, source):
        cell = nbformat.v4.new_code_cell(source)
        self.client.nb.cells.append(cell)
        self.client.execute_cell(cell, len(self.client.nb.cells) - 1)
        self.count = cell.execution_count
        return cell.outputs

    def stage(self, name, source):
        return self.run(f"%%stage {name}\n{source}")

    def both(self, name, source):
        return self.stage(name, source), self.stage(name, source)

    def value(self, expression):
        """Return what an expression is in the kernel, by way of JSON."""
        outputs = self.run(f"import json\nprint(json.dumps({expression}))")
        return json.loads("".join(output["text"] for output in outputs))

    def lossy(self, name):
        return self.value(f"get_ipython().driver.lossy[{name!r}]")


@pytest.fixture(scope="module")
def notebook(tmp_path_factory):
    with Notebook(tmp_path_factory.mktemp("kernel")) as opened:
        yield opened


@pytest.fixture(scope="module")
def fresh(tmp_path_factory):
    with Notebook(tmp_path_factory.mktemp("fresh")) as opened:
        yield opened


@pytest.mark.parametrize("name", SAME_IN_KERNEL)
def test_a_kernel_replays_what_it_showed(notebook, name):
    live, replayed = notebook.both(name, SAME_IN_KERNEL[name])
    assert seen(replayed) == seen(live)
    assert notebook.lossy(name) == []


@pytest.mark.parametrize(
    ("name", "kinds"),
    [
        ("order", ["stream", "display_data", "stream", "stream", "execute_result"]),
        ("figure", ["stream", "display_data"]),
        ("figure_and_result", ["execute_result", "display_data"]),
        ("figure_awaited", ["display_data"]),
        ("forked", ["stream"]),
        ("thread", ["stream", "display_data"]),
        ("nothing", []),
    ],
)
def test_what_is_recorded_is_what_was_shown(fresh, name, kinds):
    fresh.stage(name, SAME_IN_KERNEL[name])
    assert [node["output_type"] for node in kept(fresh, name)] == kinds


def kept(notebook, name):
    return json.loads(notebook.value(f"get_ipython().driver.kept[{name!r}]"))


def test_another_kernel_replays_the_same(notebook, fresh):
    live = notebook.stage(
        "carried", "import matplotlib.pyplot as plt\nprint('a'); plt.plot([1]); display('b', display_id='b')\n7"
    )
    fresh.run(
        f"driver = get_ipython().driver\ndriver.lossy['carried'] = ()\n"
        f"driver.kept['carried'] = {json.dumps(kept(notebook, 'carried'))!r}"
    )
    assert seen(fresh.stage("carried", "")) == seen(live)


def test_text_reaches_the_front_end_while_the_cell_runs(notebook, tmp_path):
    os.mkfifo(tmp_path / "gate")
    client = notebook.client.kc
    request = client.execute(f"%%stage streaming\nprint('now', flush=True)\nopen({str(tmp_path / 'gate')!r}).read()")
    message = iopub(client, request, "stream")
    (tmp_path / "gate").write_text("go")
    iopub(client, request, "status", execution_state="idle")
    assert message["content"]["text"] == "now\n"
    assert kept(notebook, "streaming")[0]["text"] == "now\n"


def iopub(client, request, kind, **content):
    while True:
        message = run_sync(client.get_iopub_msg)(timeout=30)
        mine = message["parent_header"].get("msg_id") == request and message["msg_type"] == kind
        if mine and content.items() <= message["content"].items():
            return message


class TestResults:
    def test_a_result_carries_the_count_of_the_cell_that_replays_it(self, notebook):
        notebook.both("counted", "'value'")
        (output,) = notebook.stage("counted", "'value'")
        assert output["execution_count"] == notebook.count

    def test_the_names_of_past_results_are_set_as_by_the_displayhook(self, notebook):
        notebook.stage("remembered", "'kept result'")
        notebook.run("'one'")
        notebook.run("'two'")
        notebook.stage("remembered", "'kept result'")
        count = notebook.count
        assert notebook.value("[_, __, ___]") == ["kept result", "two", "one"]
        assert notebook.value(f"[Out[{count}], _{count}]") == ["kept result", "kept result"]

    def test_a_name_the_user_gave_to_the_last_result_stays_the_users(self, notebook):
        notebook.stage("polite", "'kept result'")
        notebook.run("_ = 'mine'")
        notebook.stage("polite", "'kept result'")
        assert notebook.value("_") == "mine"
        notebook.run("del _")

    def test_a_silenced_result_is_no_result(self, notebook):
        notebook.run("'before'")
        notebook.both("silenced", "'silenced';")
        assert notebook.value("_") == "before"

    def test_a_result_that_displays_itself_is_remembered_too(self, notebook):
        source = "class Own:\n    def _ipython_display_(self): print('own way')\n    n = 5\nOwn()"
        live = notebook.stage("own_way", source)
        notebook.run("'something else'")
        assert seen(notebook.stage("own_way", source)) == seen(live)
        assert texts(live) == ["own way\n"]
        assert notebook.value("_.n") == 5

    def test_the_cells_own_result_is_filled_in(self, notebook):
        notebook.both("filled", "'filled'")
        assert notebook.value("get_ipython().driver.last_result") == "filled"

    def test_a_given_count_is_used_and_the_shells_own_goes_on(self, notebook):
        source = (
            "from vinyasa_ipy.notebook.replay import replay\nfrom vinyasa_ipy.notebook.recorder import Displayed\n"
            "node = {'output_type': 'execute_result', 'data': {'text/plain': 'x'}, 'metadata': {}}\n"
            "replay(get_ipython(), Displayed((node,)), result='x', execution_count=900)"
        )
        before = notebook.value("get_ipython().execution_count")
        (output,) = notebook.run(source)
        assert output["execution_count"] == 900
        assert notebook.value("[Out[900], _900]") == ["x", "x"]
        assert notebook.value("get_ipython().execution_count") == before + 3


class TestAttribution:
    def test_text_of_the_cell_before_stays_there(self, notebook):
        notebook.run("import os\nprint('printed before'); os.write(1, b'x' * 60_000);")
        notebook.stage("clean_start", "print('mine')")
        assert [node["text"] for node in kept(notebook, "clean_start")] == ["mine\n"]

    def test_bytes_on_their_way_when_recording_begins_are_not_recorded(self, notebook):
        notebook.run(
            "import os\nfrom vinyasa_ipy.notebook.recorder import Recorder\nrecorder = Recorder(get_ipython())\n"
            "os.write(1, b'x' * 60_000); recorder.start(); print('mine'); got = recorder.stop()"
        )
        assert texts(notebook.value("got.nodes")) == ["mine\n"]

    def test_a_child_forked_at_the_worst_moment_can_still_print(self, notebook):
        status = notebook.run(
            "import os, signal, sys\nfrom vinyasa_ipy.notebook.recorder import Recorder\n"
            "recorder = Recorder(get_ipython()); recorder.start()\nwith recorder._screen._lock:\n"
            "    child = os.fork()\n    if not child:\n"
            "        signal.alarm(5); print('from the child'); sys.stdout.flush(); os._exit(0)\n"
            "    ended = os.waitpid(child, 0)[1]\ngot = recorder.stop(); ended"
        )
        assert texts(status)[-1] == "0"

    def test_what_a_child_process_wrote_last_is_still_recorded(self, notebook):
        notebook.stage("late_bytes", "import os\nos.write(1, b'y' * 60_000 + b'end');")
        assert "".join(node["text"] for node in kept(notebook, "late_bytes")) == "y" * 60_000 + "end"

    def test_a_subshells_output_is_not_the_cells(self, notebook):
        client = notebook.client.kc
        notebook.run("import threading\nready, gate = threading.Event(), threading.Event()")
        client.control_channel.send(client.session.msg("create_subshell_request"))
        subshell = run_sync(client.control_channel.get_msg)(timeout=30)["content"]["subshell_id"]
        code = "ready.wait(30); print('theirs'); display('theirs'); gate.set()"
        message = client.session.msg("execute_request", {"code": code, "silent": False, "allow_stdin": False})
        message["header"]["subshell_id"] = subshell
        client.shell_channel.send(message)
        notebook.stage("beside", "print('mine'); ready.set(); print(gate.wait(30)); display('mine')")
        assert [node.get("text") or node["data"]["text/plain"] for node in kept(notebook, "beside")] == [
            "mine\nTrue\n",
            "'mine'",
        ]

    def test_what_a_comm_prints_meanwhile_is_not_the_cells(self, notebook):
        client = notebook.client.kc
        notebook.run(
            "import asyncio, comm\narrived = asyncio.Event()\n"
            "def opened(link, message):\n    print('a button said this'); arrived.set()\n"
            "comm.get_comm_manager().register_target('button', opened)"
        )
        request = client.execute("%%stage awaiting\nprint('mine')\nawait asyncio.wait_for(arrived.wait(), 30)")
        content = {"comm_id": "b1", "target_name": "button", "data": {}}
        client.shell_channel.send(client.session.msg("comm_open", content))
        iopub(client, request, "status", execution_state="idle")
        assert kept(notebook, "awaiting")[0]["text"] == "mine\n"
        assert "button" not in json.dumps(kept(notebook, "awaiting"))

    def test_recordings_that_overlap_each_get_their_part_and_leave_no_trace(self, notebook):
        notebook.run(
            "from vinyasa_ipy.notebook.recorder import Recorder\nip = get_ipython()\n"
            "one, two = Recorder(ip), Recorder(ip)\n"
            "one.start(); print(1); two.start(); print(2); first = one.stop(); print(3); second = two.stop()"
        )
        assert notebook.value("[first.nodes[0]['text'], second.nodes[0]['text']]") == ["1\n2\n", "2\n3\n"]
        assert notebook.value("'send_multipart' in vars(ip.kernel.iopub_thread)") is False

    @pytest.mark.parametrize("source", ["1 / 0", "raise KeyboardInterrupt", "raise SystemExit", "def ("])
    def test_nothing_stays_wrapped_after_an_error(self, notebook, source):
        notebook.stage("failing", f"print('x')\n{source}")
        assert notebook.value("'send_multipart' in vars(get_ipython().kernel.iopub_thread)") is False


class TestLoss:
    def test_of_a_live_widget_the_text_is_kept(self, notebook):
        live, replayed = notebook.both("slider", "import ipywidgets as W\nW.IntSlider(description='s')")
        (data,) = [dict(output["data"]) for output in live]
        assert data.pop(WIDGET)
        assert [output["data"] for output in replayed] == [data]
        assert notebook.lossy("slider") == ["a live widget: only its text is kept"]

    def test_of_tqdm_notebook_the_beginning_is_kept(self, notebook):
        source = "from tqdm.notebook import tqdm\nfor i in tqdm(range(3)): pass\nprint('end')"
        _, replayed = notebook.both("tqdm_notebook", source)
        assert "0/3" in replayed[0]["data"]["text/plain"]
        assert replayed[1]["text"] == "end\n"
        assert notebook.lossy("tqdm_notebook") == ["a live widget: only its text is kept"]

    def test_what_an_output_widget_took_is_replayed_in_its_place(self, notebook):
        source = (
            "import ipywidgets as W\no = W.Output()\nprint('above'); h = display('old', display_id=True)\n"
            "display(o); print('below')\nwith o: print('inside'); display('x'); h.update('new')"
        )
        _, replayed = notebook.both("output_widget", source)
        assert texts(replayed) == ["above\n", "'new'", "inside\n", "'x'", "below\n"]
        assert notebook.lossy("output_widget") == []

    def test_what_an_output_widget_was_given_is_replayed_in_its_place(self, notebook):
        source = (
            "import ipywidgets as W\no = W.Output()\ndisplay(o); o.append_stdout('a'); o.append_stdout('b')\nprint('c')"
        )
        _, replayed = notebook.both("filled_widget", source)
        assert "".join(texts(replayed)) == "abc\n"
        assert notebook.lossy("filled_widget") == []

    def test_an_output_widget_cleared_from_inside_leaves_the_cell_alone(self, notebook):
        source = (
            "import ipywidgets as W\no = W.Output()\nprint('above'); display(o)\n"
            "for i in range(3):\n    with o: o.clear_output(wait=True); print(i)"
        )
        _, replayed = notebook.both("cleared_widget", source)
        assert "".join(texts(replayed)) == "above\n2\n"

    def test_a_live_progress_of_rich_does_not_clear_the_cell(self, notebook):
        source = "from rich.progress import track\ndisplay('important')\nfor i in track(range(3)): pass\nprint('end')"
        _, replayed = notebook.both("rich_progress", source)
        shown = texts(replayed)
        assert shown[0] == "'important'"
        assert "100%" in shown[1]
        assert shown[-1] == "end\n"

    def test_output_inside_a_widget_shown_elsewhere_is_named(self, notebook):
        notebook.run("import ipywidgets as W\nelsewhere = W.Output()\nelsewhere")
        notebook.both("into_elsewhere", "with elsewhere: print('inside')\nprint('outside')")
        assert [node["text"] for node in kept(notebook, "into_elsewhere")] == ["outside\n"]
        assert notebook.lossy("into_elsewhere") == ["output inside a widget that the cell does not show by itself"]

    def test_an_update_of_another_cells_display_is_named(self, notebook):
        notebook.run("shown = display('one', display_id=True)")
        notebook.stage("updating", "shown.update('two')")
        assert kept(notebook, "updating") == []
        assert notebook.lossy("updating") == ["an update of a display made by another cell"]

    def test_an_update_of_a_display_cleared_meanwhile_is_no_loss(self, notebook):
        source = (
            "from IPython.display import clear_output\nh = display(1, display_id=True); clear_output(); h.update(2)"
        )
        live, replayed = notebook.both("cleared_then_updated", source)
        assert seen(replayed) == seen(live) == []
        assert notebook.lossy("cleared_then_updated") == []


class TestReplay:
    def test_a_replay_leaves_the_recording_as_it_was(self, notebook):
        notebook.run(
            "from vinyasa_ipy.notebook.recorder import Recorder\nfrom vinyasa_ipy.notebook.replay import replay\n"
            "recorder = Recorder(get_ipython()); recorder.start(); display('x', display_id='r'); print('y')\n"
            "first = recorder.stop(); before = repr(first)"
        )
        assert texts(notebook.run("replay(get_ipython(), first); replay(get_ipython(), first)")) == ["'x'", "y\n"] * 2
        assert notebook.value("repr(first) == before") is True

    def test_a_replayed_display_can_be_updated_by_a_later_cell(self, notebook):
        notebook.both("updatable", "display('one', display_id='later');")
        notebook.run("from IPython.display import update_display\nupdate_display('two', display_id='later')")
        shown = [texts(cell.outputs) for cell in notebook.client.nb.cells[-3:-1]]
        assert shown == [["'two'"], ["'two'"]]


class TestLimit:
    def record(self, notebook, body, limit=100):
        notebook.run(
            f"from IPython.display import clear_output\nfrom vinyasa_ipy.notebook.recorder import Recorder\n"
            f"recorder = Recorder(get_ipython(), limit={limit})\nrecorder.start()\ntry:\n    {body}\n"
            f"finally: got = recorder.stop()"
        )
        return notebook.value("[got.nodes, got.lossy]")

    def test_text_is_cut_with_a_note(self, notebook):
        nodes, lossy = self.record(notebook, "print('x' * 150, flush=True); print('never')")
        assert [node["text"] for node in nodes] == [
            "x" * 100,
            "[vinyasa: the rest of this output was too long to be kept]\n",
        ]
        assert lossy == ["the output was too long and is cut"]

    def test_a_display_too_big_is_left_out_with_a_note(self, notebook):
        nodes, lossy = self.record(notebook, "print('kept'); display('y' * 150)")
        assert [node["text"][:8] for node in nodes] == ["kept\n", "[vinyasa"]
        assert lossy == ["the output was too long and is cut"]

    @pytest.mark.parametrize("wait", [True, False])
    def test_what_was_cleared_weighs_nothing(self, notebook, wait):
        body = f"for i in range(50): clear_output(wait={wait}); display('z' * 40)"
        nodes, lossy = self.record(notebook, body)
        assert [node["data"]["text/plain"] for node in nodes] == [repr("z" * 40)]
        assert lossy == []

    def test_a_line_written_over_and_over_weighs_once(self, notebook):
        body = "for i in range(50): print(f'\\r{i:40}', end='', flush=True)"
        nodes, lossy = self.record(notebook, body)
        assert [node["text"] for node in nodes] == [f"{49:40}"]
        assert lossy == []

    def test_an_update_is_weighed_like_the_display_it_replaces(self, notebook):
        body = "h = display('a' * 40, display_id='w')\n    for i in range(50): h.update('b' * 40)"
        nodes, lossy = self.record(notebook, body)
        assert [node["data"]["text/plain"] for node in nodes] == [repr("b" * 40)]
        assert lossy == []

    def test_an_update_too_big_is_left_out_with_a_note(self, notebook):
        nodes, lossy = self.record(notebook, "display('small', display_id='g').update('g' * 150)")
        assert nodes[0]["data"]["text/plain"] == "'small'"
        assert lossy == ["the output was too long and is cut"]

    def test_stopping_without_a_start_gives_nothing(self, notebook):
        notebook.run("from vinyasa_ipy.notebook.recorder import Recorder\nempty = Recorder(get_ipython()).stop()")
        assert notebook.value("[empty.nodes, empty.lossy]") == [[], []]


def test_a_quiet_cell_pays_less_than_three_milliseconds(notebook):
    for number in range(15):
        notebook.stage(f"quiet{number}", "pass")
    costs = notebook.value("get_ipython().driver.costs[-15:]")
    assert statistics.median(map(sum, costs)) < 0.003


@pytest.fixture(scope="module")
def terminal(tmp_path_factory):
    """Both streams of a terminal's shell by case, live and replayed, and what the driver kept."""
    folder = tmp_path_factory.mktemp("terminal")
    more = {
        "children": "import subprocess\nprint('mine', flush=True)\nsubprocess.run(['echo', 'theirs'])\nNone",
        "cleared": "from IPython.display import clear_output\nprint('gone'); clear_output(); print('kept')",
        "failing": "print('x')\n1 / 0",
        "updated": "h = display('one', display_id=True)\nprint('between')\nh.update('two')",
        "odd_bundle": "class Odd:\n    def __repr__(self): raise ValueError\n"
        "display({'text/plain': 'shown', 'x': Odd()}, raw=True)\nprint('went on')",
    }
    (folder / "cases").write_text(json.dumps(SAME_IN_TERMINAL | more))
    command = [sys.executable, str(HERE / "terminal_driver.py"), str(folder / "cases"), str(folder / "report")]
    environment = os.environ | {"IPYTHONDIR": str(folder), "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, env=environment, capture_output=True, check=True, timeout=120)
    report = json.loads((folder / "report").read_text())
    return report | {"stdout": sections(done.stdout.decode()), "stderr": sections(done.stderr.decode())}


def sections(text):
    parts = re.split(r"\n@@(.+?)@@\n", text)
    return {name: re.sub(r"Out\[\d+\]", "Out[n]", part) for name, part in zip(parts[1::2], parts[2::2], strict=True)}


@pytest.mark.parametrize("name", SAME_IN_TERMINAL)
@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_a_terminal_replays_what_it_showed(terminal, name, stream):
    live, replayed = terminal[stream][f"{name} live"], terminal[stream][f"{name} replayed"]
    assert overwritten(replayed) == overwritten(live)
    assert terminal["lossy"][name] == []


class TestTerminal:
    def test_the_prompt_of_a_result_is_not_recorded(self, terminal):
        assert "Out[n]: 42" in terminal["stdout"]["order replayed"]
        assert "Out[" not in terminal["kept"]["order"]

    def test_what_a_terminal_recorded_has_the_shape_of_a_notebooks_outputs(self, terminal):
        kinds = [node["output_type"] for node in json.loads(terminal["kept"]["order"])]
        assert kinds == ["stream", "display_data", "stream", "stream", "execute_result"]

    def test_a_child_process_that_may_have_written_is_named(self, terminal):
        assert terminal["lossy"]["children"] == [
            "a child process ran: what it wrote straight to the terminal is not kept"
        ]
        assert terminal["stdout"]["children replayed"] == "mine\n"

    def test_of_updates_and_clearing_the_last_state_is_replayed(self, terminal):
        assert terminal["stdout"]["updated replayed"] == "'two'\nbetween\n"
        assert terminal["stdout"]["cleared replayed"] == "kept\n"

    def test_a_display_that_is_not_understood_is_shown_and_named(self, terminal):
        assert terminal["stdout"]["odd_bundle live"] == "shown\nwent on\n"
        assert terminal["lossy"]["odd_bundle"] == ["an output was not understood (ValueError)"]

    def test_a_failing_cell_prints_its_traceback_as_always(self, terminal):
        assert "ZeroDivisionError" in terminal["stdout"]["failing live"]
        assert terminal["stdout"]["failing live"].count("ZeroDivisionError: ") == 1

    def test_everything_wrapped_is_given_back(self, terminal):
        assert "_Wrapped" not in terminal["left"]
        assert len(terminal["left"]) == 2


def test_a_real_terminal_session_replays(tmp_path):
    environment = os.environ | {"IPYTHONDIR": str(tmp_path), "PYTHONPATH": f"{ROOT}{os.pathsep}{HERE}", "TERM": "dumb"}
    command = ["-m", "IPython", "--simple-prompt", "--colors=nocolor", "--no-banner", "--ext=stage_driver"]
    session = pexpect.spawn(sys.executable, command, env=environment, encoding="utf-8", timeout=30)
    answers = []
    for _ in range(2):
        session.expect(r"In \[\d+\]: ")
        session.sendline("%%stage typed")
        session.expect(r"\.\.\.: ")
        session.sendline("print('said'); 6 * 7\n\n")
        session.expect(r"said\r\n(?P<result>Out\[\d+\]: 42)")
        answers.append(session.match["result"])
    session.sendline("exit")
    session.expect(pexpect.EOF)
    session.close()
    assert answers[0] != answers[1]
