"""A script as a stage of a sequence: read → decide → (bring back | run as `__main__`, and store)."""

from __future__ import annotations

import ast
import os
import sys
import time
import tokenize
import types
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from vinyasa_ipy.errors import CommandError, FingerprintError, StoreError, say_error
from vinyasa_ipy.fingerprint.describe import describe, is_secret
from vinyasa_ipy.fingerprint.grafts import GRAFTS
from vinyasa_ipy.fingerprint.names import Names, read_names
from vinyasa_ipy.fingerprint.reach import Reach, reach_code
from vinyasa_ipy.fingerprint.strip import compile_for_key
from vinyasa_ipy.pipeline.accept import Edited, draft_acceptance
from vinyasa_ipy.pipeline.effects import find_effects, name_changes, name_objects, repeat_changes
from vinyasa_ipy.pipeline.engine import Engine, Outcome, Result
from vinyasa_ipy.pipeline.inputs import add_arguments, make_inputs
from vinyasa_ipy.pipeline.lasting import leave_lasting
from vinyasa_ipy.pipeline.namespace import Snapshot, define, digest_definitions, read_digests, storable
from vinyasa_ipy.pipeline.patched import find_patched
from vinyasa_ipy.pipeline.purity import find_impure
from vinyasa_ipy.pipeline.stage import Inputs, Source, Stage
from vinyasa_ipy.pipeline.standing import STANDING
from vinyasa_ipy.pipeline.streams import Streams, write_again

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from vinyasa_ipy.pipeline.verdict import Verdict
    from vinyasa_ipy.store import Lease, Trace

VALUES, WRITTEN = "values", "written"
"""Names under which a script's results are stored: what it bound, and what it wrote to its streams."""

_UNHEARD = ("os.write",)
"""Calls that may write past the streams, to the terminal itself."""


@dataclass(frozen=True, slots=True)
class Script:
    """A script that can be compiled."""

    path: Path
    text: str
    tree: ast.Module
    names: Names

    @property
    def name(self) -> str:
        """What the stage is called: the script as it was given."""
        return str(self.path)


@dataclass(frozen=True, slots=True)
class Look:
    """A script as it stands to its inputs: what it reaches and what is to be done."""

    verdict: Verdict | None
    inputs: Inputs | None
    reached: Reach | None
    refusal: str = ""
    lease: Lease | None = None


def read_script(path: Path) -> Script:
    """Read a script. Raises CommandError when it is missing or can't be compiled."""
    try:
        with tokenize.open(path) as file:
            text = file.read()
        tree = ast.parse(text, str(path))
    except OSError as error:
        raise CommandError(f"there is no script {path}", "check the path; nothing has run") from error
    except (SyntaxError, ValueError, UnicodeDecodeError) as error:
        raise CommandError(f"{path} can't be compiled: {error}", "mend it; nothing has run") from error
    return Script(path, text, tree, read_names(tree))


class Sequence:
    """Scripts that run one after the other in one namespace, each as `__main__`."""

    def __init__(self, engine: Engine, space: dict[str, Any], arguments: tuple[str, ...] = ()) -> None:
        """Run on `engine` in the namespace `space`, which must be a module's: see `as_main`.

        Each script finds the `arguments` behind its own name in `sys.argv`.
        """
        self.engine = engine
        self.space = space
        self.arguments = arguments

    def look(self, script: Script) -> Look:
        """Find a script's inputs and decide whether it must run."""
        self.space["__file__"] = str(script.path)
        inside = script.names.binds - script.names.reads
        label = f"code of {script.name}"
        if _reads_input(script.tree):
            return Look(None, None, None, "it reads `sys.stdin`, and what will be typed or piped in isn't known before")
        try:
            code = compile_for_key(script.tree)
            reached = reach_code(code, self.space, inside=inside, label=label)
        except FingerprintError as error:
            return Look(None, None, None, str(error))
        inputs = add_arguments(make_inputs(reached, Source(script.text)), self.arguments)
        return Look(self.engine.prepare(Stage(script.name, "script"), inputs), inputs, reached)

    def claim(self, script: Script, look: Look) -> Look:
        """Take the sole right to run a script that must run; where another process runs it, wait and look again."""
        if look.inputs is None or look.verdict is None or look.verdict.hit:
            return look
        verdict, lease = self.engine.claim(Stage(script.name, "script"), look.inputs, look.verdict)
        return replace(look, verdict=verdict, lease=lease)

    def bring_back(self, script: Script, look: Look, *, show: bool = True) -> str:
        """Put back what a script bound and write what it wrote; return nothing, or why that can't be done.

        With `show` off, only the names come back: no file is written, no setting changed.
        """
        trace = look.verdict.trace if look.verdict is not None else None
        if trace is None or look.reached is None:
            return "there is none"
        objects = name_objects(look.reached)
        try:
            told = look.verdict.accepted[0] if look.verdict is not None and look.verdict.accepted else trace
            define(script.tree, read_digests(told.details), self.space, str(script.path))
            opened = self.engine.open(trace, objects) if show else self.engine.load(trace, objects)
            values: Any = opened[VALUES]
            repeat_changes(values, objects)
        except (KeyError, StoreError) as error:
            return str(error.args[0])
        for name in _texts(trace, "removed"):
            self.space.pop(name, None)
        self.space.update(values["names"])
        written: Any = opened[WRITTEN]
        if show:
            write_again(written)
        return ""

    def draft_acceptance(self, script: Script, look: Look) -> tuple[Trace, Inputs]:
        """Draft the note that a script's changes are harmless. Raises CommandError where they are more than code."""
        if look.verdict is None or look.inputs is None:
            raise CommandError(f"`{script.name}` can't be cached: {look.refusal}", "It runs every time")
        edited = Edited(script.name, script.tree, script.names, look.inputs, look.verdict)
        return draft_acceptance(edited, self.space), look.inputs

    def run(self, script: Script, look: Look) -> Outcome:
        """Run a script and store what it made. What it raises is raised, with its own lines in the traceback."""
        code = compile(script.tree, str(script.path), "exec", dont_inherit=True)
        GRAFTS.read(script.text, self.space)
        snapshot = Snapshot.take(self.space, script.names.binds)
        streams = Streams()
        attempt = None
        STANDING.read(script.text, self.space)
        if look.inputs is not None:
            attempt = self.engine.begin(Stage(script.name, "script"), look.inputs, look.lease)
        began = time.perf_counter()
        streams.start()
        try:
            with _program([str(script.path), *self.arguments]):
                exec(code, self.space)  # noqa: S102 - running scripts is what the user asked for
        except BaseException as error:
            if attempt is not None:
                self.engine.abandon(attempt, say_error(error))
            raise
        finally:
            written = streams.stop()
        inputs, reached = look.inputs, look.reached
        if attempt is None or inputs is None or reached is None:
            return Outcome(None, time.perf_counter() - began, look.refusal)
        return self.engine.conclude(
            attempt,
            lambda: self._gather(script, snapshot, reached, written),
            lambda: self._moved(script, inputs, reached) or streams.unkept,
        )

    def _moved(self, script: Script, inputs: Inputs, reached: Reach) -> str:
        patched, changed = find_patched(script.tree, self.space), reached.rebound(self.space)
        if patched:
            return f"it binds {patched}, which is not part of it"
        lasting = leave_lasting(script.tree, self.space, reached, inputs.key, _UNHEARD)
        if lasting:
            return lasting
        return f"it changes {changed}, which it also reads" if changed else ""

    def _gather(self, script: Script, snapshot: Snapshot, reached: Reach, written: list[tuple[str, str]]) -> Result:
        made = snapshot.changed(self.space, script.names.binds)
        kept = {name: value for name, value in made.items() if name not in script.names.defines}
        effects = find_effects(kept, reached, defines=script.names.defines)
        names = storable(effects.values)
        values = {"names": names, **effects.record}
        details = {
            "defines": digest_definitions(script.names.defines & made.keys(), self.space),
            "removed": snapshot.removed(self.space),
            "reads": sorted(script.names.reads),
            "binds": sorted(script.names.binds),
        }
        words = {name: describe(value) for name, value in kept.items() if not is_secret(name)}
        shows = bool(written)
        results = {VALUES: effects.pack(values), WRITTEN: written}
        impure = find_impure(reached)
        called = {**name_changes(effects.changes, reached), **names}
        return Result(results, words, called, effects.anchors, details, impure=impure, shows=shows, draws=True)


def _reads_input(tree: ast.Module) -> bool:
    """Tell whether code names the standard input; a module's functions that do so are met by the fingerprint."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr == "stdin" and getattr(node.value, "id", "") == "sys":
            return True
        if isinstance(node, ast.ImportFrom) and node.module == "sys" and "stdin" in {each.name for each in node.names}:
            return True
    return False


def _texts(trace: Trace, name: str) -> list[str]:
    found = trace.details.get(name)
    return [str(item) for item in found] if isinstance(found, list) else []


@contextmanager
def _program(words: list[str]) -> Iterator[None]:
    """Let `sys.argv` be a script's own."""
    before = sys.argv
    sys.argv = words
    try:
        yield
    except SystemExit as leaving:  # a script may end itself; only a failure ends the sequence
        if leaving.code not in (None, 0):
            raise
    finally:
        sys.argv = before


@contextmanager
def as_main(folders: Mapping[str, None]) -> Iterator[dict[str, Any]]:
    """Make a fresh `__main__` whose namespace is yielded, with the scripts' folders first on the path."""
    module = types.ModuleType("__main__")
    before, path = sys.modules.get("__main__"), list(sys.path)
    sys.modules["__main__"] = module
    sys.path[:0] = [os.path.abspath(folder) for folder in folders]
    try:
        yield vars(module)
    finally:
        sys.path[:] = path
        if before is not None:
            sys.modules["__main__"] = before
