"""A real kernel with the extension loaded, asked as the sidebar asks it."""

from __future__ import annotations

import json
import os
import time
import uuid

import pytest
from jupyter_client.manager import KernelManager

TIMEOUT = 60


class Kernel:
    """One kernel, under a server's name or alone, its comms, and what it said on the one about its stages."""

    def __init__(self, folder, world, *, alone=False):
        self.manager = KernelManager()
        named = {} if alone else {"JPY_SESSION_NAME": str(folder / "one.ipynb")}
        environment = os.environ | {"VINYASA_SECRET_DIR": str(world), **named}
        self.manager.start_kernel(cwd=str(folder), env=environment)
        self.client = self.manager.client()
        self.client.start_channels()
        self.client.wait_for_ready(TIMEOUT)
        self.eras = []
        self.changes = []
        self.errors = []
        self.answers = {}
        self.closed = set()

    def run(self, code, *, wait=True, place=""):
        """Run a cell; `place` is what JupyterLab calls it."""
        content = {"code": code, "silent": False, "store_history": True, "user_expressions": {}, "allow_stdin": False}
        message = self.client.session.msg("execute_request", content, metadata={"cellId": place} if place else None)
        self.client.shell_channel.send(message)
        request = message["header"]["msg_id"]
        return self.until(lambda message: self.ended(message, request)) if wait else request

    @staticmethod
    def ended(message, request):
        idle = message["msg_type"] == "status" and message["content"]["execution_state"] == "idle"
        return idle and message["parent_header"].get("msg_id") == request

    def until(self, done, patience=TIMEOUT):
        """Take what the kernel publishes until something is so."""
        end = time.monotonic() + patience
        while time.monotonic() < end:
            message = self.client.get_iopub_msg(timeout=patience)
            self.take(message)
            if done(message):
                return message
        raise TimeoutError

    def take(self, message):
        kind, content = message["msg_type"], message["content"]
        if kind == "comm_msg" and content["comm_id"] == "vinyasa.state":
            self.eras.append(content["data"]["era"])
            self.changes.append(content["data"])
        elif kind == "comm_msg":
            self.answers[content["comm_id"]] = content["data"]
        elif kind == "comm_close":
            self.closed.add(content["comm_id"])
        elif kind == "error":
            self.errors.append(content["evalue"])

    def ask(self, verb, *, subshell=None, **request):
        """Ask as the sidebar does: open a comm with the question, and take the answer that comes on it."""
        comm = uuid.uuid4().hex
        content = {"comm_id": comm, "target_name": "vinyasa.ask", "data": {"verb": verb, **request}}
        message = self.client.session.msg("comm_open", content)
        if subshell:
            message["header"]["subshell_id"] = subshell
        self.client.shell_channel.send(message)
        self.until(lambda _: comm in self.answers)
        return self.answers[comm]

    def until_loaded(self, before=""):
        """Wait until another loading of the extension than the one before speaks; name it."""
        if not self.eras or self.eras[-1] == before:
            self.until(lambda _: self.eras and self.eras[-1] != before)
        return self.eras[-1]

    def make_subshell(self):
        message = self.client.session.msg("create_subshell_request")
        self.client.control_channel.send(message)
        return self.client.control_channel.get_msg(timeout=TIMEOUT)["content"]["subshell_id"]

    def await_stage(self, name, state):
        """Wait until the kernel says that a stage is in a state; return all it says about it."""
        found = {}

        def seen(_):
            for change in self.changes:
                stage = change.get("stages", {}).get(name, {})
                if stage.get("state") == state:
                    found.update(stage)
            return bool(found)

        if not seen(None):
            self.until(seen)
        self.changes.clear()
        return json.loads(json.dumps(found))

    def targets(self):
        """Name the comms of ours that a front end which comes later finds."""
        request = self.client.session.msg("comm_info_request", {"target_name": "vinyasa.state"})
        self.client.shell_channel.send(request)
        parent = request["header"]["msg_id"]
        while (reply := self.client.get_shell_msg(timeout=TIMEOUT))["parent_header"]["msg_id"] != parent:
            pass
        return reply["content"]["comms"]

    def close(self):
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)


@pytest.fixture
def kernel(tmp_path, own_world):
    (tmp_path / "pyproject.toml").touch()
    kernel = Kernel(tmp_path, own_world)
    kernel.run("%load_ext vinyasa_ipy")
    kernel.until_loaded()
    yield kernel
    kernel.close()


@pytest.fixture
def lone_kernel(tmp_path, own_world):
    """Give a kernel that no server has told its notebook's name, as behind a gateway."""
    (tmp_path / "pyproject.toml").touch()
    assert "JPY_SESSION_NAME" not in os.environ
    kernel = Kernel(tmp_path, own_world, alone=True)
    kernel.run("%load_ext vinyasa_ipy")
    yield kernel
    kernel.close()
