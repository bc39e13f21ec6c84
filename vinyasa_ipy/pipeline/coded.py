"""Values in a format of the user's choice: each is stored by itself, so none may share what it holds."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from vinyasa_ipy.errors import FingerprintError, UnstorableError
from vinyasa_ipy.fingerprint.walk import Walk
from vinyasa_ipy.store import Coded

if TYPE_CHECKING:
    from collections.abc import Mapping

    from vinyasa_ipy.fingerprint.reach import Reach
    from vinyasa_ipy.pipeline.effects import Effects
    from vinyasa_ipy.store import Codec

_NAME = "name "
"""How the result is called that holds one of a stage's names."""


def code_call(output: object, codec: Codec, effects: Effects) -> Coded:
    """Give what a call returned as a result in a format.

    Raises UnstorableError for one that is part of what the call was given, and for a call that changes that.
    """
    if effects.anchors:
        apart = f"store={codec.name!r} keeps results that stand for themselves; return a copy, or leave `store` out"
        raise UnstorableError("return", f"it shares objects with what the call was given, or changes those: {apart}")
    return Coded(output, codec)


def code_names(values: Mapping[str, object], codec: Codec, reached: Reach) -> dict[str, Coded]:
    """Give a stage's names as one result each, in a format.

    Raises UnstorableError for a value that shares an object with another one, or with the stage's inputs.
    """
    walks: list[Walk] = []  # which keep alive what is compared by identity
    owners = {identity: node.label for identity, node in reached.mutable().items()}
    for name, value in values.items():
        walks.append(Walk())
        with suppress(FingerprintError, RecursionError):  # what can't be walked is for the format to accept or refuse
            walks[-1].write(value)
        held = walks[-1].mutable()
        common = held & owners.keys()
        if common:
            apart = f"--store {codec.name} keeps each name by itself; copy one of them, or leave `--store` out"
            raise UnstorableError(name, f"it shares objects with {owners[common.pop()]}: {apart}")
        owners.update(dict.fromkeys(held, f"`{name}`"))
    return {_NAME + name: Coded(value, codec, name) for name, value in values.items()}


def read_names(opened: Mapping[str, Any]) -> dict[str, Any]:
    """Read the names of a stage from what was stored of it in a format."""
    return {name.removeprefix(_NAME): value for name, value in opened.items() if name.startswith(_NAME)}
