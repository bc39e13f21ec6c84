"""Everything that can go wrong, as facts: each error keeps what happened as attributes and says it in words."""

from __future__ import annotations

import sys
import warnings

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


class VinyasaError(Exception):
    """The root of every error this package raises on purpose.

    The positional arguments are the facts; the message is made from them, so an error survives pickling.
    """

    def __str__(self) -> str:
        """Say what happened, to which name, and what to do."""
        return self.message()

    def message(self) -> str:
        """Make the message from the facts; subclasses say it in their own words."""
        return " ".join(str(fact) for fact in self.args)


class VinyasaWarning(UserWarning):
    """Something was not cached, or not as asked; the computation itself went on untouched."""


class FingerprintError(VinyasaError):
    """A value or a piece of code has no honest fingerprint: guessing could give a stale result."""

    def __init__(self, name: str, reason: str) -> None:
        """Keep the `name` that could not be fingerprinted and the `reason` in words."""
        super().__init__(name, reason)
        self.name = name
        self.reason = reason

    def message(self) -> str:
        """Name the value, the reason and the ways out."""
        return (
            f"`{self.name}` can't be fingerprinted: {self.reason}. "
            f"Leave it out (`%%stage … --ignore NAME`, or ignore= of a function), teach it with vinyasa_ipy.register, "
            f"or create it inside the stage."
        )


class UnstorableError(VinyasaError):
    """A result can't be stored faithfully; it is returned to the user all the same."""

    def __init__(self, name: str, reason: str) -> None:
        """Keep the `name` of the result and the `reason` it can't be stored."""
        super().__init__(name, reason)
        self.name = name
        self.reason = reason

    def message(self) -> str:
        """Name the result and the reason."""
        return f"`{self.name}` can't be stored: {self.reason}"


class UnfitError(VinyasaError):
    """A stored result is part of something that is not as it was when the result was made: it is made again."""


class StoreError(VinyasaError):
    """The store's folder can't be used as asked (unwritable, full, not ours)."""

    def __init__(self, path: str, reason: str) -> None:
        """Keep the `path` inside the store and the `reason` in words."""
        super().__init__(path, reason)
        self.path = path
        self.reason = reason

    def message(self) -> str:
        """Name the path and the reason."""
        return f"the store at {self.path} can't be used: {self.reason}"


class ShelfError(VinyasaError):
    """A shelf, where results are shared, can't be used as asked; what it should have given or kept stays local."""

    def __init__(self, place: str, reason: str) -> None:
        """Keep the `place`, a URL or a file, and the `reason` in words, with what to do."""
        super().__init__(place, reason)
        self.place = place
        self.reason = reason

    def message(self) -> str:
        """Name the place and the reason."""
        return f"{self.place} can't be used: {self.reason}"


class HistoryError(VinyasaError):
    """The history's database can't be used as asked (locked, full, read-only); what it should have recorded goes on."""

    def __init__(self, path: str, reason: str) -> None:
        """Keep the `path` of the database and the `reason` in words, with what to do."""
        super().__init__(path, reason)
        self.path = path
        self.reason = reason

    def message(self) -> str:
        """Name the path and the reason."""
        return f"the history at {self.path} can't be used: {self.reason}"


class RunGoneError(HistoryError):
    """A run that is under way is no longer in the history: somebody cleared it meanwhile."""


class CommandError(VinyasaError):
    """A command was asked for something it can't do; nothing has run."""

    def __init__(self, problem: str, remedy: str = "") -> None:
        """Keep the `problem` and the `remedy`, one line each."""
        super().__init__(problem, remedy)
        self.problem = problem
        self.remedy = remedy

    def message(self) -> str:
        """Say the problem and what to do, in one line."""
        return f"{self.problem}. {self.remedy[0].upper()}{self.remedy[1:]}" if self.remedy else self.problem


def say_error(error: BaseException) -> str:
    """Say in one line what was raised."""
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__


def tell_warnings() -> Callable[[], None]:
    """Show our own warnings as one line from now on, others as before; return what undoes that."""
    before = warnings.showwarning

    def show(message: Warning | str, category: type[Warning], *where: Any, **more: Any) -> None:
        if issubclass(category, VinyasaWarning):
            sys.stderr.write(f"vinyasa: {message}\n")
        else:
            before(message, category, *where, **more)

    def undo() -> None:
        if warnings.showwarning is show:
            warnings.showwarning = before

    warnings.showwarning = show
    return undo
