"""`%%stage NAME --store FORMAT`: each name of a stage in a format that other programs read."""

from __future__ import annotations

FRAME = "import pandas as pd\nframe = pd.DataFrame({'a': [1, 2], 'b': ['x', 'y']})"


def read_artifacts(kernel):
    """Give the bytes of everything the kernel's project has stored."""
    return b"".join(path.read_bytes() for path in (kernel.project / ".vinyasa").rglob("*") if path.is_file())


def test_a_hit_brings_the_names_back_from_the_format(kernel):
    source = f"{FRAME}\nframe"
    kernel.stage("table", source, "--store arrow")
    kernel.reset()
    again = kernel.stage("table", source, "--store arrow")
    assert again.verdict == "hit"
    assert b"ARROW1" in read_artifacts(kernel)
    assert kernel.value("frame.to_dict('list')") == {"a": [1, 2], "b": ["x", "y"]}
    assert kernel.value(f"Out[{again.count}] is frame")


def test_several_names_are_kept_one_by_one(kernel):
    source = "settings = {'rate': 0.5}\nnames = ['told', 'apart']\nboth = None\nprint('made')"
    kernel.stage("config", source, "--store json")
    kernel.restart()
    again = kernel.stage("config", source, "--store json")
    assert (again.verdict, again.text()) == ("hit", "made\n")
    assert kernel.value("[settings, names, both]") == [{"rate": 0.5}, ["told", "apart"], None]
    assert b'["told","apart"]' in read_artifacts(kernel)


def test_what_the_format_cannot_keep_stays_bound_and_is_said(kernel):
    ran = kernel.stage("mixed", f"{FRAME}\ncount = 2", "--store arrow")
    assert "`count` can't be stored: it is of type int, and arrow can't keep it" in ran.note
    assert "take another `store`, or leave it out" in ran.note
    assert kernel.value("[count, len(frame)]") == [2, 2]


def test_names_that_share_an_object_are_not_torn_apart(kernel):
    ran = kernel.stage("shared", "first = [1]\nsecond = {'held': first}", "--store json")
    assert "`second` can't be stored: it shares objects with `first`" in ran.note
    assert kernel.value("second['held'] is first")


def test_a_name_that_shares_an_object_with_an_input_is_not_torn_off(kernel):
    kernel.run("given = [1, 2]")
    ran = kernel.stage("taken", "taken = {'held': given}", "--store json")
    assert "`taken` can't be stored: it shares objects with `given`" in ran.note


def test_a_change_in_place_that_holds_a_name_is_repeated_with_it(kernel):
    kernel.run("given = []")
    source = "made = [1]\ngiven.append(made)"
    kernel.stage("appended", source, "--store json")
    kernel.run("given = []")
    assert kernel.stage("appended", source, "--store json").verdict == "hit"
    assert kernel.value("[given, given[0] is made]") == [[[1]], True]


def test_an_unknown_format_names_those_there_are(kernel):
    ran = kernel.stage("odd", "value = 1", "--store yaml")
    assert all(name in ran.problem for name in ("yaml", "json", "npy", "arrow", "parquet"))
