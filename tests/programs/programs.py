"""Random small programs and random edits of them: what a key must and must not notice, against the truth."""

import ast
import copy
import linecache
import types

BINARY = [ast.Add, ast.Sub, ast.Mult, ast.BitXor, ast.BitAnd, ast.BitOr]
COMPARE = [ast.Lt, ast.LtE, ast.Gt, ast.GtE, ast.Eq, ast.NotEq]
HEADER = """
import functools
import math

def twice(function):
    @functools.wraps(function)
    def call(*args, **kwargs):
        return function(*args, **kwargs) * TIMES
    return call
"""


class Writer:
    """Writes the source of a program: constants, helpers, a class, and `f` which reaches some of them."""

    def __init__(self, random):
        self.random = random
        self.helpers = []

    def program(self):
        r = self.random
        parts = [HEADER, f"TIMES = {r.randint(1, 3)}"]
        self.constants = [f"K{number}" for number in range(r.randint(1, 3))]
        parts += [f"{name} = {self.constant()}" for name in self.constants]
        parts.append(f"TABLE = {{'a': {r.randint(0, 9)}, 'b': [{r.randint(0, 9)}, {r.randint(0, 9)}]}}")
        for number in range(r.randint(1, 4)):
            parts.append(self.helper(f"h{number}"))
            self.helpers.append(f"h{number}")
        parts.append(self.thing())
        parts.append(f"def f(x, y={r.randint(0, 5)}):\n    total = {self.expression(['x', 'y'], 3)}\n" + self.loop())
        return "\n\n".join(parts) + "\n"

    def constant(self):
        r = self.random
        return r.choice(
            [r.randint(-9, 9), round(r.uniform(-3, 3), 2), r.choice([True, False]), r.randint(10**9, 10**10)]
        )

    def helper(self, name):
        r = self.random
        decorator = r.choice(["", "", "@twice\n", "@functools.lru_cache(None)\n"])
        default = f", scale={r.randint(1, 4)}" if r.random() < 0.5 else ""
        names = ["v", "scale"] if default else ["v"]
        kind = r.randint(0, 3)
        if kind == 0:
            body = f"    return {self.expression(names, 2)}"
        elif kind == 1:
            body = f"    inner = lambda w: {self.expression([*names, 'w'], 2)}\n    return inner({r.randint(0, 5)})"
        elif kind == 2:
            items = f"[{self.expression([*names, 'i'], 1)} for i in range({r.randint(1, 4)})]"
            body = f"    parts = {items}\n    return sum(map(int, parts))"
        else:
            body = (
                f"    try:\n        return int({self.expression(names, 1)}) // (int(v) % {r.randint(2, 4)})\n"
                f"    except ZeroDivisionError:\n        return {r.randint(0, 9)}"
            )
        return f"{decorator}def {name}(v{default}):\n{body}"

    def thing(self):
        r = self.random
        return (
            f"class Thing:\n    weight = {r.randint(0, 9)}\n    def __init__(self, v):\n        self.v = v\n"
            "    @property\n    def size(self):\n"
            f"        return self.v + self.weight + {self.expression(['self.v'], 1)}\n"
        )

    def loop(self):
        r = self.random
        return (
            f"    for step in range({r.randint(1, 3)}):\n"
            f"        if step {r.choice(['<', '>', '==', '!='])} {r.randint(0, 3)}:\n"
            f"            total += {self.expression(['x', 'step'], 2)}\n"
            "        else:\n            total -= Thing(step).size\n    return repr(total)\n"
        )

    def expression(self, names, depth):
        r = self.random
        if depth == 0 or r.random() < 0.15:
            return r.choice(
                [*names, *self.constants, repr(self.constant()), "TABLE['a']", f"TABLE['b'][{r.randint(0, 1)}]"]
            )
        kind = r.randint(0, 5)
        left, right = self.expression(names, depth - 1), self.expression(names, depth - 1)
        if kind == 0 and self.helpers:
            return f"{r.choice(self.helpers)}({left})"
        if kind == 1:
            test = f"{right} {r.choice(['<', '>='])} {r.randint(-3, 3)}"
            return f"({left} if {test} else {self.expression(names, depth - 1)})"
        if kind == 2:
            return f"max({left}, {right})"
        if kind == 3:
            return f"math.floor({left})"
        return f"({left} {r.choice(['+', '-', '*'])} {right})"


def edit_meaning(source, random):
    """Change one thing that may change results: a constant, an operator, a comparison, a default, a decorator."""
    tree = ast.parse(source)
    nodes = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant | ast.BinOp | ast.Compare | ast.IfExp | ast.FunctionDef)
    ]
    node = random.choice(nodes)
    if isinstance(node, ast.Constant):
        node.value = _other(node.value, random)
    elif isinstance(node, ast.BinOp):
        if random.random() < 0.5:
            node.left, node.right = node.right, node.left
        else:
            node.op = random.choice([ast.Add, ast.Sub, ast.Mult])()
    elif isinstance(node, ast.Compare):
        node.ops = [random.choice(COMPARE)()]
    elif isinstance(node, ast.IfExp):
        node.body, node.orelse = node.orelse, node.body
    else:
        node.decorator_list = [] if node.decorator_list else [ast.Name("twice", ast.Load())]
    return ast.unparse(ast.fix_missing_locations(tree))


def _other(value, random):
    if isinstance(value, bool):
        return random.choice([not value, int(value)])
    if isinstance(value, int):
        return random.choice([value + 1, -value, float(value), value + random.randint(-3, 3)])
    if isinstance(value, float):
        return random.choice([value + 0.01, -value])
    return value


def edit_looks(source, random):
    """Change only how a program is written: comments, blank lines, docstrings, locals' names, order of definitions."""
    tree = ast.parse(source)
    functions = [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name.startswith(("h", "f"))]
    for function in functions:
        if random.random() < 0.5:
            function.body.insert(0, ast.Expr(ast.Constant(f"Say {random.randint(0, 99)}.")))
        if random.random() < 0.5:
            function.args.args[0].annotation = ast.Name("int", ast.Load())
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and node.id in ("total", "parts", "inner", "step"):
            node.id = f"{node.id}_"
    helpers = [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name.startswith("h")]
    if not any(node.decorator_list for node in helpers):
        rest = [node for node in tree.body if node not in helpers]
        tree.body = [*rest[:-2], *random.sample(helpers, len(helpers)), *rest[-2:]]
    lines = ast.unparse(ast.fix_missing_locations(copy.deepcopy(tree))).splitlines()
    return "\n".join(
        line if random.random() < 0.8 else f"{line}  # {random.randint(0, 99)}" for line in ["", "", *lines]
    )


def load(source, number):
    """Execute a program as a module of the user's own."""
    name = f"<program {number}>"
    module = types.ModuleType("program")
    linecache.cache[name] = (len(source), None, source.splitlines(keepends=True), name)
    exec(compile(source, name, "exec"), vars(module))
    return module


def truth(module):
    """Call `f` on some arguments; an error is a result too."""
    found = []
    for x in (0, 1, 2.5, -3, 7):
        try:
            found.append(module.f(x))
        except Exception as error:  # noqa: BLE001 - whatever a random program raises is its result
            found.append(f"{type(error).__name__}: {error}")
    return found
