"""Calls that several processes need at once are computed by one of them."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time

import pytest

from vinyasa_ipy import Memory


def test_processes_that_call_with_the_same_arguments_at_once_compute_once(project):
    project.write(
        main="""
        import os, sys, time
        from pathlib import Path
        from vinyasa_ipy import Memory

        memory = Memory("store", verbose=0)

        @memory.cache
        def slow(number):
            os.write(2, b"computed ")
            time.sleep(0.05)
            return number * 2

        while not Path("go").exists():
            time.sleep(0.001)
        print([slow(number) for number in range(20)])
        """
    )
    command = [sys.executable, "-B", "main.py"]
    children = [
        subprocess.Popen(
            command,
            cwd=project.folder,
            env=project.environment(),
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        for _ in range(5)
    ]
    (project.folder / "go").touch()
    said = [child.communicate(timeout=60) for child in children]
    assert {out for out, _ in said} == {f"{[number * 2 for number in range(20)]}\n"}
    assert sum(err.count("computed") for _, err in said) == 20


def test_threads_that_call_with_the_same_arguments_at_once_compute_once(tmp_path, capfd):
    @Memory(tmp_path, verbose=0).cache
    def slow(number):
        os.write(1, b"computed ")
        time.sleep(0.05)
        return number

    threads = [threading.Thread(target=slow, args=(1,)) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert capfd.readouterr().out == "computed "


def test_a_function_that_fails_leaves_no_lease(tmp_path):
    @Memory(tmp_path, verbose=0).cache
    def fails(number):
        raise OSError("no")

    for _ in range(2):
        with pytest.raises(OSError, match="no"):
            fails(1)
    failed = []

    def again():
        with pytest.raises(OSError, match="no"):
            fails(1)
        failed.append(1)

    thread = threading.Thread(target=again)
    thread.start()
    thread.join(10)
    assert failed == [1]
