"""Two kernels that need the same stage run it once."""

from __future__ import annotations

import os
import signal

SLOW = """%%stage slow
import signal
signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1})
print("it began", flush=True)
signal.sigwait({signal.SIGUSR1})
made = list(range(10))
"""


def start(kernel):
    request = kernel.client.execute(SLOW)
    while read_until(kernel, "it began").get("name") != "stdout":
        pass
    return request


def finish(kernel):
    os.kill(kernel.manager.provisioner.pid, signal.SIGUSR1)


def reply(kernel, request):
    while True:
        message = kernel.client.get_shell_msg(timeout=60)
        if message["parent_header"]["msg_id"] == request:
            return message["content"]


def read_until(kernel, text):
    """Read a kernel's outputs until one has `text` in it."""
    while True:
        content = kernel.client.get_iopub_msg(timeout=60)["content"]
        if text in str(content):
            return content


def test_a_stage_that_another_kernel_runs_is_waited_for_and_brought_back(make_kernel, tmp_path):
    with make_kernel(tmp_path / "p") as first, make_kernel(tmp_path / "p") as second:
        running = start(first)
        waiting = second.client.execute(SLOW)
        told = read_until(second, "waiting for its result")
        assert f"`slow` is being computed by process {first.manager.provisioner.pid}" in told["text"]
        finish(first)
        assert reply(first, running)["status"] == reply(second, waiting)["status"] == "ok"
        read_until(second, "slow: hit")
        assert second.value("made") == list(range(10))


def test_waiting_for_another_kernel_can_be_interrupted(make_kernel, tmp_path):
    with make_kernel(tmp_path / "p") as first, make_kernel(tmp_path / "p") as second:
        running = start(first)
        waiting = second.client.execute(SLOW)
        read_until(second, "waiting for its result")
        os.kill(second.manager.provisioner.pid, signal.SIGINT)
        answer = reply(second, waiting)
        assert (answer["status"], answer["ename"]) == ("error", "KeyboardInterrupt")
        assert not second.has("made")
        finish(first)
        assert reply(first, running)["status"] == "ok"
        assert "hit" in second.run(SLOW).note
