"""Loading the extension, loading it twice, and taking it back."""

from __future__ import annotations

import json

import pytest

LEFT = """
import sys, warnings, os
ip = get_ipython()
_found = {
    'attribute': hasattr(ip, 'vinyasa'),
    'line magic': 'vinyasa' in ip.magics_manager.magics['line'],
    'cell magic': 'stage' in ip.magics_manager.magics['cell'],
    'cleanup': len(ip.input_transformers_cleanup),
    'post': len(ip.input_transformers_post),
    'ast': len(ip.ast_transformers),
    'events': {name: len(calls) for name, calls in ip.events.callbacks.items()},
    'completers': sorted(map(str, ip.strdispatchers['complete_command'].regexs)),
    'streams': [type(sys.stdout).__name__, 'write' in vars(sys.stdout)],
    'publisher': sorted(vars(ip.display_pub)),
    'warnings': warnings.showwarning.__module__,
    'environ': type(os.environ).__name__,
    'stat': os.stat.__module__,
}
"""


def left(kernel):
    kernel.run(LEFT, store_history=False)
    return json.loads(json.dumps(kernel.value("_found")))


def test_loading_twice_is_harmless(shared_kernel):
    before = left(shared_kernel)
    ran = shared_kernel.run("%load_ext vinyasa_ipy")
    assert ran.error == ""
    shared_kernel.run("import vinyasa_ipy\nvinyasa_ipy.load_ipython_extension(get_ipython())")
    assert left(shared_kernel) == before
    assert shared_kernel.stage("once", "print('once')").text() == "once\n"


def test_reloading_works(shared_kernel):
    shared_kernel.run("%reload_ext vinyasa_ipy")
    assert shared_kernel.stage("reloaded", "print(1)").verdict == "done"
    shared_kernel.run("%reload_ext vinyasa_ipy")
    assert shared_kernel.stage("reloaded", "print(1)").verdict == "hit"


def test_unloading_leaves_nothing_behind(shared_kernel):
    shared_kernel.run("%unload_ext vinyasa_ipy")
    never = left(shared_kernel)
    shared_kernel.run("%load_ext vinyasa_ipy")
    shared_kernel.stage("used", "print('used')")
    shared_kernel.ask("status")
    shared_kernel.run("%unload_ext vinyasa_ipy")
    after = left(shared_kernel)
    shared_kernel.run("%load_ext vinyasa_ipy")
    assert after == never
    assert not any([after["attribute"], after["line magic"], after["cell magic"]])
    assert not any("vinyasa" in name for name in after["completers"])


def test_a_stage_of_an_unloaded_extension_is_an_unknown_magic(shared_kernel):
    shared_kernel.run("%unload_ext vinyasa_ipy")
    ran = shared_kernel.run("%%stage gone\nleft_over = 1")
    shared_kernel.run("%load_ext vinyasa_ipy")
    assert "not found" in ran.error + ran.text("stderr")


def test_unloading_twice_is_harmless(shared_kernel):
    shared_kernel.run("%unload_ext vinyasa_ipy")
    ran = shared_kernel.run("import vinyasa_ipy\nvinyasa_ipy.unload_ipython_extension(get_ipython())")
    shared_kernel.run("%load_ext vinyasa_ipy")
    assert ran.error == ""


def test_a_stage_line_in_the_cell_that_loads_is_refused_in_one_line(shared_kernel):
    ran = shared_kernel.run("%load_ext vinyasa_ipy\n%%stage below\nx = 1")
    assert ran.problem == "UsageError: %%stage below must be the first line of its cell"


def test_loading_writes_nothing(make_kernel):
    with make_kernel() as kernel:
        kernel.run("plain = 1")
        assert [path.name for path in kernel.project.iterdir()] == ["pyproject.toml"]


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("%vinyasa st", "status"),
        ("%vinyasa why ma", "matched"),
        ("%vinyasa run --dr", "--dry-run"),
        ("vinyasa gr", "graph"),
    ],
)
def test_tab_completes_a_command(shared_kernel, line, found):
    shared_kernel.stage("matched", "x = 1")
    reply = shared_kernel.client.complete(line, len(line), reply=True, timeout=30)
    assert found in reply["content"]["matches"]
