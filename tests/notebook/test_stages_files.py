"""Files a stage reads are inputs, files it writes are outputs, and what it can't see it says."""

from __future__ import annotations

import os
import subprocess

import pytest

READ = "with open('data.csv') as file:\n    rows = file.read().split()"


@pytest.fixture
def kernel(shared_kernel):
    shared_kernel.reset()
    for path in shared_kernel.project.iterdir():
        if path.is_file() and path.name != "pyproject.toml":
            path.unlink()
    (shared_kernel.project / "data.csv").write_text("1 2 3")
    return shared_kernel


def stages(kernel, name, source, *, times=2):
    return [kernel.stage(name, source).verdict for _ in range(times)]


class TestReading:
    def test_an_unchanged_file_is_a_hit(self, kernel):
        assert stages(kernel, "unchanged", READ) == ["done", "hit"]

    def test_a_touched_file_is_a_hit(self, kernel):
        kernel.stage("touched", READ)
        os.utime(kernel.project / "data.csv", (1, 1))
        assert kernel.stage("touched", READ).verdict == "hit"

    def test_a_changed_file_runs_the_stage_and_is_named(self, kernel):
        kernel.stage("changed", READ)
        (kernel.project / "data.csv").write_text("4 5 6")
        ran = kernel.stage("changed", READ)
        assert ran.note.endswith("— file data.csv changed (5 B)")
        assert kernel.value("rows") == ["4", "5", "6"]

    def test_the_old_content_back_is_a_hit(self, kernel):
        kernel.stage("back", READ)
        (kernel.project / "data.csv").write_text("4 5 6")
        kernel.stage("back", READ)
        (kernel.project / "data.csv").write_text("1 2 3")
        assert kernel.stage("back", READ).verdict == "hit"
        assert kernel.value("rows") == ["1", "2", "3"]

    def test_a_file_that_is_gone_fails_as_it_would(self, kernel):
        kernel.stage("gone", READ)
        (kernel.project / "data.csv").unlink()
        assert kernel.stage("gone", READ).error.startswith("FileNotFoundError")

    def test_a_file_that_was_missing_and_is_there_now_runs_the_stage(self, kernel):
        source = "try:\n    found = open('maybe').read()\nexcept OSError:\n    found = None"
        assert stages(kernel, "maybe", source) == ["done", "hit"]
        (kernel.project / "maybe").write_text("here")
        assert "file maybe was not there, and is now" in kernel.stage("maybe", source).note
        assert kernel.value("found") == "here"

    @pytest.mark.parametrize(
        "source",
        [
            "import os\nfound = os.path.exists('maybe')",
            "import os.path as p\nfound = p.isfile('maybe')",
            "from pathlib import Path\nfound = Path('maybe').exists()",
            "import glob\nfound = bool(glob.glob('may*'))",
            "import os\nfound = 'maybe' in os.listdir('.')",
            "from pathlib import Path\nfound = any(path.name == 'maybe' for path in Path('.').iterdir())",
        ],
        ids=["exists", "isfile", "pathlib", "glob", "listdir", "iterdir"],
    )
    def test_asking_whether_a_file_is_there_counts_as_reading(self, kernel, source, request):
        name = request.node.callspec.id
        assert stages(kernel, name, source) == ["done", "hit"]
        assert kernel.value("found") is False
        (kernel.project / "maybe").write_text("")
        assert kernel.stage(name, source).verdict == "done"
        assert kernel.value("found") is True

    def test_a_folder_in_the_place_of_a_file_counts_where_names_are_listed(self, kernel):
        source = "import os\nfolders = sorted(entry.name for entry in os.scandir('.') if entry.is_dir())"
        (kernel.project / "swapped").write_text("")
        assert stages(kernel, "kinds", source) == ["done", "hit"]
        (kernel.project / "swapped").unlink()
        (kernel.project / "swapped").mkdir()
        assert kernel.stage("kinds", source).verdict == "done"
        assert "swapped" in kernel.value("folders")
        (kernel.project / "swapped").rmdir()

    def test_asking_for_a_size_counts_as_reading(self, kernel):
        source = "import os\nsize = os.path.getsize('data.csv')"
        kernel.stage("size", source)
        (kernel.project / "data.csv").write_text("longer than before")
        assert kernel.stage("size", source).verdict == "done"
        assert kernel.value("size") == 18

    def test_a_file_read_by_a_library_counts(self, kernel):
        source = "import pandas as pd\nframe = pd.read_csv('data.csv', header=None, sep=' ')"
        assert stages(kernel, "library", source) == ["done", "hit"]
        (kernel.project / "data.csv").write_text("7 8 9")
        assert kernel.stage("library", source).verdict == "done"

    def test_an_environment_variable_counts(self, kernel):
        source = "import os\ncolour = os.environ.get('COLOUR', 'none')"
        assert stages(kernel, "variable", source) == ["done", "hit"]
        kernel.run("import os\nos.environ['COLOUR'] = 'red'")
        ran = kernel.stage("variable", source)
        assert "environment variable COLOUR" in ran.note
        assert kernel.value("colour") == "red"
        kernel.run("del os.environ['COLOUR']")

    def test_the_working_folder_counts_where_files_are_relative(self, kernel):
        kernel.stage("folder", READ)
        (kernel.project / "elsewhere").mkdir(exist_ok=True)
        (kernel.project / "elsewhere" / "data.csv").write_text("9")
        kernel.run("%cd -q elsewhere")
        assert kernel.stage("folder", READ).verdict == "done"
        assert kernel.value("rows") == ["9"]
        kernel.run("%cd -q ..")

    def test_a_file_changed_while_the_stage_ran_is_not_stored(self, kernel):
        source = "import ctypes\nrows = open('data.csv').read()\nctypes.CDLL(None).system(b'echo 8 > data.csv');"
        ran = kernel.stage("racing", source)
        assert ran.verdict == "uncached"
        assert "was changed while" in ran.note
        assert kernel.value("rows") == "1 2 3"


class TestWriting:
    def test_a_missing_file_is_written_back(self, kernel):
        source = "with open('out.txt', 'w') as file: file.write('made')"
        kernel.stage("missing", source)
        (kernel.project / "out.txt").unlink()
        assert kernel.stage("missing", source).verdict == "hit"
        assert (kernel.project / "out.txt").read_text() == "made"

    def test_a_changed_file_is_written_back(self, kernel):
        source = "with open('out.txt', 'w') as file: file.write('made')"
        kernel.stage("different", source)
        (kernel.project / "out.txt").write_text("spoilt")
        assert kernel.stage("different", source).verdict == "hit"
        assert (kernel.project / "out.txt").read_text() == "made"

    def test_an_equal_file_is_left_alone(self, kernel):
        source = "with open('out.txt', 'w') as file: file.write('made')"
        kernel.stage("equal", source)
        before = (kernel.project / "out.txt").stat()
        assert kernel.stage("equal", source).verdict == "hit"
        after = (kernel.project / "out.txt").stat()
        assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)

    def test_the_mode_comes_back(self, kernel):
        source = "import os\nwith open('tool.sh', 'w') as file: file.write('x')\nos.chmod('tool.sh', 0o750)"
        kernel.stage("mode", source)
        (kernel.project / "tool.sh").unlink()
        kernel.stage("mode", source)
        assert (kernel.project / "tool.sh").stat().st_mode & 0o777 == 0o750

    def test_folders_come_back_with_their_files(self, kernel):
        source = (
            "import os\nos.makedirs('made/empty', exist_ok=True)\nwith open('made/x', 'w') as file: file.write('x')"
        )
        kernel.stage("folders", source)
        subprocess.run(["rm", "-r", str(kernel.project / "made")], check=True)
        assert kernel.stage("folders", source).verdict == "hit"
        assert (kernel.project / "made" / "empty").is_dir()
        assert (kernel.project / "made" / "x").read_text() == "x"

    def test_a_file_written_aside_and_renamed_comes_back(self, kernel):
        source = "import os\nwith open('out.tmp', 'w') as file: file.write('made')\nos.replace('out.tmp', 'out.txt')"
        kernel.stage("aside", source)
        (kernel.project / "out.txt").unlink()
        assert kernel.stage("aside", source).verdict == "hit"
        assert (kernel.project / "out.txt").read_text() == "made"
        assert not (kernel.project / "out.tmp").exists()

    def test_what_one_stage_writes_the_next_reads(self, kernel):
        write, read = "with open('mid', 'w') as file: file.write('{}')", "got = open('mid').read()"
        kernel.stage("writer", write.format("one"))
        kernel.stage("reader", read)
        kernel.stage("writer", write.format("two"))
        assert kernel.stage("reader", read).verdict == "done"
        kernel.stage("writer", write.format("one"))
        assert kernel.stage("reader", read).verdict == "hit"
        assert kernel.value("got") == "one"

    def test_a_file_read_before_it_is_written_is_an_input(self, kernel):
        (kernel.project / "count").write_text("0")
        source = "n = int(open('count').read()) + 1\nwith open('count', 'w') as file: file.write(str(n))"
        assert stages(kernel, "count", source, times=3) == ["done", "done", "done"]
        assert kernel.value("n") == 3

    @pytest.mark.parametrize(
        ("source", "said"),
        [
            ("with open('data.csv', 'a') as file: file.write(' 4')", "changes the file"),
            ("import os\nos.remove('data.csv')", "removes the file"),
            ("import os\nos.rename('data.csv', 'moved.csv')", "removes the file"),
            ("file = open('data.csv', 'r+'); file.truncate(1); file.close()", "changes the file"),
            ("import os\nos.truncate('data.csv', 1)", "changes the file"),
            ("import os\nos.path.lexists('l') or os.symlink('data.csv', 'l')", "makes the link"),
        ],
        ids=["append", "remove", "rename", "shorten", "truncate", "link"],
    )
    def test_what_changes_older_files_is_never_stored(self, kernel, source, said, request):
        ran = kernel.stage(f"older_{request.node.callspec.id}", source)
        assert ran.verdict == "uncached"
        assert said in ran.note


class TestTheStore:
    def test_that_can_not_be_written_leaves_the_value_and_says_so_once(self, make_kernel, tmp_path):
        home = tmp_path / "occupied"
        home.write_text("a file where the store should be")
        with make_kernel(home=home) as kernel:
            first, second = kernel.stage("kept", "v = 1\nv"), kernel.stage("kept", "v = 2\nv")
            assert (first.error, first.result, kernel.value("v")) == ("", "1", 2)
            assert [ran.verdict for ran in (first, second)] == ["uncached"] * 2
            assert "not stored" in first.note
            said = first.text("stderr") + second.text("stderr")
            assert "Traceback" not in said
            assert all(said.count(line) == 1 for line in said.splitlines())

    @pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount a small disk")
    def test_that_is_full_leaves_the_value_and_says_so(self, make_kernel, tmp_path):
        disk = tmp_path / "disk"
        disk.mkdir()
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(disk)], check=False)
        if mounted.returncode:
            pytest.skip("no permission to mount here")
        try:
            with make_kernel(home=disk / "store") as kernel:
                ran = kernel.stage("big", "import numpy as np\nbig = np.random.default_rng(0).random(100_000)\n'done'")
                assert (ran.error, ran.result, ran.verdict) == ("", "'done'", "uncached")
                assert "the disk is full" in ran.note
                assert kernel.value("len(big)") == 100_000
                assert kernel.stage("small", "small = 1").error == ""
        finally:
            subprocess.run(["umount", "-l", str(disk)], check=True)

    def test_that_is_damaged_runs_again_and_says_so(self, kernel):
        source = "import numpy as np\nlarge = np.arange(100_000)\nprint('made')"
        kernel.stage("damaged", source)
        for path in (kernel.project / ".vinyasa" / "objects").rglob("*"):
            if path.is_file():
                path.chmod(0o600)
                path.write_bytes(b"nonsense" * 100)
        ran = kernel.stage("damaged", source)
        assert (ran.text(), kernel.value("int(large[-1])")) == ("made\n", 99_999)
        assert ran.verdict != "hit"
        assert "vinyasa:" in ran.text("stderr")

    def test_never_appears_where_nothing_was_a_stage(self, make_kernel):
        with make_kernel() as kernel:
            kernel.run("x = 1")
            kernel.run("%vinyasa status")
            assert not (kernel.project / ".vinyasa").exists()


class TestHonesty:
    @pytest.mark.parametrize(
        ("source", "said"),
        [
            ("import subprocess\nsubprocess.run(['true'])", "it starts the program `true`"),
            ("import os\nos.system('true')", "it starts the program `true`"),
            ("import time as t\nbegan = t.time()", "it read the clock (`time.time`), which no key covers"),
            ("import random\ndraw = random.Random().random()", "it drew unseeded random numbers (`random.Random`)"),
            (
                "import socket\nwith socket.socket() as s: s.connect_ex(('127.0.0.1', 9))\ndel s",
                "used the network",
            ),
        ],
        ids=["subprocess", "system", "clock", "chance", "socket"],
    )
    def test_what_no_key_covers_is_said(self, kernel, source, said, request):
        assert said in kernel.stage(f"impure_{request.node.callspec.id}", source).note

    def test_a_name_without_a_fingerprint_is_named_with_the_ways_out(self, kernel):
        kernel.run("stream = open('data.csv')")
        ran = kernel.stage("streaming", "text = stream.read()")
        assert ran.verdict == "uncached"
        assert "`stream` can't be fingerprinted" in ran.note
        assert "ignore=" in ran.note
        assert kernel.value("text") == "1 2 3"
        kernel.run("stream.close()")

    def test_a_name_that_can_not_be_pickled_is_named_and_keeps_its_value(self, kernel):
        ran = kernel.stage("unpicklable", "import threading\nfine, lock = 1, threading.Lock()")
        assert ran.verdict == "uncached"
        assert "`lock` can't be stored" in ran.note
        assert kernel.value("[fine, lock.locked()]") == [1, False]
