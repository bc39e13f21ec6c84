"""The corridor every stage goes through: prepare → (hit: open | else: run, watched) → conclude.

Cells, functions and scripts differ in how their inputs are found and how they run; what happens before and after is
here, once.
"""

from __future__ import annotations

import os
import sys
import time
import warnings
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vinyasa_ipy.errors import StoreError, UnstorableError, VinyasaWarning
from vinyasa_ipy.fingerprint.aside import unwatched
from vinyasa_ipy.fingerprint.describe import list_facts
from vinyasa_ipy.fingerprint.files import digest_file
from vinyasa_ipy.pipeline import ambient
from vinyasa_ipy.pipeline.figures import NONE, figures_kept
from vinyasa_ipy.pipeline.figures import PREFIX as FIGURES
from vinyasa_ipy.pipeline.namespace import name_unstorable
from vinyasa_ipy.pipeline.noted import ACCEPTED, FAILED, REFUSED, UNSTORED
from vinyasa_ipy.pipeline.observation import Observation
from vinyasa_ipy.pipeline.places import Places
from vinyasa_ipy.pipeline.purity import CHANCE
from vinyasa_ipy.pipeline.readings import Readings
from vinyasa_ipy.pipeline.recipe import RECIPE
from vinyasa_ipy.pipeline.settings import COMPUTING, DRAWING, SHOWING, changed_settings, put_settings
from vinyasa_ipy.pipeline.settings import PREFIX as SETTINGS
from vinyasa_ipy.pipeline.surroundings import repeat
from vinyasa_ipy.pipeline.verdict import Verdict, decide
from vinyasa_ipy.store import FileMade, Lease, Owner, Store, Trace
from vinyasa_ipy.store.address import find_url
from vinyasa_ipy.store.artifact import try_out

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from vinyasa_ipy.pipeline.activity import Activity
    from vinyasa_ipy.pipeline.stage import Inputs, Source, Stage
    from vinyasa_ipy.store.packing import Packing
    from vinyasa_ipy.store.remote import Remote

AMBIENT = "ambient"
"""Name under which the states of shared random generators and the settings of libraries are stored."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One execution that is under way; `facts` tell what it was given, part by part, before it could change that."""

    stage: Stage
    inputs: Inputs
    facts: Mapping[str, Mapping[str, str]]
    observed: Observation
    clock: float
    lease: Lease


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an execution ended: its trace when it was stored, else in words why it was not.

    `broken` is True when that lies with the store, not with the result.
    """

    trace: Trace | None
    seconds: float
    refusal: str = ""
    impure: tuple[str, ...] = ()
    broken: bool = False


@dataclass(frozen=True, slots=True)
class Result:
    """What an execution made: values by name, what they are in words, and what should go into the record.

    `names` are those of the values that the user knows by name; `anchors` are the inputs' objects that the values refer
    to; `impure` says what it used that no key covers; `shows` and `draws` tell whether anything was
    displayed, and whether figures were.
    """

    values: Mapping[str, object]
    words: Mapping[str, str] = field(default_factory=dict)
    names: Mapping[str, object] = field(default_factory=dict)
    anchors: Mapping[str, object] = field(default_factory=dict)
    details: Mapping[str, Any] = field(default_factory=dict)
    impure: tuple[str, ...] = ()
    shows: bool = False
    draws: bool = False
    packing: Packing | None = None


class Engine:
    """Decides, watches and stores for one store and one project folder."""

    def __init__(self, store: Store, project: Path | str) -> None:
        """Work with `store`; name files relative to `project` where they are below it."""
        self.store = store
        self.places = Places(os.path.abspath(project))
        self.readings = Readings(self.places)

    def prepare(self, stage: Stage, inputs: Inputs) -> Verdict:
        """Decide whether a stage must run, and why; where it must, a shelf that the user shares may have its result."""
        verdict = decide(self.store, stage, inputs, self.readings)
        if verdict.hit or not self.receive(stage.owner, inputs.key):
            return verdict
        return decide(self.store, stage, inputs, self.readings)

    def claim(self, stage: Stage, inputs: Inputs, verdict: Verdict) -> tuple[Verdict, Lease]:
        """Take the sole right to run a stage that must run; give it with the verdict as it is by then."""
        lease = self.lease(stage, inputs.key)
        if lease.look_again:
            verdict = self.prepare(stage, inputs)
        if verdict.hit:
            lease.release()
        return verdict, lease

    def lease(self, stage: Stage, key: str) -> Lease:
        """Take the sole right to run a stage; wait while somebody else runs it, and say so when that takes long."""
        with unwatched():
            return self.store.lease(stage.owner, key, lambda owner: _tell_waiting(stage.name, owner))

    def receive(self, owner: str, key: str) -> bool:
        """Take in what others have shared under a key, if its files are here as they were there."""
        remote = self._find_remote()
        if remote is None:
            return False
        with unwatched():
            parcels = remote.look(self.store, owner, key)
            valid = (parcel for parcel in parcels if self.readings.stand(parcel.trace))
            return any(remote.take(self.store, parcel) for parcel in valid)

    def _find_remote(self) -> Remote | None:
        """Find the shelf that the user shares results on, if there is one."""
        url = find_url(self.places.project)
        if url is None:
            return None
        from vinyasa_ipy.store.remote import open_remote  # 3 ms that only who shares pays

        return open_remote(url)

    def load(self, trace: Trace, anchors: Mapping[str, object]) -> dict[str, object]:
        """Load the values a trace holds, and change nothing; each may refer to those stored before it.

        Raises KeyError when something is gone meanwhile.
        """
        values: dict[str, object] = {}
        for name in trace.stored.places if trace.stored else ():
            values[name] = self.store.load(trace, name, anchors={**anchors, **values})
        return values

    def open(self, trace: Trace, anchors: Mapping[str, object]) -> dict[str, object]:
        """Bring back everything a trace holds: its values are returned, its files and generators restored.

        Raises KeyError when something is gone meanwhile; StoreError when a file can't be written.
        """
        values = self.load(trace, anchors)
        for folder in _folders(trace):
            os.makedirs(self.places.find(folder), exist_ok=True)
        for made in trace.made:
            path = self.places.find(made.path)
            if not made.digest.startswith(digest_file(path) or "-"):
                os.makedirs(os.path.dirname(path), exist_ok=True)
                self.store.restore_file(made.digest, Path(path), made.mode)
        self.readings.pass_on(trace)
        found = values.pop(AMBIENT, None)
        if isinstance(found, dict):
            repeat(found["surroundings"], self.places)
            ambient.restore(found["generators"])
            put_settings(found["settings"])
        return values

    def begin(self, stage: Stage, inputs: Inputs, lease: Lease | None = None) -> Attempt:
        """Start watching an execution; the `lease` to it is released at its end."""
        facts = list_all_facts(inputs)
        observed = Observation.begin(stage, inputs, self.places)
        return Attempt(stage, inputs, facts, observed, time.perf_counter(), lease or Lease())

    def abandon(self, attempt: Attempt, said: str = "") -> Outcome:
        """End an execution that failed, and what it `said` then: nothing is stored but a note of that."""
        activity = attempt.observed.stop()
        attempt.lease.release()
        seconds = time.perf_counter() - attempt.clock
        if said:
            self._remember(attempt, seconds, {FAILED: said})
        return Outcome(None, seconds, "it failed", activity.list_impure())

    def conclude(self, attempt: Attempt, gather: Callable[[], Result], moved: Callable[[], str]) -> Outcome:
        """End an execution that succeeded: store what it made, or say why not.

        `gather` collects what it made (raises UnstorableError); `moved` says in words which input changed while it
        ran, or nothing. Whatever goes wrong here, the user's values stay untouched.
        """
        outcome = self._conclude(attempt, gather, moved)
        if outcome.refusal and not outcome.broken:
            self._remember(attempt, outcome.seconds, {REFUSED: outcome.refusal})
        return outcome

    def _conclude(self, attempt: Attempt, gather: Callable[[], Result], moved: Callable[[], str]) -> Outcome:
        activity = attempt.observed.stop()
        seconds = time.perf_counter() - attempt.clock
        impure = activity.list_impure()
        try:
            refusal = attempt.observed.find_obstacle(activity) or moved()
            if refusal:
                return Outcome(None, seconds, refusal, tuple(activity.impure))
            trace = self._store(attempt, activity, gather(), seconds)
            return Outcome(trace, seconds, "", trace.notes[len(attempt.inputs.notes) :])
        except (UnstorableError, StoreError) as error:
            return Outcome(None, seconds, str(error), impure, broken=isinstance(error, StoreError))
        except Exception as error:  # noqa: BLE001 - the user's work is done; nothing that fails here may cost them that
            return Outcome(None, seconds, f"{type(error).__name__}: {error}", impure)
        finally:
            attempt.lease.release()

    def _remember(self, attempt: Attempt, seconds: float, ending: Mapping[str, str]) -> None:
        """Note how a stage's last execution ended of which nothing is stored; functions have too many for that."""
        if attempt.stage.kind == "function":
            return
        note = self._draft(attempt, seconds, ending)
        with suppress(StoreError):  # a store that can't be written to was heard of, and only a reason is lost
            self.store.notes.remove(note.owner, UNSTORED)
            self.store.notes.write(UNSTORED, note)

    def _draft(self, attempt: Attempt, seconds: float, details: Mapping[str, Any]) -> Trace:
        """Begin the record of an execution with all that was known before it ran."""
        inputs = attempt.inputs
        return Trace(
            owner=attempt.stage.owner,
            key=inputs.key,
            recipe=RECIPE,
            labels=inputs.labels,
            notes=inputs.notes,
            seconds=seconds,
            created=time.time(),
            details={**details, **self._depict(inputs, attempt.facts)},
        )

    def accept(self, note: Trace, inputs: Inputs) -> None:
        """Let an earlier result stand for what `inputs` would give, as `draft_acceptance` says. Raises StoreError."""
        known = self._depict(inputs, list_all_facts(inputs))
        self.store.notes.write(ACCEPTED, replace(note, details={**note.details, **known}))

    def _depict(self, inputs: Inputs, facts: Mapping[str, Mapping[str, str]]) -> dict[str, Any]:
        """Write down how code and values are, for a comparison with how they will be."""
        return {
            "sources": {name: self._plain(source) for name, source in inputs.sources.items()},
            "facts": {label: dict(found) for label, found in facts.items()},
        }

    def _store(self, attempt: Attempt, activity: Activity, result: Result, seconds: float) -> Trace:
        # A child begins with its parent's generators, and may draw from them unseen.
        drawn, left = attempt.observed.draws.conclude(copied=attempt.observed.watch.forks > 0)
        changed = changed_settings(attempt.observed.settings)
        values = dict(result.values)
        moved = attempt.observed.surroundings.changes(self.places)
        if left or changed or moved:
            values[AMBIENT] = {"generators": left, "settings": changed, "surroundings": moved}
        used = {ambient.PREFIX + name: mark for name, mark in drawn.items()}
        used |= {SETTINGS + name: attempt.observed.settings[name] for name in _settings_used(attempt, result, changed)}
        if _draws(attempt, result):
            used[FIGURES] = NONE
            if attempt.observed.figures:
                raise UnstorableError(
                    "a figure", "pyplot had one open before, which nobody can compare; close it first"
                )
        folders = [self.places.name(path) for path in activity.folders if os.path.isdir(path)]
        draft = replace(
            self._draft(attempt, seconds, {**result.details, "folders": folders}),
            reads=self.readings.take(activity, used, attempt.observed.surroundings),
            made=tuple(self._made(path) for path in activity.written if os.path.isfile(path)),
            values=result.words,
            notes=(*attempt.inputs.notes, *result.impure, *activity.list_impure(), *_name_unseeded(drawn)),
        )
        try:
            with figures_kept():
                for name, value in values.items():
                    try_out(name, value, result.anchors)
            plain = AMBIENT not in values
            trace = self.store.put(draft, values, anchors=result.anchors, packing=result.packing, plain=plain)
        except UnstorableError as error:
            raise name_unstorable(result.names) or error from error
        remote = self._find_remote()
        if remote is not None:
            remote.send(self.store, trace)
        return trace

    def _plain(self, source: Source) -> dict[str, Any]:
        return {"text": source.text, "file": self.places.name(source.file), "line": source.line}

    def _made(self, path: str) -> FileMade:
        mode = os.stat(path).st_mode & 0o777
        return FileMade(self.places.name(path), self.store.add_file(Path(path)), mode)


def _name_unseeded(drawn: Mapping[str, str]) -> list[str]:
    return [f"{CHANCE} (`{name}`)" for name, mark in drawn.items() if mark == ambient.UNSEEDED]


def list_all_facts(inputs: Inputs) -> dict[str, dict[str, str]]:
    """Tell of everything in the inputs that has parts what they are."""
    return {label: found for label, thing in inputs.things.items() if (found := list_facts(thing))}


def _tell_waiting(name: str, owner: Owner) -> None:
    """Say what is being waited for."""
    message = f"`{name}` is being computed by {owner}; waiting for its result. Interrupt to give up."
    warnings.warn(message, VinyasaWarning, stacklevel=2)


def _folders(trace: Trace) -> list[str]:
    """Name the folders a stage made."""
    found = trace.details.get("folders")
    return [str(name) for name in found] if isinstance(found, list) else []


def _draws(attempt: Attempt, result: Result) -> bool:
    """Tell whether an execution may have to do with figures."""
    return "matplotlib" in sys.modules and (result.draws or "package matplotlib" in attempt.inputs.labels)


def _settings_used(attempt: Attempt, result: Result, changed: Mapping[str, Any]) -> list[str]:
    """Name the settings that can have made a difference to an execution."""
    drawing = DRAWING if _draws(attempt, result) else ()
    wanted = [*COMPUTING, *(SHOWING if result.shows else ()), *drawing, *changed]
    return [name for name in dict.fromkeys(wanted) if name in attempt.observed.settings]
