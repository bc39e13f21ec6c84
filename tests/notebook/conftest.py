"""Real kernels with the extension loaded, driven as a front end drives them."""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass, field

import nbformat
import pytest
from jupyter_client.manager import KernelManager

TIMEOUT = 60
FORGET = """
_space = get_ipython().user_ns
for _name in [name for name in _space if name not in get_ipython().user_ns_hidden and not name.startswith('_')]:
    del _space[_name]
Out.clear()
"""
ANSI = re.compile(r"\x1b\[[0-9;]*m")


@dataclass
class Ran:
    """What a cell showed: its own outputs, and the line under it apart from them."""

    outputs: list = field(default_factory=list)
    note: str = ""
    said: list = field(default_factory=list)
    shown_as: dict = field(default_factory=dict)
    verdict: str = ""
    error: str = ""
    traceback: str = ""
    count: int = 0

    def text(self, stream="stdout"):
        found = [o["text"] for o in self.outputs if o["output_type"] == "stream" and o["name"] == stream]
        return "".join(found)

    @property
    def problem(self):
        """What went wrong: the error, or what IPython says of a magic that was misused."""
        return self.error or self.text("stderr").strip()

    @property
    def kinds(self):
        return [o["output_type"] for o in self.outputs]

    @property
    def result(self):
        found = [o["data"]["text/plain"] for o in self.outputs if o["output_type"] == "execute_result"]
        return found[-1] if found else None

    def shown(self):
        """List the outputs without what differs from run to run: counts, and how a stream was cut into messages."""
        nodes = []
        for output in json.loads(json.dumps(self.outputs)):
            output.pop("execution_count", None)
            last = nodes[-1] if nodes else {}
            if "stream" == output["output_type"] == last.get("output_type") and output["name"] == last["name"]:
                last["text"] += output["text"]
            else:
                nodes.append(output)
        return nodes


class Kernel:
    """One kernel, in a project folder of its own."""

    def __init__(self, project, world, *, home=None):
        self.project = project
        project.mkdir(exist_ok=True)
        (project / "pyproject.toml").touch()
        # ipykernel leaves the file descriptors alone where it believes itself inside pytest
        dropped = ("PYTEST_", "VINYASA_", "JUPYTER_", "JPY_")
        self.environment = {name: value for name, value in os.environ.items() if not name.startswith(dropped)}
        self.environment |= {
            "VINYASA_SECRET_DIR": str(world / "secret"),
            "IPYTHONDIR": str(world / "ipython"),
            "MPLCONFIGDIR": str(world / "matplotlib"),
            "JUPYTER_RUNTIME_DIR": str(world / "runtime"),
            "PYTHONDONTWRITEBYTECODE": "1",
        } | ({"VINYASA_HOME": str(home)} if home else {})
        self.manager = KernelManager(kernel_name="python3", transport="ipc", connection_file=str(world / "kernel.json"))
        self.client = None

    def __enter__(self):
        self.manager.start_kernel(env=self.environment, cwd=str(self.project))
        self._connect()
        return self

    def __exit__(self, *error):
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)
        self.manager.cleanup_resources()
        self.manager.context.destroy(linger=0)

    def _connect(self):
        self.client = self.manager.blocking_client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=TIMEOUT)
        self.run("%load_ext vinyasa_ipy")

    def restart(self):
        self.client.stop_channels()
        self.manager.restart_kernel(now=True)
        self._connect()

    def reset(self):
        """Forget every name, as a restart would, and keep the process (`%reset` collects garbage, which takes long)."""
        self.run(FORGET, store_history=False)

    def run(self, source, *, store_history=True):
        """Run one cell to its end."""
        ran = Ran()
        reply = self.client.execute_interactive(
            source,
            store_history=store_history,
            allow_stdin=False,
            output_hook=lambda message: _take(ran, message),
            timeout=TIMEOUT,
        )
        ran.count = reply["content"].get("execution_count", 0)
        return ran

    def run_as(self, cell, source):
        """Run a cell as a front end does that tells its id."""
        make = self.client.session.msg
        self.client.session.msg = lambda kind, *parts, **more: make(
            kind, *parts, **more | {"metadata": {"cellId": cell}}
        )
        try:
            return self.run(source)
        finally:
            self.client.session.msg = make

    def stage(self, name, source, options=""):
        return self.run(f"%%stage {name} {options}\n{source}")

    def run_all(self, *sources):
        """Run cells as Run All does: all are sent at once, and none runs after one that failed."""
        gate = self.project / "all-are-sent"
        waiting = f"import os as _os\nwhile not _os.path.exists({str(gate)!r}): pass"
        held = self.client.execute(waiting, store_history=False, silent=True)
        requests = [self.client.execute(source, stop_on_error=True) for source in sources]
        gate.touch()
        replies = {}
        while not {held, *requests} <= replies.keys():
            reply = self.client.get_shell_msg(timeout=TIMEOUT)
            replies[reply["parent_header"]["msg_id"]] = reply["content"]["status"]
        gate.unlink()
        self.run("pass")  # takes what is still in the output channel
        return [replies[request] for request in requests]

    def value(self, expression):
        """Return what an expression is in the kernel, by way of JSON."""
        ran = self.run(f"import json as _json\nprint(_json.dumps({expression}))", store_history=False)
        assert not ran.error, ran.traceback
        return json.loads(ran.text())

    def has(self, name):
        return self.value(f"{name!r} in globals()")

    def ask(self, line):
        """Give a `%vinyasa` command and return what it shows, as text."""
        ran = self.run(f"%vinyasa {line}")
        shown = [o["data"]["text/plain"] for o in ran.outputs if o["output_type"] == "display_data"]
        return "\n".join(shown) if not ran.error else ran.error


def _take(ran, message):
    kind, content = message["msg_type"], message["content"]
    if kind == "clear_output":
        ran.outputs.clear()  # with or without waiting for what comes next: it is always the same in the end
    if kind not in {"stream", "display_data", "execute_result", "error", "update_display_data"}:
        return
    shown = content.get("transient", {}).get("display_id")
    if kind == "update_display_data":
        for output in ran.shown_as.get(shown, ()):
            output["data"] = content["data"]
        return
    noted = content.get("metadata", {}).get("vinyasa")
    if kind == "display_data" and noted:
        ran.note, ran.verdict = content["data"]["text/plain"], noted["verdict"]
        ran.said.append(ran.note)
        return
    if kind == "error":
        ran.error = f"{content['ename']}: {content['evalue']}"
        ran.traceback = ANSI.sub("", "\n".join(content["traceback"]))
    ran.outputs.append(nbformat.v4.output_from_msg(message))
    ran.shown_as.setdefault(shown, []).append(ran.outputs[-1])


@pytest.fixture(scope="module")
def make_kernel(tmp_path_factory):
    """Start kernels; with the same `folder` they share project and store, as after a restart."""
    worlds = {}

    def make(folder=None, **options):
        root = tmp_path_factory.mktemp("project") if folder is None else folder
        worlds.setdefault(root, tmp_path_factory.mktemp("world"))
        world = worlds[root]
        number = len(list(world.glob("kernel*")))
        place = world / f"kernel{number}"
        place.mkdir()
        kernel = Kernel(root, place, **options)
        kernel.environment["VINYASA_SECRET_DIR"] = str(world / "secret")
        return kernel

    return make


@pytest.fixture(scope="module")
def shared_kernel(make_kernel):
    with make_kernel() as kernel:
        yield kernel


@pytest.fixture
def kernel(shared_kernel):
    """Give the module's kernel with no names in it."""
    shared_kernel.reset()
    return shared_kernel
