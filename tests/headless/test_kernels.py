"""Kernels that can't run a page, and what is said of them."""

from __future__ import annotations

import json
import sys

import pytest

LAUNCH = "from ipykernel.kernelapp import launch_new_instance; launch_new_instance()"


@pytest.fixture
def kernel(project):
    """Install a kernel that runs `code` first; give its name."""

    def install(name, code):
        place = project.folder / "kernels" / name
        place.mkdir(parents=True)
        command = [sys.executable, "-c", f"import sys; {code}; {LAUNCH}", "-f", "{connection_file}"]
        (place / "kernel.json").write_text(json.dumps({"argv": command, "display_name": name, "language": "python"}))
        project.environment["JUPYTER_PATH"] = str(project.folder)
        return name

    project.page("x.ipynb", "%%stage it\nprint('ran')")
    return install


def test_a_named_kernel_runs_the_page_in_place_of_its_own(project, kernel):
    done = project.run("x.ipynb", "--kernel", kernel("another", "pass"), "-o", "out.ipynb")
    assert done.code == 0, done.err
    assert project.read("out.ipynb").metadata["kernelspec"]["name"] == "another"


def test_a_kernel_without_vinyasa_is_told_of_with_what_to_do(project, kernel):
    done = project.run("x.ipynb", "--kernel", kernel("bare", "sys.modules['vinyasa_ipy'] = None"))
    assert (done.code, done.out) == (2, "")
    assert "the kernel of x.ipynb can't load vinyasa_ipy: ModuleNotFoundError" in done.err
    assert "Install it where that kernel's Python is" in done.err


def test_a_kernel_that_doesn_t_start_says_its_last_words(project, kernel):
    done = project.run("x.ipynb", "--kernel", kernel("broken", "sys.exit('no licence')"))
    assert (done.code, done.out) == (2, "")
    assert "the kernel doesn't start: no licence. Mend it, or name another: --kernel" in done.err
