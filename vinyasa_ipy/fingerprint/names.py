"""The names that code at the top level of a cell or a script reads from outside, and those it binds."""

from __future__ import annotations

import ast
import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING

from vinyasa_ipy.fingerprint.code import Canonical, canonical

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
MAKERS = frozenset(
    {
        *("namedtuple", "NamedTuple", "TypedDict", "make_dataclass", "NewType", "TypeVar", "ParamSpec", "TypeVarTuple"),
        *("Enum", "IntEnum", "StrEnum", "Flag", "IntFlag"),
    }
)
"""Functions of the standard library that define a class or type: `P = namedtuple("P", "x y")`."""
Deferred = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda


@dataclass(frozen=True, slots=True)
class Names:
    """What a piece of code does with the namespace it runs in.

    `reads` may be taken from outside (they are read before they are surely bound); `binds` may be bound by it;
    `defines` are bound only by imports and definitions that can be repeated without running the rest; `stars` tells
    that a `from m import *` binds names nobody can list.
    """

    reads: frozenset[str]
    binds: frozenset[str]
    defines: frozenset[str]
    stars: bool = False


def read_names(tree: ast.Module) -> Names:
    """Find the names that a module's code reads and binds, statement by statement in order."""
    scan = _Scan()
    scan.block(tree.body)
    return Names(frozenset(scan.reads), frozenset(scan.binds), _defines(tree, scan.binds), stars=scan.stars)


def definitions(tree: ast.Module) -> list[ast.stmt]:
    """List the top-level statements that only import or define."""
    return [statement for statement in tree.body if _is_definition(statement)]


def annotating(tree: ast.Module) -> list[ast.stmt]:
    """List the annotations of names at the top level, without the values: `x: int = 1` as `x: int`."""
    found = [statement for statement in tree.body if isinstance(statement, ast.AnnAssign) and statement.simple]
    return [ast.copy_location(ast.AnnAssign(note.target, note.annotation, None, 1), note) for note in found]


def _is_definition(statement: ast.stmt) -> bool:
    if isinstance(statement, ast.Assign):
        return _makes_definition(statement.value) and all(isinstance(t, ast.Name) for t in statement.targets)
    return isinstance(statement, Definition | ast.Import | ast.ImportFrom)


def _makes_definition(value: ast.expr) -> bool:
    """Tell whether an expression makes a function or class, and does nothing else."""
    if not isinstance(value, ast.Call):
        return isinstance(value, ast.Lambda)
    name = value.func.attr if isinstance(value.func, ast.Attribute) else getattr(value.func, "id", "")
    parts = [part for argument in (*value.args, *value.keywords) for part in ast.walk(argument)]
    return name in MAKERS and not any(isinstance(part, ast.Call | ast.Await | ast.NamedExpr) for part in parts)


def _defines(tree: ast.Module, binds: Iterable[str]) -> frozenset[str]:
    """Find the names whose definitions stand for themselves: nothing else binds, changes or feeds them."""
    defining, rest = definitions(tree), [s for s in tree.body if not _is_definition(s)]
    scan, other = _Scan(), _Scan()
    scan.block(defining)
    other.block(rest)
    touched = {name for statement in rest for name in _changed_through(statement)}
    usable = scan.binds - other.binds - touched
    if scan.reads & other.binds:
        usable = {name for name in usable if not _reads_at_definition(defining, name) & other.binds}
    return frozenset(usable & set(binds))


def _reads_at_definition(defining: Iterable[ast.stmt], name: str) -> set[str]:
    """Find what the definition of `name` reads when it is executed: decorators, defaults, bases, class bodies."""
    found: set[str] = set()
    for statement in defining:
        scan = _Scan()
        scan.statement(statement)
        if name in scan.binds:
            found |= scan.reads
    return found


def _changed_through(statement: ast.stmt) -> Iterator[str]:
    """Yield names whose value a statement changes from outside: `name.x = …`, `name[k] = …`, `setattr(name, …)`."""
    for node in ast.walk(statement):
        if isinstance(node, ast.Attribute | ast.Subscript) and not isinstance(node.ctx, ast.Load):
            base: ast.expr = node
            while isinstance(base, ast.Attribute | ast.Subscript):
                base = base.value
            if isinstance(base, ast.Name):
                yield base.id
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "setattr" and node.args:
            yield from (part.id for part in ast.walk(node.args[0]) if isinstance(part, ast.Name))


class _Scan:
    """Follows statements in order; what is read before it is surely bound comes from outside."""

    def __init__(self, bound: Iterable[str] = ()) -> None:
        self.bound = set(bound)
        self.reads: set[str] = set()
        self.binds: set[str] = set()
        self.stars = False
        self.later: dict[str, set[str]] = {}
        self.following: set[str] = set()

    def block(self, statements: Iterable[ast.stmt]) -> None:
        for statement in statements:
            self.statement(statement)

    def _generic(self, node: ast.AST) -> None:
        """Take expressions in the order of the fields, values before targets."""
        for child in sorted(
            ast.iter_child_nodes(node), key=lambda part: isinstance(getattr(part, "ctx", None), ast.Store)
        ):
            self.expression(child)

    # ---- statements ------------------------------------------------------------------------------------------

    def _assign(self, node: ast.Assign) -> None:
        self.expression(node.value)
        for target in node.targets:
            self.expression(target)

    def _augassign(self, node: ast.AugAssign) -> None:
        if isinstance(node.target, ast.Name):
            self.read(node.target.id)
        self.expression(node.value)
        self.expression(node.target)

    def _annassign(self, node: ast.AnnAssign) -> None:
        self.expression(node.annotation)
        if node.value is not None:
            self.expression(node.value)
            self.expression(node.target)

    def _functiondef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        before = set(self.bound)
        self.bound.update(parameter.name for parameter in getattr(node, "type_params", ()))
        for part in (*node.decorator_list, *_evaluated(node.args), node.returns):
            if part is not None:
                self.expression(part)
        self.bound = before
        self.bind(node.name)
        inside = _compiled(node)
        self.later[node.name] = inside.names()
        self.binds |= inside.stored - {node.name}
        if node.decorator_list:
            self._called(node.name)

    _asyncfunctiondef = _functiondef

    def _classdef(self, node: ast.ClassDef) -> None:
        for part in (*node.decorator_list, *node.bases, *(keyword.value for keyword in node.keywords)):
            self.expression(part)
        inner = _Scan(self.bound)
        inner.later = dict(self.later)
        inner.block(node.body)
        self.reads |= inner.reads
        self.later[node.name] = set().union(*(names for name, names in inner.later.items() if name in inner.binds))
        self.bind(node.name)
        if node.decorator_list:
            self._called(node.name)

    def _import(self, node: ast.Import) -> None:
        for alias in node.names:
            self.bind(alias.asname or alias.name.partition(".")[0])

    def _importfrom(self, node: ast.ImportFrom) -> None:
        for alias in node.names:
            if alias.name == "*":
                self.stars = True
            else:
                self.bind(alias.asname or alias.name)

    def _delete(self, node: ast.Delete) -> None:
        for target in node.targets:
            if isinstance(target, ast.Name):
                self.read(target.id)
                self.bind(target.id)
                self.bound.discard(target.id)
            else:
                self.expression(target)

    def _if(self, node: ast.If) -> None:
        self.expression(node.test)
        self._branches([node.body, node.orelse])

    def _match(self, node: ast.Match) -> None:
        self.expression(node.subject)
        before, ends = set(self.bound), [set(self.bound)]
        for case in node.cases:
            self.bound = set(before)
            self._pattern(case.pattern)
            if case.guard is not None:
                self.expression(case.guard)
            self.block(case.body)
            ends.append(self.bound)
        self.bound = set.intersection(*ends)

    def _pattern(self, pattern: ast.pattern) -> None:
        """Take a pattern's names: those it captures are bound, also when it fails half-way."""
        for part in ast.walk(pattern):
            if isinstance(part, ast.expr):
                self.expression(part)
        for part in ast.walk(pattern):
            if name := getattr(part, "name", None) or getattr(part, "rest", None):
                self.bind(name)

    def _for(self, node: ast.For | ast.AsyncFor) -> None:
        self.expression(node.iter)
        before = set(self.bound)
        self.expression(node.target)
        self.block(node.body)
        self.bound = before
        self.block(node.orelse)
        self.bound = before

    _asyncfor = _for

    def _while(self, node: ast.While) -> None:
        self.expression(node.test)
        self._branches([[*node.body, *node.orelse], []])

    def _with(self, node: ast.With | ast.AsyncWith) -> None:
        for item in node.items:
            self.expression(item.context_expr)
            if item.optional_vars is not None:
                self.expression(item.optional_vars)
        before = set(self.bound)
        self.block(node.body)
        if not _is_quiet(node):  # a context manager may swallow an exception half-way
            return
        self.bound = before

    _asyncwith = _with

    def _try(self, node: ast.Try) -> None:
        before = set(self.bound)
        self.block(node.body)
        self.block(node.orelse)
        whole = self.bound
        ends = [whole]
        for handler in node.handlers:
            self.bound = set(before)
            if handler.type is not None:
                self.expression(handler.type)
            if handler.name is not None:
                self.bind(handler.name)
            self.block(handler.body)
            self.bound.discard(handler.name or "")
            ends.append(self.bound)
        self.bound = set.intersection(*ends)
        self.block(node.finalbody)

    _trystar = _try

    def _branches(self, branches: list[list[ast.stmt]]) -> None:
        before, ends = set(self.bound), []
        for branch in branches:
            self.bound = set(before)
            self.block(branch)
            ends.append(self.bound)
        self.bound = set.intersection(*ends)

    # ---- expressions -----------------------------------------------------------------------------------------

    def expression(self, node: ast.AST) -> None:
        follow = getattr(self, f"_{type(node).__name__.lower()}", None)
        if follow is not None:
            follow(node)
        else:
            self._generic(node)

    statement = expression

    def _lambda(self, node: ast.Lambda) -> None:
        for part in _evaluated(node.args):
            self.expression(part)
        for name in _free_names(node):
            self.read(name)

    def _boolop(self, node: ast.BoolOp) -> None:
        self._perhaps(node.values[0], node.values[1:])

    def _ifexp(self, node: ast.IfExp) -> None:
        self._perhaps(node.test, (node.body, node.orelse))

    def _namedexpr(self, node: ast.NamedExpr) -> None:
        self.expression(node.value)
        self.bind(node.target.id)

    def _perhaps(self, first: ast.expr, others: Iterable[ast.expr]) -> None:
        """Take expressions of which only the first is surely evaluated."""
        self.expression(first)
        before = set(self.bound)
        for other in others:
            self.expression(other)
        self.bound = before

    def _name(self, node: ast.Name) -> None:
        if isinstance(node.ctx, ast.Store):
            self.bind(node.id)
        else:
            self.read(node.id)

    def _comprehension(self, node: ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp) -> None:
        """Take a comprehension's names: its targets are its own, what it reads otherwise is read."""
        inner = _Scan(self.bound)
        inner.later = self.later
        for generator in node.generators:
            inner.expression(generator.iter)
            inner.expression(generator.target)
            for test in generator.ifs:
                inner.expression(test)
        for part in (node.key, node.value) if isinstance(node, ast.DictComp) else (node.elt,):
            inner.expression(part)
        self.reads |= inner.reads
        for named in ast.walk(node):
            if isinstance(named, ast.NamedExpr):
                self.binds.add(named.target.id)

    _listcomp = _setcomp = _dictcomp = _generatorexp = _comprehension

    def read(self, name: str) -> None:
        if name not in self.bound:
            self.reads.add(name)
        self._called(name)

    def _called(self, name: str) -> None:
        """Read what a function defined here reads, now that somebody has a hold of it."""
        if name not in self.following:
            self.following.add(name)
            for free in self.later.get(name, ()):
                self.read(free)
            self.following.discard(name)

    def bind(self, name: str) -> None:
        self.bound.add(name)
        self.binds.add(name)


def _is_quiet(node: ast.With | ast.AsyncWith) -> bool:
    return any(
        "suppress" in ast.dump(item.context_expr) or "raises" in ast.dump(item.context_expr) for item in node.items
    )


def _evaluated(arguments: ast.arguments) -> Iterator[ast.expr]:
    """Yield the expressions of a signature that are evaluated where it stands: defaults and annotations."""
    yield from arguments.defaults
    yield from (default for default in arguments.kw_defaults if default is not None)
    for argument in ast.walk(arguments):
        if isinstance(argument, ast.arg) and argument.annotation is not None:
            yield argument.annotation


def _free_names(node: Deferred) -> set[str]:
    """Find the global names that the body of a function reads, wherever it is nested."""
    return _compiled(node).names()


def _compiled(node: Deferred) -> Canonical:
    """Compile a function without what is evaluated where it stands."""
    bare = copy.copy(node)
    bare.args = copy.deepcopy(node.args)
    bare.args.defaults = [ast.Constant(None) for _ in node.args.defaults]
    bare.args.kw_defaults = [default and ast.Constant(None) for default in node.args.kw_defaults]
    for argument in ast.walk(bare.args):
        if isinstance(argument, ast.arg):
            argument.annotation = None
    if not isinstance(bare, ast.Lambda):
        bare.decorator_list, bare.returns = [], None
    statement = ast.Expr(bare) if isinstance(bare, ast.Lambda) else bare
    module = ast.fix_missing_locations(ast.Module([statement], []))
    return canonical(compile(module, "<names>", "exec", dont_inherit=True))
