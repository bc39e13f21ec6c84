"""What changed between two texts of one piece of code, down to the constant and the line."""

from __future__ import annotations

import ast
import difflib
import textwrap
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from vinyasa_ipy.pipeline.stage import Source

SHORT = 70
"""Characters of a line of code that are shown."""


def explain_code(before: Source, after: Source) -> tuple[str, ...]:
    """Say how code differs: constants where only those do, else the lines; empty when the texts mean the same."""
    old, new = _parse(before.text), _parse(after.text)
    if old is None or new is None:
        return _lines(before, after)
    if ast.dump(old) == ast.dump(new):
        return ()
    return _constants(old, new, after) or _lines(before, after)


def _parse(text: str) -> ast.Module | None:
    try:
        return ast.parse(textwrap.dedent(text))
    except SyntaxError:
        return None


def _constants(old: ast.Module, new: ast.Module, after: Source) -> tuple[str, ...]:
    """List changed constants, if nothing else changed."""
    before, now = list(ast.walk(old)), list(ast.walk(new))
    if len(before) != len(now) or any(_shape(a) != _shape(b) for a, b in zip(before, now, strict=True)):
        return ()
    return tuple(
        f"constant {_short(repr(a.value))} → {_short(repr(b.value))}, line {b.lineno + after.line - 1}"
        for a, b in zip(before, now, strict=True)
        if isinstance(a, ast.Constant) and isinstance(b, ast.Constant) and repr(a.value) != repr(b.value)
    )


def _shape(node: ast.AST) -> tuple[object, ...]:
    plain = (str, int, type(None))
    fields = [value for name, value in ast.iter_fields(node) if isinstance(value, plain) and name != "value"]
    return (type(node), *fields, *(() if isinstance(node, ast.Constant) else (getattr(node, "value", None).__class__,)))


def _lines(before: Source, after: Source) -> tuple[str, ...]:
    """List the first changed lines, old and new."""
    old, new = before.text.splitlines(), after.text.splitlines()
    matcher = difflib.SequenceMatcher(a=old, b=new, autojunk=False)
    said = []
    for kind, a, b, c, d in matcher.get_opcodes():
        if kind == "equal":
            continue
        was, now = "; ".join(map(str.strip, old[a:b])), "; ".join(map(str.strip, new[c:d]))
        line = f"line {c + after.line}"
        if not was:
            said.append(f"{line} added: {_short(now)}")
        elif not now:
            said.append(f"{line} removed: {_short(was)}")
        else:
            said.append(f"{line}: {_short(was)} → {_short(now)}")
    return tuple(said)


def _short(text: str) -> str:
    return text if len(text) <= SHORT else f"{text[: SHORT - 1]}…"
