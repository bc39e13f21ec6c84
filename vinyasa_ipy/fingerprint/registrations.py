"""What own code registers with a library by calling it, as in `csv.register_dialect("mine", delimiter=";")`.

Where a library keeps that, nobody can tell in general: the call counts as it is spelled, with what its names mean.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from vinyasa_ipy.fingerprint.guards import MISSING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_ADDED = "(?:multi_)?(?:constructor|representer)|(?:implicit|path)_resolver|type|codec|alias|charset|extension"
_NAME = rf"register(?:_\w+)?|add_(?:{_ADDED})"
_STATEMENT = re.compile(rf"(?m)(?:^|[;:])[ \t]*@?[\w.]*\b(?:{_NAME})\b")
_REGISTERING = re.compile(_NAME)


@dataclass(frozen=True, slots=True, eq=False)
class Registration:
    """A call at the top level of own code whose result nobody takes, or a decorator, that may register something.

    Attributes:
        callee: what is called, as it is spelled.
        label: the call by its first argument: a later one of this label takes its place.
        words: the whole call, as it is spelled.
        space: the namespace in which it stands; `names` are those in it that the call is given.
    """

    callee: ast.expr
    label: str
    words: str
    space: Mapping[str, Any]
    names: tuple[str, ...]

    @property
    def value(self) -> tuple[Any, ...]:
        """Return what its names mean now."""
        return tuple(self.space.get(name, MISSING) for name in self.names)

    def held(self) -> Iterator[tuple[Mapping[str, Any], str, Any]]:
        """Give all that must stay bound for it to be the same: namespace, name and value."""
        for name in self.names:
            yield self.space, name, self.space.get(name, MISSING)


def may_register(text: str) -> bool:
    """Tell whether a text has a statement or decorator that calls what is named like that."""
    return _STATEMENT.search(text) is not None


def list_registrations(tree: ast.Module, space: Mapping[str, Any]) -> Iterator[Registration]:
    """Give the calls at the top level of code whose names say that they register something.

    One in a loop or under a condition counts with all of that statement.
    """
    for top in tree.body:
        for statement in _list_statements([top]):
            around = None if statement is top else top
            if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call):
                yield from _read_call(statement.value, space, "", around)
            for decorator in getattr(statement, "decorator_list", ()):
                yield from _read_call(decorator, space, statement.name, around)  # type: ignore[attr-defined]


def _list_statements(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """Give statements and those in their blocks, not what stands in functions and classes: it may never run."""
    for statement in body:
        yield statement
        if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            continue
        for _, block in ast.iter_fields(statement):
            if isinstance(block, list) and block and isinstance(block[0], ast.stmt):
                yield from _list_statements(block)


def _read_call(
    call: ast.expr, space: Mapping[str, Any], decorated: str, around: ast.stmt | None
) -> Iterator[Registration]:
    """Read a call, or a decorator without one; `decorated` is the name that a decorator is given."""
    callee = call.func if isinstance(call, ast.Call) else call
    called = callee.attr if isinstance(callee, ast.Attribute) else getattr(callee, "id", "")
    if not _REGISTERING.fullmatch(called):
        return
    given = [*call.args, *(keyword.value for keyword in call.keywords)] if isinstance(call, ast.Call) else []
    first = ast.unparse(given[0]) if given else decorated
    more = ", …" if len(given) > 1 else ""
    whole = call if around is None else around
    names = dict.fromkeys([*_list_names(given if around is None else [around]), *([decorated] if decorated else [])])
    yield Registration(callee, f"{ast.unparse(callee)}({first}{more})", ast.unparse(whole), space, tuple(names))


def _list_names(given: Sequence[ast.AST]) -> list[str]:
    """List the names that code is given; parameters of its functions are its own."""
    parts = [part for each in given for part in ast.walk(each)]
    own = {part.arg for part in parts if isinstance(part, ast.arg)}
    return [part.id for part in parts if isinstance(part, ast.Name) and part.id not in own]
