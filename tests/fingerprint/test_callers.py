"""Code that looks into the frames of its callers: covered up to where the key begins, refused beyond."""

from __future__ import annotations

import pytest

from vinyasa_ipy.errors import FingerprintError
from vinyasa_ipy.fingerprint.reach import reach, reach_code

OUTSIDE = {
    "depth": "import sys\ndef f(): return sys._getframe(1).f_code.co_name",
    "depth that is computed": "import sys\ndef f(n=1): return sys._getframe(n).f_code.co_name",
    "another name": "from sys import _getframe as g\ndef f(): return g(1).f_code.co_name",
    "import inside": "def f():\n    import sys\n    return sys._getframe(1).f_code.co_name",
    "frame before": "import inspect\ndef f(): return inspect.currentframe().f_back.f_code.co_name",
    "frame before of a helper": (
        "import inspect\ndef g(): return inspect.currentframe().f_back.f_back\ndef f(): return g().f_code.co_name"
    ),
    "stack": "import inspect\ndef f(): return inspect.stack()[1].function",
    "stack by another name": "from inspect import stack as s\ndef f(): return s()[1].function",
    "stack imported inside": "def f():\n    from inspect import stack\n    return stack()[1].function",
    "outer frames": "import inspect as i\ndef f(): return i.getouterframes(i.currentframe())[1].function",
    "extracted stack": "import traceback\ndef f(): return traceback.extract_stack()[-2].name",
    "all the way up": (
        "import sys\ndef g():\n    frame = sys._getframe()\n    while frame.f_back: frame = frame.f_back\n"
        "    return frame.f_code.co_name\ndef f(): return g()"
    ),
    "method": (
        "import sys\nclass A:\n    def m(self): return sys._getframe(2).f_code.co_name\ndef f(): return A().m()"
    ),
}
INSIDE = {
    "own frame": "import sys\ndef f(): return sys._getframe().f_code.co_name",
    "own frame by depth": "import sys\ndef f(): return sys._getframe(0).f_code.co_name",
    "caller of a helper": "import sys\ndef g(): return sys._getframe(1).f_code.co_name\ndef f(): return g()",
    "caller of a method": (
        "import sys\nclass A:\n    def m(self): return sys._getframe(1).f_code.co_name\ndef f(): return A().m()"
    ),
    "method of another name": "import numpy as np\ndef f(): return np.stack([[1], [2]]).tolist()",
}


@pytest.mark.parametrize("program", OUTSIDE.values(), ids=OUTSIDE.keys())
def test_code_that_looks_beyond_the_function_is_refused_by_name(load, program):
    with pytest.raises(FingerprintError, match="frames of callers") as raised:
        reach(load(program).f)
    assert raised.value.name.startswith("program.")


@pytest.mark.parametrize("program", INSIDE.values(), ids=INSIDE.keys())
def test_code_that_looks_at_frames_the_key_covers_has_a_key(ask, program):
    assert ask(program) == ask(program)


def test_the_name_of_a_caller_inside_is_part_of_the_key(ask):
    program = (
        "import sys\ndef g(): return sys._getframe(1).f_code.co_name\ndef {0}(): return g()\ndef f(): return {0}()"
    )
    (key, result), (other, another) = ask(program.format("one")), ask(program.format("two"))
    assert (result, another) == ("'one'", "'two'")
    assert key != other


def test_globals_that_a_frame_gives_are_part_of_the_key(ask):
    program = "import sys\nK = %s\ndef f(): return sys._getframe().f_globals['K']"
    (key, result), (other, another) = ask(program % 1), ask(program % 2)
    assert (result, another) == ("1", "2")
    assert key != other


def test_names_of_a_cell_that_a_helper_looks_up_in_its_frame_are_part_of_the_key(load):
    program = load("import sys\ndef look(name): return sys._getframe(1).f_locals[name]")
    code = compile("y = look('K')", "<cell>", "exec")
    keys = set()
    for value in (1, 2):
        program.K = value
        keys.add(reach_code(code, vars(program), inside=frozenset({"y"}), label="cell").digest)
    assert len(keys) == 2
