"""Locals that are only spelled otherwise: their spelling is no part of any key, so it is no change to tell."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_Function = ast.FunctionDef | ast.AsyncFunctionDef


def align_locals(old: ast.AST, new: ast.AST) -> None:
    """Spell the locals of the functions in `old` as those in `new`, in order, where both have as many."""
    others = dict(_list_functions(new, ()))
    for path, function in _list_functions(old, ()):
        if path in others:
            before, after = _list_locals(function), _list_locals(others[path])
            if len(before) == len(after):
                _Respelled(dict(zip(before, after, strict=True))).visit(function)


def _list_functions(tree: ast.AST, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], _Function]]:
    """Give every function with the names of the definitions it stands in, outer ones first."""
    for node in ast.iter_child_nodes(tree):
        inner = (*path, node.name) if isinstance(node, _Function | ast.ClassDef) else path
        if isinstance(node, _Function):
            yield inner, node
        yield from _list_functions(node, inner)


def _list_locals(function: _Function) -> list[str]:
    """List the parameters and the names a function binds, in order of their first appearance."""
    found: dict[str, None] = {}
    outer: set[str] = set()
    for node in _walk(function):
        if isinstance(node, ast.Global | ast.Nonlocal):
            outer.update(node.names)
        elif isinstance(node, ast.arg):
            found.setdefault(node.arg)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found.setdefault(node.id)
    return [name for name in found if name not in outer]


def _walk(node: ast.AST) -> Iterator[ast.AST]:
    """Give the nodes of a function in the order of its text, without those of definitions inside it."""
    for child in ast.iter_child_nodes(node):
        yield child
        if not isinstance(child, _Function | ast.ClassDef):
            yield from _walk(child)


class _Respelled(ast.NodeTransformer):
    """Gives names another spelling."""

    def __init__(self, spelling: dict[str, str]) -> None:
        self.spelling = spelling

    def visit_Name(self, node: ast.Name) -> ast.Name:
        node.id = self.spelling.get(node.id, node.id)
        return node

    def visit_arg(self, node: ast.arg) -> ast.arg:
        node.arg = self.spelling.get(node.arg, node.arg)
        self.generic_visit(node)
        return node
