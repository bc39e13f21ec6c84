"""A stage: a named unit of work with inputs and outputs, and what its result depends on."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from vinyasa_ipy.store import Label

WIRING = "what refers to what"
"""The label for the structure as a whole: it differs when nothing by itself does, only how things hang together."""


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage by its name; `owner` names its traces in the store (the name itself unless given).

    `reads` and `makes` are files, folders and patterns that its user names, for what can't be seen.
    """

    name: str
    kind: str = "cell"
    folder: str = ""
    reads: tuple[str, ...] = ()
    makes: tuple[str, ...] = ()

    @property
    def declares(self) -> bool:
        """Tell whether the user says which files the stage uses."""
        return bool(self.reads or self.makes)

    @property
    def owner(self) -> str:
        """Name the stage's traces in the store."""
        return self.folder or self.name


@dataclass(frozen=True, slots=True)
class Source:
    """Where a piece of the user's code stands, and its text, so that a change of it can be shown."""

    text: str
    file: str = ""
    line: int = 1


@dataclass(frozen=True, slots=True)
class Inputs:
    """Everything a stage's result depends on, known before it runs.

    `key` stands for all of it; `labels` say it piece by piece; `sources` hold the text of the code behind the labels,
    `things` the values and classes; `users` name who uses a thing, where that isn't the stage itself; `notes` say in
    words where the analysis could not see.
    """

    key: str
    labels: Mapping[str, Label]
    sources: Mapping[str, Source] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    things: Mapping[str, object] = field(default_factory=dict)
    users: Mapping[str, str] = field(default_factory=dict)
