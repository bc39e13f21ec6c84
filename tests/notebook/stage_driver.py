"""A bare `%%stage NAME`: run and record a cell the first time, replay it the second time."""

import ast
import json
import threading
import time

from vinyasa_ipy.notebook.recorder import Displayed, Recorder
from vinyasa_ipy.notebook.replay import NO_RESULT, replay

MARK = "%%stage "


class Running(threading.local):
    """The cell that a thread runs: those of subshells run beside the main thread's."""

    name = recorder = recording = None


class Driver(ast.NodeTransformer):
    """Decide hit or miss once a cell, as its code is about to run."""

    def __init__(self, shell):
        self.shell = shell
        self.kept, self.results, self.lossy, self.costs = {}, {}, {}, []
        self.running = Running()

    def before(self, info):
        self.running.name = info.raw_cell.split()[1] if (info.raw_cell or "").startswith(MARK) else None

    def visit_Module(self, node):
        running, name = self.running, self.running.name
        if name is None or running.recorder is not None:
            return node
        running.name = None
        if name in self.kept:
            call = ast.parse(f"get_ipython().driver.show({name!r})").body
            return ast.fix_missing_locations(ast.Module(body=call, type_ignores=[]))
        begun = time.perf_counter()
        running.recording, running.recorder = name, Recorder(self.shell)
        running.recorder.start()
        self.costs.append([time.perf_counter() - begun])
        return node

    def after(self, result):
        self.last_result = result.result
        name, recorder, self.running.recorder = self.running.recording, self.running.recorder, None
        if recorder is None:
            return
        begun = time.perf_counter()
        displayed = recorder.stop()
        self.costs[-1].append(time.perf_counter() - begun)
        assert recorder.stop() == displayed
        self.lossy[name] = displayed.lossy
        if result.success:
            self.kept[name] = json.dumps(displayed.nodes)
            self.results[name] = result.result

    def show(self, name):
        result = self.results.get(name)
        displayed = Displayed(tuple(json.loads(self.kept[name])), self.lossy[name])
        replay(self.shell, displayed, result=NO_RESULT if result is None else result)


def drop_mark(lines):
    return ["\n", *lines[1:]] if lines and lines[0].startswith(MARK) else lines


drop_mark.has_side_effects = True  # or a terminal takes the line of the mark alone for a complete cell


def load_ipython_extension(shell):
    shell.driver = driver = Driver(shell)
    shell.input_transformers_cleanup.insert(0, drop_mark)
    shell.ast_transformers.append(driver)
    shell.events.register("pre_run_cell", driver.before)
    shell.events.register("post_run_cell", driver.after)
