"""A person at a real JupyterLab or Notebook: a server on the loopback, and pages of a browser that use it."""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import urllib.request
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.error import URLError

import nbformat
from playwright.sync_api import expect

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

CHROMIUM = shutil.which("chromium")
FLAGS = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync", "--disable-dev-shm-usage"),
]


@dataclass(frozen=True)
class Server:
    """A server that is running: its address, who may enter, and the folder it serves."""

    address: str
    token: str
    root: Path
    app: str

    def url(self, path):
        """Say where a notebook is opened; in JupyterLab in a workspace without those of other tests."""
        tree = f"lab/workspaces/{secrets.token_hex(4)}/tree" if self.app == "lab" else "notebooks"
        return f"{self.address}/{tree}/{path}?token={self.token}"

    def write(self, path: str, cells: Sequence[str]) -> Path:
        """Write a notebook into a project of its own."""
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        (target.parent / "pyproject.toml").touch()
        notebook = nbformat.v4.new_notebook(
            cells=[nbformat.v4.new_code_cell(source) for source in cells],
            metadata={"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}},
        )
        nbformat.write(notebook, str(target))
        return target


@contextmanager
def serve(root: Path, world: Path, app: str) -> Iterator[Server]:
    """Start JupyterLab or Notebook on a folder, for whoever knows the token."""
    quiet = world / "settings" / "@jupyterlab" / "apputils-extension"
    quiet.mkdir(parents=True)
    (quiet / "notification.jupyterlab-settings").write_text('{"fetchNews": "false", "checkForUpdates": false}')
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = Server(f"http://127.0.0.1:{port}", secrets.token_hex(16), root, app)
    options = [
        *("--no-browser", "--ip=127.0.0.1", f"--port={port}", "--ServerApp.port_retries=0", "--allow-root"),
        *(f"--IdentityProvider.token={server.token}", f"--ServerApp.root_dir={root}", "--expose-app-in-browser"),
    ]
    log = world / "server.log"
    with log.open("w") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", {"lab": "jupyterlab"}.get(app, app), *options],
            cwd=root,
            env=_environment(world),
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        _await_server(f"{server.address}/api/status?token={server.token}", process, log)
        yield server
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(20)


def _environment(world: Path) -> dict[str, str]:
    dropped = ("PYTEST_", "VINYASA_", "JUPYTER_", "JPY_")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(dropped)}
    environment |= {f"JUPYTER_{name}": str(world / name.lower()) for name in ("CONFIG_DIR", "DATA_DIR", "RUNTIME_DIR")}
    return environment | {
        "JUPYTERLAB_SETTINGS_DIR": str(world / "settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(world / "workspaces"),
        "IPYTHONDIR": str(world / "ipython"),
        "VINYASA_SECRET_DIR": str(world / "secret"),
    }


def _await_server(address: str, server: subprocess.Popen[bytes], log: Path) -> None:
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
    raise RuntimeError(f"the server did not start:\n{log.read_text()[-4000:]}")


IDLE = "() => window.jupyterapp.shell.currentWidget.sessionContext?.session?.kernel?.status === 'idle'"


LEAVE = """async () => {
    const app = window.jupyterapp;
    await app.serviceManager.sessions.shutdownAll();
    for (const widget of [...app.shell.widgets('main')]) {
        widget.dispose();
    }
}"""


class Desk:
    """One page of the browser with a notebook in it, and what a person does there."""

    def __init__(self, browser, server, path, *, width=1300, height=1000, poor=False):
        self.server = server
        self.lose(b"", 0)
        self.page = browser.new_context(viewport={"width": width, "height": height}).new_page()
        self.asked: list[str] = []
        self.said: list[str] = []
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.on("dialog", lambda dialog: dialog.accept())  # a notebook that isn't saved may be left
        self.page.on("pageerror", self._hear)
        if poor:
            self.page.route_web_socket("**/channels*", self._connect)
        self.page.goto(server.url(path))
        self.ready(path)

    def _hear(self, error):
        """Keep errors of ours; Notebook raises some of its own while it loads."""
        if "vinyasa" in error.stack:
            self.said.append(error.stack)

    def lose(self, words, many):
        """Have the connections of a poor page lose the next few messages that hold some words."""
        self.lost, self._words, self._many = [], words, many

    def _connect(self, socket):
        def pass_on(message):
            if len(self.lost) < self._many and self._words in message:
                self.lost.append(message)
            else:
                socket.send(message)

        socket.connect_to_server().on_message(pass_on)

    def ready(self, path):
        self.page.wait_for_function(
            "path => window.jupyterapp?.shell.currentWidget?.sessionContext?.path.endsWith(path)",
            arg=path,
            timeout=60_000,
        )
        self.idle()

    def open(self, path):
        """Open another notebook in the same page."""
        self.command("docmanager:open", {"path": path})
        self.ready(path)

    def shut(self):
        """Close the current notebook without being asked whether to save it."""
        self.page.evaluate("() => window.jupyterapp.shell.currentWidget.dispose()")

    def leave(self):
        """Close every notebook and end its kernel."""
        self.page.evaluate(LEAVE)

    def idle(self):
        self.page.wait_for_function(IDLE, timeout=60_000)

    def command(self, name, arguments=None):
        self.page.wait_for_function("name => window.jupyterapp.commands.isEnabled(name)", arg=name)
        self.page.evaluate(
            "async ([name, given]) => { await window.jupyterapp.commands.execute(name, given ?? {}); return null }",
            [name, arguments],
        )

    def start(self, cell=None):
        """Run all cells, or one by its number, and don't wait for their end."""
        if cell is not None:
            self.page.evaluate(
                "n => { window.jupyterapp.shell.currentWidget.content.activeCellIndex = n; return null }", cell
            )
        name = "notebook:run-all-cells" if cell is None else "notebook:run-cell"
        # The command is a silent no-op while it isn't enabled.
        self.page.wait_for_function("name => window.jupyterapp.commands.isEnabled(name)", arg=name)
        self.page.evaluate("name => { window.jupyterapp.commands.execute(name); return null }", name)

    def run(self, cell=None):
        self.start(cell)
        self.idle()
        self.page.wait_for_function("() => !document.querySelector('.jp-InputPrompt')?.textContent.includes('*')")
        self.page.wait_for_function(
            "() => ![...document.querySelectorAll('.jp-InputPrompt')].some(p => p.textContent.includes('*'))"
        )

    def write(self, cell, text):
        self.page.evaluate(
            "([n, text]) => { window.jupyterapp.shell.currentWidget.content.widgets[n].model.sharedModel"
            ".setSource(text); return null }",
            [cell, text],
        )

    def execute(self, code):
        """Have the kernel run code that stands in no cell."""
        self.page.evaluate(
            "code => window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.requestExecute({code})"
            ".done.then(() => null)",
            code,
        )

    def theme(self, name):
        self.command("apputils:change-theme", {"theme": name})
        expect(self.page.locator(f"body[data-jp-theme-name='{name}']")).to_have_count(1)

    def widen(self, width):
        """Drag the edge of the sidebar."""
        edge = self.page.locator("#jp-main-split-panel > .lm-SplitPanel-handle").first.bounding_box()
        across = edge["x"] + edge["width"] / 2
        self.page.mouse.move(across, 500)
        self.page.mouse.down()
        self.page.mouse.move(across + width - self.side.bounding_box()["width"], 500, steps=4)
        self.page.mouse.up()

    def restart(self):
        self.page.evaluate("() => window.jupyterapp.shell.currentWidget.sessionContext.restartKernel()")
        self.idle()

    @property
    def side(self):
        return self.page.locator("#vinyasa-sidebar")

    def show(self):
        self.command("vinyasa:show")
        expect(self.side).to_be_visible()
        return self.side

    def stage(self, name):
        """Give the node of a stage in the graph."""
        return self.side.locator(f"[data-stage='{name}']")

    def foreign(self):
        """List requests that left the machine."""
        here = ("http://127.0.0.1:", "ws://127.0.0.1:", "data:", "blob:")
        return [url for url in self.asked if not url.startswith(here)]

    def close(self):
        self.leave()
        self.page.context.close()
