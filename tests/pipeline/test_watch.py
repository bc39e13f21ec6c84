"""What a watch sees of the files, folders, variables and processes that code uses."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
import types
from pathlib import Path

import pytest

from vinyasa_ipy.pipeline.activity import glimpse
from vinyasa_ipy.pipeline.watch import Watch, find_kind


@pytest.fixture
def see(tmp_path, monkeypatch):
    """Run code as a user's own, in a folder of its own, and give what was seen, by names relative to that folder."""
    folder = Path(__file__).parent / f".seen-{os.getpid()}"  # not below the system's temporary folder: that is no data
    folder.mkdir()
    monkeypatch.chdir(folder)

    def see(source, **space):
        module = types.ModuleType("own_code_of_a_test")
        vars(module).update(space)
        watch = Watch()
        watch.start()
        try:
            exec(source, vars(module))
        finally:
            activity = watch.stop()

        def short(paths):
            return [os.path.relpath(path, folder) for path in paths]

        return types.SimpleNamespace(
            **{
                name: short(getattr(activity, name))
                for name in ("read", "written", "removed", "scratch", "listed", "folders")
            },
            changed=short(activity.changed_in_place),
            found={os.path.relpath(path, folder): kind for path, kind in activity.found.items()},
            before=short(activity.before),
            variables=list(activity.variables),
            impure=list(activity.list_impure()),
            asked_where=bool(activity.places),
        )

    yield see
    shutil.rmtree(folder)


def test_reading_and_writing_are_told_apart(see):
    Path("in").write_text("1")
    seen = see("with open('in') as i, open('out', 'w') as o: o.write(i.read())\nwith open('out') as f: f.read()")
    assert (seen.read, seen.written) == (["in"], ["out"])


@pytest.mark.parametrize(
    "how", ["io.open('x').close()", "os.close(os.open('x', os.O_RDONLY))", "pathlib.Path('x').read_text()"]
)
def test_every_way_of_reading_is_seen(see, how):
    Path("x").write_text("1")
    assert see(f"import io, os, pathlib\nkept = {how}").read == ["x"]


def test_what_is_not_there_is_read_as_absent(see):
    seen = see("try: open('none')\nexcept OSError: pass")
    assert seen.read == ["none"]


@pytest.mark.parametrize("mode", ["a", "r+", "r+b"])
def test_an_older_file_that_is_opened_for_change_is_changed_in_place(see, mode):
    Path("old").write_text("1")
    assert see(f"open('old', {mode!r}).close()").changed == ["old"]


@pytest.mark.parametrize("mode", ["a", "x"])
def test_a_new_file_that_is_appended_to_or_made_depends_on_not_being_there(see, mode):
    seen = see(f"open('new', {mode!r}).close()")
    assert (seen.written, seen.read) == (["new"], ["new"])


def test_a_file_written_aside_and_renamed_is_written_under_its_name(see):
    seen = see("import os\nopen('aside', 'w').close()\nos.replace('aside', 'final')")
    assert (seen.written, seen.removed) == (["final"], [])


def test_a_file_made_and_removed_leaves_nothing(see):
    seen = see("import os\nopen('x', 'w').close()\nos.remove('x')")
    assert (seen.written, seen.removed, seen.scratch) == ([], [], ["x"])


def test_an_older_file_that_is_removed_is_told(see):
    Path("old").write_text("1")
    assert see("import os\nos.remove('old')").removed == ["old"]


def test_a_file_read_and_then_written_keeps_what_it_was(see):
    Path("count").write_text("1")
    assert see("with open('count') as f: n = f.read()\nwith open('count', 'w') as f: f.write(n)").before == ["count"]


def test_folders_made_and_listed_are_seen(see):
    Path("there").mkdir()
    seen = see("import os\nos.makedirs('a/b')\nos.listdir('there')\nos.rmdir('a/b')")
    assert (seen.folders, seen.listed) == (["a"], ["there"])


@pytest.mark.parametrize(
    "question",
    [
        "os.path.exists('x')",
        "os.path.isfile('x')",
        "os.path.isdir('x')",
        "pathlib.Path('x').exists()",
        "os.path.islink('x')",
    ],
)
def test_asking_what_is_there_is_seen_without_reading(see, question):
    Path("x").write_text("1")
    seen = see(f"import os, pathlib\nkept = {question}")
    assert (seen.found, seen.read) == ({"x": "file"}, [])


def test_asking_for_more_than_existence_is_reading(see):
    Path("x").write_text("1")
    assert see("import os\nkept = os.path.getsize('x'), os.stat('x').st_size").read == ["x"]


def test_asking_where_one_is_is_seen(see):
    assert see("import os\nos.getcwd()").asked_where
    assert not see("open('new', 'w').close()").asked_where


def test_variables_the_code_reads_are_seen_and_those_libraries_read_are_not(see):
    seen = see(
        "import os, tempfile\nos.environ.get('MINE')\n'YOURS' in os.environ\nos.getenv('OURS')\n"
        "tempfile._candidate_tempdir_list()"
    )
    assert seen.variables == ["MINE", "YOURS", "OURS"]


def test_variables_that_the_code_reads_as_bytes_are_seen(see):
    assert see("import os\nos.environb.get(b'MINE')\nos.getenvb(b'OURS')").variables == ["MINE", "OURS"]
    assert type(os.environb) is type(os.environ)


@pytest.mark.parametrize("how", ["subprocess.run(['true'])", "os.system('true')"])
def test_processes_are_named(see, how):
    assert "started the program `true`" in see(f"import os, subprocess\n{how}").impure


def test_the_first_temporary_file_of_a_process_does_not_wait_for_itself():
    code = (
        "from vinyasa_ipy.pipeline.watch import Watch\nimport os, tempfile\ntempfile.tempdir = None\n"
        "watch = Watch()\nwatch.start()\nhandle, path = tempfile.mkstemp()\nos.close(handle)\nos.remove(path)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=30)


def test_threads_count(see):
    Path("x").write_text("1")
    assert see(
        "t = threading.Thread(target=lambda: open('x').close())\nt.start()\nt.join()", threading=threading
    ).read == ["x"]


def test_an_import_is_no_reading_of_data(see):
    Path("near_module.py").write_text("K = 1")
    seen = see("import sys\nsys.path.insert(0, '.')\nimport near_module, wave\nsys.path.pop(0)")
    assert [path for path in seen.read if path != "near_module.py"] == []
    assert seen.found == {}
    sys.modules.pop("near_module")


def test_nothing_is_seen_before_and_after(see):
    watch = Watch()
    Path("before").touch()
    watch.start()
    activity = watch.stop()
    Path("after").touch()
    assert watch.stop() is activity
    assert not activity.written


def test_two_watches_see_alike_and_end_apart(see):
    outer, inner = Watch(), Watch()
    outer.start()
    inner.start()
    Path("both").touch()
    inner.stop()
    Path("outer").touch()
    outer.stop()
    assert [len(outer.activity.written), len(inner.activity.written)] == [2, 1]


def test_os_is_as_it_was_when_nobody_watches(see):
    before = (os.stat, os.lstat, os.getcwd, type(os.environ))
    see("import os\nos.stat('.')")
    assert (os.stat, os.lstat, os.getcwd, type(os.environ)) == before


@pytest.mark.parametrize("question", ["os.readlink('l')", "pathlib.Path('l').readlink()", "os.path.realpath('l')"])
def test_where_a_link_leads_is_seen_when_the_code_asks(see, question):
    Path("x").write_text("1")
    Path("l").symlink_to("x")
    seen = see(f"import os, pathlib\n{question}")
    assert seen.found["l"] == "link to x"


def test_os_can_do_while_watched_what_it_could_before(see):
    Path("x").write_text("1")
    seen = see(
        "import os, shutil\nassert os.stat in os.supports_follow_symlinks\nshutil.copystat('x', 'x')\n"
        "os.stat('x', follow_symlinks=False)\nfd = os.open('.', os.O_RDONLY)\nos.stat('x', dir_fd=fd)\n"
        "os.stat(fd)\nos.close(fd)"
    )
    assert "asked something that could not be followed" not in seen.impure


def test_kinds_and_glimpses(tmp_path):
    (tmp_path / "x").write_text("1")
    assert [find_kind(str(tmp_path / name)) for name in ("x", ".", "none")] == ["file", "folder", None]
    assert isinstance(glimpse(str(tmp_path / "x")), str)  # just written: its stat could miss a change
    os.utime(tmp_path / "x", (1, 1))
    assert glimpse(str(tmp_path / "none")) is None
