"""What of a cell's or script's text can change its result: no annotations, no docstrings, no line numbers."""

from __future__ import annotations

import ast
import copy
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import types

SHOWN, QUIET = "_vinyasa_shown", "_vinyasa_quiet"
"""What an expression at the end of a cell is for: to be shown as `Out[n]`, or, with a semicolon, not."""


def compile_for_key(tree: ast.Module, *, shown: str = "none", quiet: bool = False) -> types.CodeType:
    """Compile code at the top level for its fingerprint; nothing ever runs this.

    `shown` tells which expressions' values are displayed, as IPython's `ast_node_interactivity` does; those become
    assignments, since the compiler would drop a constant. `quiet` tells that a semicolon hides the last one.
    """
    stripped = _Stripped().visit(copy.deepcopy(tree))
    body = stripped.body
    if body and isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant) and len(body) > 1:
        del body[0]
    for number, statement in enumerate(body):
        last = number == len(body) - 1
        if isinstance(statement, ast.Expr) and shown != "none" and (last or shown == "all"):
            body[number] = ast.Assign([ast.Name(QUIET if quiet and last else SHOWN, ast.Store())], statement.value)
    module = ast.fix_missing_locations(ast.Module(body, []))
    code: types.CodeType = compile(module, "<stage>", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True)
    return code


class _Stripped(ast.NodeTransformer):
    """Takes annotations away; docstrings inside functions are no part of canonical code anyway."""

    def visit_arg(self, node: ast.arg) -> ast.arg:
        node.annotation = None
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.FunctionDef:
        node.returns = None
        self.generic_visit(node)
        return node

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> ast.AsyncFunctionDef:
        node.returns = None
        self.generic_visit(node)
        return node

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.ClassDef:
        """Keep a class's own annotations: dataclasses and their like read them."""
        node.body = [part if isinstance(part, ast.AnnAssign) else self.visit(part) for part in node.body]
        return node

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.stmt:
        self.generic_visit(node)
        return ast.Pass() if node.value is None else ast.Assign([node.target], node.value)
