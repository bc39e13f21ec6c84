"""What code did to the names of the namespace it ran in, and how that is brought back."""

from __future__ import annotations

import ast
import contextlib
import importlib
import io
import os
import pickle
import re
import types
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from vinyasa_ipy.errors import FingerprintError, UnstorableError
from vinyasa_ipy.fingerprint.names import annotating, definitions
from vinyasa_ipy.fingerprint.reach import digest_definition

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_OWN = re.compile(r"_+|_i+|_[ihdo]h|_i?\d+|__.*__|In|Out|exit|quit|get_ipython|_vinyasa_\w+")
"""Names that belong to the shell or to Python, not to the user."""


def is_users(name: str) -> bool:
    """Tell whether a name is the user's own rather than the shell's."""
    return _OWN.fullmatch(name) is None


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Which object each name was bound to."""

    bound: Mapping[str, object]

    @classmethod
    def take(cls, space: Mapping[str, Any], rebound: Iterable[str]) -> Snapshot:
        """Remember what names are bound to; of those that are bound anyway only that they existed.

        So that old values don't stay in memory while new ones are made.
        """
        return cls({**space, **{name: None for name in rebound if name in space}})

    def changed(self, space: Mapping[str, Any], rebound: Iterable[str]) -> dict[str, Any]:
        """List what names were bound since, with their values.

        Those of the shell's own that the user's code binds are the user's: a loop over `_` keeps the shell from it.
        """
        binds = set(rebound)
        return {
            name: value
            for name, value in space.items()
            if name in binds or ((name not in self.bound or self.bound[name] is not value) and is_users(name))
        }

    def removed(self, space: Mapping[str, Any]) -> list[str]:
        """List the names that are gone since."""
        return sorted(filter(is_users, self.bound.keys() - space.keys()))


class ModuleName:
    """Stands for a module in a stored result; comes back as the module."""

    def __init__(self, name: str) -> None:
        """Keep the module's `name`."""
        self.name = name

    def __reduce__(self) -> tuple[Any, ...]:
        """Come back as what an import gives."""
        return importlib.import_module, (self.name,)


class ClosedFile:
    """Stands for a file that was closed, as `with open(…) as file` leaves it; comes back as a closed file."""

    def __init__(self, file: Any) -> None:
        """Keep what a closed file still says."""
        self.facts = (type(file).__name__, getattr(file, "name", ""), getattr(file, "mode", "r"))

    def __reduce__(self) -> tuple[Any, ...]:
        """Come back as a file that says the same."""
        return _close, self.facts


def _close(kind: str, name: Any, mode: str) -> Any:
    if kind in {"StringIO", "BytesIO"}:
        memory = getattr(io, kind)()
        memory.close()
        return memory
    # The system's empty file has no line to read and keeps nothing: it is open for a moment only.
    file: Any = open(os.devnull, mode.replace("x", "w"), 0 if kind == "FileIO" else -1)  # noqa: SIM115
    file.close()
    raw = getattr(getattr(file, "buffer", file), "raw", file)
    raw.name = name
    return file


_CLOSABLE = (
    io.TextIOWrapper,
    io.BufferedReader,
    io.BufferedWriter,
    io.BufferedRandom,
    io.FileIO,
    io.StringIO,
    io.BytesIO,
)


def storable(values: Mapping[str, Any]) -> dict[str, Any]:
    """Prepare values for the store: a module is kept by name, a closed file by what it says.

    Raises UnstorableError for a module made by hand, and for an array through which a file is written.
    """
    return {name: _storable(name, value) for name, value in values.items()}


def _storable(name: str, value: Any) -> Any:
    if isinstance(value, types.ModuleType):
        if value.__spec__ is None:
            raise UnstorableError(name, "it is a module that can't be imported")
        return ModuleName(value.__name__)
    if type(value) in _CLOSABLE and value.closed:
        return ClosedFile(value)
    if type(value).__name__ == "memmap" and value.flags.writeable and getattr(value, "mode", "c") != "c":
        raise UnstorableError(name, f"what is written to it goes to the file {value.filename}")
    return value


def name_unstorable(names: Mapping[str, object]) -> UnstorableError | None:
    """Find the first of the user's names whose value can't be pickled, and say so."""
    for name, value in names.items():
        try:
            pickle.dumps(value, 5, buffer_callback=lambda _: None)
        except Exception as error:  # noqa: BLE001 - a value's own __reduce__ may raise anything
            raised = f"pickling it raised {type(error).__name__}: {error}"
            return UnstorableError(name, f"{raised}; make it in a cell that is no stage, or `del` it at the end")
    return None


def digest_definitions(names: Iterable[str], space: Mapping[str, Any]) -> dict[str, str]:
    """Digest what imports and definitions bound, as it is now. Raises UnstorableError."""
    try:
        return {name: _digest_defined(name, space) for name in sorted(names) if name in space}
    except FingerprintError as error:
        raise UnstorableError(error.name, error.reason) from error


def _digest_defined(name: str, space: Mapping[str, Any]) -> str:
    """Digest one of them; for `import __main__`, that it is the namespace itself, whatever is in there."""
    thing = space[name]
    itself = isinstance(thing, types.ModuleType) and vars(thing) is space
    return "itself" if itself else digest_definition(thing, name)


def define(tree: ast.Module, wanted: Mapping[str, str], space: dict[str, Any], filename: str) -> None:
    """Execute the imports, definitions and annotations of a cell or script, and nothing else of it.

    What they print is shown with the rest. Raises KeyError when what they make isn't what it was after the run, whose
    digests `wanted` holds by name: when a call changed it afterwards, or it depends on more than itself.
    """
    found = define_anew(tree, wanted, space, filename)
    changed = [name for name, digest in wanted.items() if found.get(name) != digest]
    if changed:
        raise KeyError(f"`{changed[0]}` was changed after it was defined")


def define_anew(tree: ast.Module, names: Iterable[str], space: dict[str, Any], filename: str) -> dict[str, str]:
    """Execute imports, definitions and annotations for the `names` they bind, and digest what those are then.

    Raises KeyError.
    """
    names = list(names)
    repeated = [*(definitions(tree) if names else ()), *annotating(tree)]
    if not repeated:
        return {}
    module = ast.Module(repeated, [])
    code = compile(module, filename, "exec", dont_inherit=True)
    silence = io.StringIO()
    try:
        with contextlib.redirect_stdout(silence), contextlib.redirect_stderr(silence):
            exec(code, space)  # noqa: S102 - the user's own code
        return digest_definitions(names, space)
    except Exception as error:  # whatever it is, running the whole code will show it
        raise KeyError(f"its definitions raise {type(error).__name__} without the rest of it") from error


def read_digests(details: Mapping[str, Any]) -> dict[str, str]:
    """Read from a trace's details what `digest_definitions` wrote."""
    found = details.get("defines")
    return {str(name): str(digest) for name, digest in found.items()} if isinstance(found, dict) else {}
