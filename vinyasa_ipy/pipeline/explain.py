"""What changed between two states of one thing, in words: of code by its syntax, of a value by its parts."""

from __future__ import annotations

import ast
import difflib
import textwrap
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from vinyasa_ipy.pipeline.spelling import align_locals

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from typing import Any

    from vinyasa_ipy.pipeline.stage import Source

SHORT = 70
"""Characters of a piece of code that are shown."""

Function: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef
Definition: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


@dataclass(frozen=True, slots=True)
class Difference:
    """One change of code: `what` in words, the definitions it stands in, outermost first, and its line."""

    what: str
    inside: tuple[str, ...]
    line: int


def explain_code(before: Source, after: Source) -> tuple[Difference, ...]:
    """List how code differs: by its syntax where both texts have one, else by lines; nothing when they mean the same.

    Docstrings, annotations and the spelling of locals are told when nothing else differs: hardly any code reads them.
    """
    try:
        for plain in (True, False):
            old, new = _parse(before.text), _parse(after.text)
            if plain:
                _strip(old)
                _strip(new)
                align_locals(old, new)
            found = tuple(_compare(old, new, ()))
            if found:
                return tuple(Difference(each.what, each.inside, each.line + after.line - 1) for each in found)
    except (SyntaxError, RecursionError):  # a lambda's line alone, say
        return tuple(_compare_lines(before, after))
    return ()


def _parse(text: str) -> ast.Module:
    return ast.parse(textwrap.dedent(text))


def _strip(tree: ast.Module) -> None:
    """Take docstrings and the annotations of functions out of a tree."""
    for node in ast.walk(tree):
        if isinstance(node, Definition) and ast.get_docstring(node) is not None:
            node.body[:1] = [ast.copy_location(ast.Pass(), node.body[0])] if len(node.body) == 1 else []
        if isinstance(node, Function):
            node.returns = None
        elif isinstance(node, ast.arg):
            node.annotation = None


# ---- syntax --------------------------------------------------------------------------------------------------


def _compare(old: ast.AST, new: ast.AST, inside: tuple[str, ...]) -> Iterator[Difference]:
    """Find the smallest parts that differ."""
    if ast.dump(old) == ast.dump(new):
        return
    values = _constant(old), _constant(new)
    if all(values):
        yield Difference(f"constant {values[0]} → {values[1]}", inside, _line(new))
    elif type(old) is not type(new):
        yield _replaced(old, new, inside)
    else:
        special = _SPECIAL.get(type(new), _compare_fields)
        yield from special(old, new, inside)


def _compare_fields(old: ast.AST, new: ast.AST, inside: tuple[str, ...]) -> Iterator[Difference]:
    """Compare two nodes of one type part by part; where parts came, went or are no syntax, the whole was replaced."""
    pairs: list[tuple[Any, Any]] = []
    for name in new._fields:
        one, other = getattr(old, name, None), getattr(new, name, None)
        if name in {"body", "orelse", "finalbody"} and isinstance(other, list):
            pairs.append((one, other))
        elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
            pairs += zip(one, other, strict=True)
        else:
            pairs.append((one, other))
    apart = [(one, other) for one, other in pairs if not _is_like(one, other)]
    if any(not _is_part(one) or not _is_part(other) for one, other in apart):
        yield _replaced(old, new, inside)
        return
    for one, other in apart:
        yield from _compare_block(one, other, inside) if isinstance(other, list) else _compare(one, other, inside)


def _is_like(one: Any, other: Any) -> bool:
    if isinstance(one, list) and isinstance(other, list):
        return list(map(_dump, one)) == list(map(_dump, other))
    return bool(_dump(one) == _dump(other))


def _dump(part: Any) -> Any:
    return ast.dump(part) if isinstance(part, ast.AST) else part


def _is_part(part: Any) -> bool:
    """Tell whether a field can be compared further: an expression, or a block of statements."""
    if isinstance(part, list):
        return all(isinstance(item, ast.stmt) for item in part)
    return isinstance(part, ast.AST) and not isinstance(part, ast.operator | ast.unaryop | ast.cmpop | ast.boolop)


def _compare_block(old: Sequence[ast.stmt], new: Sequence[ast.stmt], inside: tuple[str, ...]) -> Iterator[Difference]:
    """Match the statements of two blocks; those that were replaced one for one are compared further."""
    matcher = difflib.SequenceMatcher(None, list(map(ast.dump, old)), list(map(ast.dump, new)), autojunk=False)
    for kind, a, b, c, d in matcher.get_opcodes():
        if kind == "equal":
            continue
        if b - a == d - c:
            for one, other in zip(old[a:b], new[c:d], strict=True):
                yield from _compare(one, other, inside)
            continue
        line = _line(new[min(c, len(new) - 1)]) if new else 1
        yield from (Difference(f"`{_show(node)}` removed", inside, line) for node in old[a:b])
        yield from (Difference(f"`{_show(node)}` added", inside, _line(node)) for node in new[c:d])


def _compare_definitions(old: Definition, new: Definition, inside: tuple[str, ...]) -> Iterator[Difference]:
    here = (*inside, new.name)
    if old.name != new.name:
        yield Difference(f"`{old.name}` is now called `{new.name}`", inside, _line(new))
    yield from _compare_listed("decorator `@", old.decorator_list, new.decorator_list, here)
    if isinstance(old, ast.ClassDef) and isinstance(new, ast.ClassDef):
        yield from _compare_listed("base `", [*old.bases, *old.keywords], [*new.bases, *new.keywords], here)
    elif not isinstance(old, ast.ClassDef) and not isinstance(new, ast.ClassDef):
        yield from _compare_signatures(old, new, here)
    yield from _compare_block(old.body, new.body, here)


def _compare_listed(
    words: str, old: Sequence[ast.AST], new: Sequence[ast.AST], inside: tuple[str, ...]
) -> Iterator[Difference]:
    """Compare decorators or bases: changed where there is one for each, else added and removed."""
    before, after = [ast.unparse(node) for node in old], [ast.unparse(node) for node in new]
    line = _line(new[0]) if new else 1
    if len(before) == len(after):
        mark = words.rpartition(" ")[2]
        pairs = ((one, other) for one, other in zip(before, after, strict=True) if one != other)
        yield from (Difference(f"{words}{one}` → {mark}{other}`", inside, line) for one, other in pairs)
        return
    yield from (Difference(f"{words}{one}` removed", inside, line) for one in before if one not in after)
    yield from (Difference(f"{words}{one}` added", inside, line) for one in after if one not in before)


def _compare_signatures(old: Function, new: Function, inside: tuple[str, ...]) -> Iterator[Difference]:
    """Compare defaults, and say both signatures when more than those differ."""
    before, after = _defaults(old.args), _defaults(new.args)
    changed = [name for name in after if name in before and _show(before[name]) != _show(after[name])]
    for name in changed:
        yield Difference(
            f"default of `{name}` {_show(before[name])} → {_show(after[name])}", inside, _line(after[name])
        )
    same = _names(old.args) == _names(new.args) and before.keys() == after.keys()
    if not same or (not changed and _sign(old) != _sign(new)):
        yield Difference(f"parameters `{_sign(old)}` → `{_sign(new)}`", inside, _line(new))


def _sign(function: Function) -> str:
    result = f" -> {ast.unparse(function.returns)}" if function.returns is not None else ""
    return _short(f"({ast.unparse(function.args)}){result}")


def _names(parameters: ast.arguments) -> list[str]:
    return [node.arg for node in ast.walk(parameters) if isinstance(node, ast.arg)]


def _defaults(parameters: ast.arguments) -> dict[str, ast.expr]:
    positional = [*parameters.posonlyargs, *parameters.args][::-1]
    found = {part.arg: default for part, default in zip(positional, parameters.defaults[::-1], strict=False)}
    named = zip(parameters.kwonlyargs, parameters.kw_defaults, strict=True)
    return {**found, **{part.arg: default for part, default in named if default is not None}}


def _compare_calls(old: ast.Call, new: ast.Call, inside: tuple[str, ...]) -> Iterator[Difference]:
    """Name the function that is called instead, where the arguments are the same."""
    same = [list(map(ast.dump, (*call.args, *call.keywords))) for call in (old, new)]
    if same[0] == same[1] and isinstance(new.func, ast.Name | ast.Attribute):
        yield Difference(f"call of `{_show(old.func)}` → `{_show(new.func)}`", inside, _line(new))
    else:
        yield from _compare_fields(old, new, inside)


def _compare_names(old: ast.Name, new: ast.Name, inside: tuple[str, ...]) -> Iterator[Difference]:
    yield Difference(f"name `{_show(old)}` → `{_show(new)}`", inside, _line(new))


def _compare_whole(old: ast.AST, new: ast.AST, inside: tuple[str, ...]) -> Iterator[Difference]:
    yield _replaced(old, new, inside)


_SPECIAL: dict[type[ast.AST], Callable[[Any, Any, tuple[str, ...]], Iterator[Difference]]] = {
    ast.FunctionDef: _compare_definitions,
    ast.AsyncFunctionDef: _compare_definitions,
    ast.ClassDef: _compare_definitions,
    ast.Call: _compare_calls,
    ast.Name: _compare_names,
    ast.Attribute: _compare_whole,
    ast.JoinedStr: _compare_whole,
}


def _replaced(old: ast.AST, new: ast.AST, inside: tuple[str, ...]) -> Difference:
    return Difference(f"`{_show(old)}` → `{_show(new)}`", inside, _line(new))


def _constant(node: ast.AST) -> str:
    """Write a constant, also a negative one; nothing for other expressions."""
    negative = isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub)
    inner = node.operand if negative and isinstance(node, ast.UnaryOp) else node
    return _short(f"{'-' * negative}{inner.value!r}") if isinstance(inner, ast.Constant) else ""


def _line(node: ast.AST) -> int:
    return int(getattr(node, "lineno", 1))


def _show(node: ast.AST) -> str:
    """Write a piece of code in one line."""
    first, _, more = ast.unparse(node).strip().partition("\n")
    return _short(f"{first} …" if more else first)


def _short(text: str) -> str:
    return text if len(text) <= SHORT else f"{text[: SHORT - 1]}…"


# ---- lines ---------------------------------------------------------------------------------------------------


def _compare_lines(before: Source, after: Source) -> Iterator[Difference]:
    """List the lines that differ, old and new."""
    old, new = before.text.splitlines(), after.text.splitlines()
    matcher = difflib.SequenceMatcher(a=old, b=new, autojunk=False)
    for kind, a, b, c, d in matcher.get_opcodes():
        if kind == "equal":
            continue
        was, now = ("; ".join(map(str.strip, part)) for part in (old[a:b], new[c:d]))
        if was and now:
            what = f"`{_short(was)}` → `{_short(now)}`"
        else:
            what = f"`{_short(was or now)}` {'added' if now else 'removed'}"
        yield Difference(what, (), c + after.line)


# ---- values --------------------------------------------------------------------------------------------------

COUNTED = frozenset({"rows", "columns", "items", "characters"})
"""Parts that are numbers of something: `10 → 9 rows`."""


def explain_facts(before: Mapping[str, str], after: Mapping[str, str]) -> tuple[str, ...]:
    """Say which parts of a value or class differ, of two that have parts in common."""
    if before.keys().isdisjoint(after):
        return ()
    changed = [_say_part(part, before[part], now) for part, now in after.items() if before.get(part, now) != now]
    added = [f"{part} added{f' ({now})' if now else ''}" for part, now in after.items() if part not in before]
    removed = [f"{part} removed" for part in before if part not in after]
    return (*changed, *added, *removed)


def _say_part(part: str, was: str, now: str) -> str:
    if not was or not now:
        return f"{part} changed"
    return f"{was} → {now} {part}" if part in COUNTED else f"{part} {was} → {now}"
