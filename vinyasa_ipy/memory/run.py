"""A call that runs: watched by the engine, and stored with what it did to what it was given."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from vinyasa_ipy.fingerprint.describe import describe, is_secret
from vinyasa_ipy.fingerprint.reach import Reach, digest, reach_values
from vinyasa_ipy.memory.entry import ARGUMENT, is_whole
from vinyasa_ipy.memory.naming import name_function
from vinyasa_ipy.pipeline.coded import code_call
from vinyasa_ipy.pipeline.effects import find_effects, name_objects, repeat_changes
from vinyasa_ipy.pipeline.engine import Attempt, Outcome, Result
from vinyasa_ipy.pipeline.inputs import label_reach, list_sources, list_things, list_users
from vinyasa_ipy.pipeline.purity import find_impure
from vinyasa_ipy.pipeline.stage import Inputs, Stage
from vinyasa_ipy.store import Label
from vinyasa_ipy.store.seal import RETURN

if TYPE_CHECKING:
    from collections.abc import Mapping

    from vinyasa_ipy.memory.cached import CachedFunction, Call
    from vinyasa_ipy.memory.calls import Calls
    from vinyasa_ipy.memory.known import Known
    from vinyasa_ipy.pipeline.verdict import Verdict
    from vinyasa_ipy.store import Codec, Lease, Trace

WITH_EFFECTS = "return with effects"
"""Name under which a result is stored that changes, or holds, objects the call was given."""


@dataclass(frozen=True, slots=True)
class Run:
    """One call that is under way, and what it can change."""

    calls: Calls
    attempt: Attempt
    reaches: tuple[Reach, Reach]
    codec: Codec | None

    @classmethod
    def begin(cls, cached: CachedFunction, call: Call, lease: Lease | None) -> Run:
        """Start watching a call, whose `lease` ends with it; raises whatever keeps it from being followed."""
        reaches = _follow_all(call)
        inputs = _list_inputs(call, reaches[-1])
        attempt = cached.stored_calls.engine.begin(_stage(cached), inputs, lease)
        return cls(cached.stored_calls, attempt, reaches, cached.codec)

    def abandon(self) -> None:
        """End a call that failed."""
        self.calls.engine.abandon(self.attempt)

    def conclude(self, output: Any) -> Outcome:
        """Store what a call returned, and what it did, or say why not."""

        def gather() -> Result:
            effects = find_effects({RETURN: output}, *self.reaches)
            value, words = effects.values[RETURN], {RETURN: describe(output)}
            packing, impure = self.calls.packing, find_impure(self.reaches[0])
            if self.codec is not None:
                value = code_call(output, self.codec, effects)
            if not effects.anchors:
                return Result({RETURN: effects.pack(value)}, words, impure=impure, packing=packing)
            whole = effects.pack({"value": value, **effects.record})
            return Result({WITH_EFFECTS: whole}, words, anchors=effects.anchors, impure=impure, packing=packing)

        outcome = self.calls.engine.conclude(self.attempt, gather, lambda: _moved(self.reaches))
        if self.calls.sweeper is not None:
            self.calls.sweeper.sweep_when_due()
        return outcome


def claim(cached: CachedFunction, call: Call) -> Lease:
    """Take the sole right to run a call; wait while another process has it."""
    return cached.stored_calls.engine.lease(_stage(cached), call.key)


def decide(cached: CachedFunction, call: Call) -> Verdict:
    """Say whether a call would be a hit, and if not, what differs."""
    inputs = _list_inputs(call, _follow_all(call)[-1])
    verdict = cached.stored_calls.engine.prepare(_stage(cached), inputs)
    assert call.known is not None  # noqa: S101 - as above
    return replace(verdict, accepted=call.known.accepted) if verdict.hit else verdict


def open_result(calls: Calls, trace: Trace, call: Call, mapped: str | None) -> Any:
    """Bring back a result, with what the call did to its arguments and to what it reaches.

    Raises KeyError when it is gone meanwhile, StoreError when a file can't be put where it was.
    """
    if is_whole(trace):
        found = calls.engine.open(trace, {})[RETURN]
        return found if mapped is None else calls.store.load(trace, RETURN, mapped=mapped)
    objects = name_objects(*_follow_all(call))
    whole: Any = calls.engine.open(trace, objects)[WITH_EFFECTS]
    repeat_changes(whole, objects)
    return whole["value"]


def _stage(cached: CachedFunction) -> Stage:
    return Stage(name_function(cached.func), "function", cached.func_id)


def _follow_all(call: Call) -> tuple[Reach, Reach]:
    """Follow what a call can change: what the function reaches, and what it is given."""
    assert call.known is not None  # noqa: S101 - a call without a key never gets here
    return call.known.reached, reach_values({f"{place}": value for place, value in enumerate(call.values)})


def _list_inputs(call: Call, given: Reach) -> Inputs:
    """List all that a call depends on, piece by piece; what was `given` is fingerprinted already."""
    assert call.known is not None  # noqa: S101 - as above
    labels, things = {}, {}
    digests = {id(n.thing): n.digest.hex() for n in given.nodes if n.walk is not None and not n.walk.definitions}
    for name, value in zip(call.known.binding.name_values(call.values), call.values, strict=False):
        found = digests.get(id(value)) or digest(value, name)
        labels[f"{ARGUMENT}`{name}`"] = Label(found, "" if is_secret(name) else describe(value))
        things[f"{ARGUMENT}`{name}`"] = value
    inputs = list_function(call.known, labels)
    return replace(inputs, key=call.key, things={**inputs.things, **things})


def list_function(known: Known, arguments: Mapping[str, Label]) -> Inputs:
    """List all that the calls of a function depend on, piece by piece; its code and `arguments`."""
    reached = known.reached
    labels = {**label_reach(reached), **arguments}
    sources, users = list_sources(reached.nodes, labels), list_users(reached)
    return Inputs(reached.digest.hex(), labels, sources, tuple(reached.notes), list_things(reached), users)


def _moved(reaches: tuple[Reach, ...]) -> str:
    """Say what a call bound anew that it also reads: no later call would find it as this one did."""
    changed = next((said for reached in reaches if (said := reached.rebound())), "")
    return f"it changes {changed}, which it also reads" if changed else ""
