"""Files that compiled code opens by itself are inputs and outputs like any other."""

from __future__ import annotations

import shutil

import pytest

READERS = {
    "pandas": (
        "import pandas\npandas.DataFrame({'a': [N]}).to_parquet('t.parquet')",
        "pandas.read_parquet('t.parquet').a[0]",
    ),
    "pyarrow": (
        "import pyarrow, pyarrow.parquet\npyarrow.parquet.write_table(pyarrow.table({'a': [N]}), 't.parquet')",
        "pyarrow.parquet.read_table('t.parquet')['a'][0].as_py()",
    ),
    "polars": (
        "import polars\npolars.DataFrame({'a': [N]}).write_csv('t.csv')",
        "polars.scan_csv('t.csv').collect()[0, 0]",
    ),
    "h5py": (
        "import h5py\nwith h5py.File('t.h5', 'w') as file: file['a'] = N\ndel file",
        "(lambda file: (file['a'][()], file.close())[0])(h5py.File('t.h5'))",
    ),
}


@pytest.fixture
def kernel(shared_kernel):
    shared_kernel.reset()
    for path in shared_kernel.project.glob("t.*"):
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    return shared_kernel


@pytest.mark.parametrize("library", READERS)
class TestLibraries:
    def test_a_file_that_is_read_is_an_input(self, kernel, library):
        write, read = READERS[library]
        kernel.run(write.replace("N", "1"))
        source = f"n = int({read})"
        assert [kernel.stage(f"{library}_reads", source).verdict for _ in range(2)] == ["done", "hit"]
        kernel.run(write.replace("N", "2"))
        ran = kernel.stage(f"{library}_reads", source)
        assert (ran.verdict, kernel.value("n")) == ("done", 2)
        assert "file t." in ran.note

    def test_a_file_that_is_written_comes_back(self, kernel, library):
        write, read = READERS[library]
        assert kernel.stage(f"{library}_writes", write.replace("N", "7")).verdict == "done"
        next(kernel.project.glob("t.*")).unlink()
        assert kernel.stage(f"{library}_writes", write.replace("N", "7")).verdict == "hit"
        assert kernel.value(f"int({read})") == 7


WRITE = "pyarrow.parquet.write_table(pyarrow.table({'a': [1]}), {name})"


class TestNames:
    @pytest.fixture
    def kernel(self, kernel):
        kernel.run("import os, pyarrow, pyarrow.parquet, h5py")
        return kernel

    def test_a_name_that_is_put_together_is_known_by_its_parts(self, kernel):
        source = "for part in 'xy':\n    " + WRITE.replace("{name}", "f't.{part}.parquet'")
        assert [kernel.stage("parts", source).verdict for _ in range(2)] == ["done", "hit"]

    def test_a_name_that_nobody_spells_makes_the_stage_run_every_time(self, kernel):
        kernel.run("ending = ['par', 'quet']")
        source = WRITE.replace("{name}", "'.'.join(['t', ''.join(ending)])")
        ran = kernel.stage("unspelled", source)
        assert ran.verdict == "uncached"
        assert "t.parquet was written meanwhile, by compiled code or somebody else; name it with --makes" in ran.note

    def test_it_is_a_hit_once_the_name_is_declared(self, kernel):
        kernel.run("ending = ['par', 'quet']")
        cell = "%%stage declared --makes t.parquet\n" + WRITE.replace("{name}", "'.'.join(['t', ''.join(ending)])")
        assert [kernel.run(cell).verdict for _ in range(2)] == ["done", "hit"]

    def test_a_file_in_a_folder_that_the_stage_makes_comes_back(self, kernel):
        source = "os.makedirs('t.folder', exist_ok=True)\n" + WRITE.replace("{name}", "'t.folder/one.parquet'")
        assert kernel.stage("folder", source).verdict == "done"
        shutil.rmtree(kernel.project / "t.folder")
        assert kernel.stage("folder", source).verdict == "hit"
        assert (kernel.project / "t.folder" / "one.parquet").is_file()

    def test_a_folder_elsewhere_that_the_code_names_is_looked_at(self, kernel, tmp_path):
        kernel.run(WRITE.replace("{name}", repr(f"{tmp_path}/t.parquet")))
        source = f"rows = len(pyarrow.parquet.read_table({str(tmp_path)!r} + '/t.parquet'))"
        assert kernel.stage("elsewhere", source).verdict == "done"
        kernel.run(WRITE.replace("{name}", repr(f"{tmp_path}/t.parquet")).replace("[1]", "[1, 2]"))
        assert kernel.stage("elsewhere", source).verdict == "done"
        assert kernel.value("rows") == 2

    def test_a_file_that_is_added_to_is_not_taken_for_made_anew(self, kernel):
        source = (
            "with h5py.File('t.h5', 'a') as file: file[str(len(file))] = 1\ncount = len(h5py.File('t.h5'))\ndel file"
        )
        for count in (1, 2, 3):
            kernel.stage("added", source)
            assert kernel.value("count") == count

    def test_what_others_write_of_logs_and_notebooks_is_none_of_it(self, kernel):
        source = "import ctypes\nfor name in ('t.log', 't.ipynb', '.t.parquet'):\n"
        source += "    ctypes.CDLL(None).system(f'echo 1 > {name}'.encode());"
        assert kernel.stage("others", source).verdict == "done"
