"""What code sets in libraries by calling functions of the user's own: `def begin(n): mp.dps = n`."""

from __future__ import annotations

import ast
import inspect
import textwrap
import types
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from vinyasa_ipy.errors import FingerprintError
from vinyasa_ipy.fingerprint.modules import origin
from vinyasa_ipy.fingerprint.reach import reach_code
from vinyasa_ipy.fingerprint.strip import compile_for_key
from vinyasa_ipy.pipeline.acts import Act, list_acts

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


class Called(NamedTuple):
    """An act inside a function of the user's, and the call in the cell that leads there."""

    act: Act
    call: ast.Call


def list_called(tree: ast.Module, space: Mapping[str, Any]) -> Iterator[Called]:
    """Yield what own functions set that a cell calls, and those that these call."""
    for call, function in _list_calls(tree, space):
        for act in _list_within(function, set()):
            if act.stands:
                yield Called(act, call)


def mark_call(call: ast.Call, space: dict[str, Any]) -> str:
    """Fingerprint a call with all that it reaches: what it sets can hang on any of that."""
    spelled = ast.unparse(call)
    try:
        code = compile_for_key(ast.Module([ast.Expr(call)], []))
        return f"{spelled} {reach_code(code, space, inside=frozenset(), label=f'`{spelled}`').digest.hex()}"
    except FingerprintError:  # what it is given has none; its spelling is what is known
        return spelled


def _list_within(function: types.FunctionType, seen: set[types.CodeType]) -> Iterator[Act]:
    if function.__code__ in seen:
        return
    seen.add(function.__code__)
    body = _read_body(function.__code__)
    if body is not None:
        yield from list_acts(body, function.__globals__, local=function.__code__.co_varnames)
        for _, other in _list_calls(body, function.__globals__):
            yield from _list_within(other, seen)


def _list_calls(tree: ast.Module, space: Mapping[str, Any]) -> Iterator[tuple[ast.Call, types.FunctionType]]:
    """Yield the calls of own functions outside of definitions, each with what it calls."""
    ahead: list[ast.AST] = [tree]
    while ahead:
        node = ahead.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda):
            continue
        if isinstance(node, ast.Call):
            function = _find_function(_resolve(node.func, space))
            if function is not None:
                yield node, function
        ahead += ast.iter_child_nodes(node)


def _resolve(place: ast.expr, space: Mapping[str, Any]) -> object:
    """Find what a name or a chain of names stands for, without running anything of the user's."""
    if isinstance(place, ast.Name):
        return space.get(place.id)
    if not isinstance(place, ast.Attribute):
        return None
    owner = _resolve(place.value, space)
    return None if owner is None else inspect.getattr_static(owner, place.attr, None)


def _find_function(called: object) -> types.FunctionType | None:
    """Find the function of the user's that runs when something is called: for a class, what makes its instances."""
    if isinstance(called, type):
        called = inspect.getattr_static(called, "__init__", None)
    if isinstance(called, staticmethod | classmethod):
        called = called.__func__
    if not isinstance(called, types.FunctionType) or not isinstance(called.__module__, str):
        return None
    return called if origin(called.__module__, called.__globals__.get("__file__")).own else None


@lru_cache(maxsize=256)
def _read_body(code: types.CodeType) -> ast.Module | None:
    """Read a function's own statements; None where there is no source, as for what was made by `exec`."""
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(code)))
    except (OSError, TypeError, SyntaxError, ValueError):
        return None
    found = next((node for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)), None)
    return None if found is None else ast.Module(found.body, [])
