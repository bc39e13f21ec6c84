"""A notebook with stages in a real JupyterLab, run to the end, restarted, and run again."""

from __future__ import annotations

import json
import os
import re
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import urllib.request
from urllib.error import URLError

import nbformat
import pytest
from playwright.sync_api import sync_playwright

CHROMIUM = shutil.which("chromium")
FLAGS = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync", "--disable-dev-shm-usage"),
]
CELLS = [
    "%load_ext vinyasa_ipy\n%matplotlib inline",
    """%%stage numbers
import time, warnings
time.sleep(1)
warnings.warn('rounded')
numbers = [1, 4, 9]
print('made', len(numbers))
numbers""",
    """%%stage drawn
import matplotlib.pyplot as plt, pandas as pd
plt.plot(numbers)
plt.show()
pd.DataFrame({'number': numbers})""",
    "%%stage '<img src=x onerror=document.title=1>'\ntotal = sum(numbers)",
    "print('total', total)",
]


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """Serve a folder with one notebook, on the loopback, to whoever knows the token."""
    folder = tmp_path_factory.mktemp("lab")
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(source) for source in CELLS],
        metadata={"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}},
    )
    nbformat.write(notebook, str(folder / "stages.ipynb"))
    (folder / "pyproject.toml").touch()
    world = tmp_path_factory.mktemp("jupyter")
    quiet = world / "settings" / "@jupyterlab" / "apputils-extension"
    quiet.mkdir(parents=True)
    (quiet / "notification.jupyterlab-settings").write_text('{"fetchNews": "false", "checkForUpdates": false}')
    names = ("CONFIG_DIR", "DATA_DIR", "RUNTIME_DIR")
    dropped = ("PYTEST_", "VINYASA_", "JUPYTER_", "JPY_")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(dropped)}
    environment |= {f"JUPYTER_{name}": str(world / name.lower()) for name in names}
    environment |= {
        "JUPYTERLAB_SETTINGS_DIR": str(world / "settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(world / "workspaces"),
        "IPYTHONDIR": str(world / "ipython"),
        "VINYASA_SECRET_DIR": str(world / "secret"),
    }
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    token = secrets.token_hex(16)
    options = [
        *("--no-browser", "--ip=127.0.0.1", f"--port={port}", "--ServerApp.port_retries=0", "--allow-root"),
        *(f"--IdentityProvider.token={token}", f"--ServerApp.root_dir={folder}", "--expose-app-in-browser"),
    ]
    log = world / "server.log"
    with log.open("w") as output:
        server = subprocess.Popen(
            [sys.executable, "-m", "jupyter", "lab", *options],
            cwd=folder,
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    address = f"http://127.0.0.1:{port}"
    try:
        _await_server(f"{address}/api/status?token={token}", server, log)
        yield f"{address}/lab/tree/stages.ipynb?token={token}", folder
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(20)


def _await_server(address, server, log):
    for _ in range(600):
        try:
            with urllib.request.urlopen(address, timeout=5):
                return
        except (URLError, ConnectionError):
            try:
                server.wait(0.1)
            except subprocess.TimeoutExpired:
                continue
            break
    pytest.fail(f"the server did not start:\n{log.read_text()[-4000:]}")


@pytest.fixture(scope="module")
def page(lab):
    if CHROMIUM is None:
        pytest.skip("chromium is not installed; `make test` installs it")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, headless=True, args=FLAGS)
        page = browser.new_context(viewport={"width": 1300, "height": 1500}).new_page()
        page.asked = []
        page.on("request", lambda request: page.asked.append(request.url))
        page.goto(lab[0])
        page.wait_for_function("window.jupyterapp?.shell.currentWidget?.sessionContext !== undefined", timeout=60_000)
        _await_idle(page)
        yield page
        browser.close()


IDLE = "() => window.jupyterapp.shell.currentWidget.sessionContext?.session?.kernel?.status === 'idle'"


def _await_idle(page):
    page.wait_for_function(IDLE, timeout=60_000)


def _run_all(page):
    """Run all cells to the end; the command is a silent no-op while it isn't enabled."""
    page.wait_for_function("() => window.jupyterapp.commands.isEnabled('notebook:run-all-cells')")
    page.evaluate("() => window.jupyterapp.commands.execute('notebook:run-all-cells')")
    _await_idle(page)
    page.wait_for_function("() => !document.querySelector('.jp-InputPrompt')?.textContent.includes('*')")


def _outputs(page):
    """List the outputs of every cell as the document holds them, and the notes apart."""
    cells = page.evaluate(
        "() => window.jupyterapp.shell.currentWidget.content.model.sharedModel.cells.map(c => c.toJSON().outputs)"
    )
    shown, notes = [], []
    for outputs in cells:
        mine = [output for output in outputs if not output.get("metadata", {}).get("vinyasa")]
        notes += [output["metadata"]["vinyasa"] for output in outputs if output not in mine]
        shown.append([{k: v for k, v in output.items() if k != "execution_count"} for output in mine])
    return shown, notes


@pytest.fixture(scope="module")
def passes(page, tmp_path_factory):
    """Run the notebook, restart its kernel, and run it again; give what stood below the cells both times."""
    folder = tmp_path_factory.mktemp("screenshots")
    _run_all(page)
    first = _outputs(page)
    page.screenshot(path=str(folder / "first.png"))
    page.evaluate("() => window.jupyterapp.shell.currentWidget.sessionContext.restartKernel()")
    _await_idle(page)
    page.evaluate("() => window.jupyterapp.commands.execute('notebook:clear-all-cell-outputs')")
    _run_all(page)
    page.screenshot(path=str(folder / "second.png"))
    return first, _outputs(page)


def test_the_first_pass_runs_every_stage(passes):
    (_, notes), _ = passes
    assert [note["verdict"] for note in notes] == ["done"] * 3


def test_after_a_restart_every_stage_is_a_hit(passes):
    _, (_, notes) = passes
    assert [(note["stage"], note["verdict"]) for note in notes] == [
        ("numbers", "hit"),
        ("drawn", "hit"),
        ("<img src=x onerror=document.title=1>", "hit"),
    ]


def test_after_a_restart_the_outputs_are_the_same(passes):
    (first, _), (second, _) = passes
    assert second == first
    kinds = [output["output_type"] for output in second[1]]
    assert kinds == ["stream", "stream", "execute_result"]
    assert any("image/png" in output.get("data", {}) for output in second[2])
    assert any("text/html" in output.get("data", {}) for output in second[2])
    assert "total 14" in json.dumps(second[4])


def test_the_line_below_a_cell_is_text_a_person_reads(page, passes):
    lines = page.locator(".jp-OutputArea-output").all_inner_texts()
    assert any(re.fullmatch(r"✓ numbers: hit, saved [\d.]+ .?s \(computed just now\)", line.strip()) for line in lines)
    assert any("<img src=x" in line for line in lines)
    assert page.locator(".jp-OutputArea-output img[src='x']").count() == 0
    assert page.title() != "1"


def test_no_request_leaves_the_machine(page, passes):
    foreign = [
        url for url in page.asked if not url.startswith(("http://127.0.0.1:", "ws://127.0.0.1:", "data:", "blob:"))
    ]
    assert foreign == []
