# %%
"""Memo tables, counters and classes that are defined again."""
from collections import Counter, defaultdict, namedtuple, deque
from functools import lru_cache, reduce
from itertools import combinations, count, islice, permutations, product
import math
import re
# %%
memo = {}
calls = 0

def fib(n):
    global calls
    calls += 1
    if n in memo:
        return memo[n]
    memo[n] = n if n < 2 else fib(n - 1) + fib(n - 2)
    return memo[n]
# %%
fib(30), calls, len(memo)
# %%
fib(31), calls, len(memo)
# %%
calls = 0
[fib(n) for n in (5, 10, 40)]
# %%
calls
# %%
def memoize(function):
    table = {}
    def wrapped(*args):
        if args not in table:
            table[args] = function(*args)
        return table[args]
    wrapped.table = table
    return wrapped

@memoize
def ways(n):
    return 1 if n <= 1 else ways(n - 1) + ways(n - 2)
# %%
ways(25)
# %%
len(ways.table), ways.table[(10,)]
# %%
@lru_cache(None)
def coins(amount, kinds=(50, 25, 10, 5, 1)):
    if amount == 0:
        return 1
    if amount < 0 or not kinds:
        return 0
    return coins(amount - kinds[0], kinds) + coins(amount, kinds[1:])
# %%
coins(100)
# %%
coins.cache_info()
# %%
coins(200), coins.cache_info().currsize
# %%
def primes(start=2):
    found = []
    for n in count(start):
        if all(n % p for p in found):
            found.append(n)
            yield n

p = primes()
[next(p) for _ in range(5)]
# %%
[next(p) for _ in range(5)]
# %%
list(islice(p, 3))
# %%
class Node:
    count = 0
    def __init__(self, value, *children):
        Node.count += 1
        self.value, self.children = value, list(children)
    def __repr__(self):
        return f"Node({self.value})"

tree = Node(1, Node(2), Node(3, Node(4)))
# %%
Node.count
# %%
def depth(node):
    return 1 + max(map(depth, node.children), default=0)

depth(tree)
# %%
tree.children.append(Node(5, Node(6, Node(7))))
depth(tree), Node.count
# %%
class Node:
    """Defined again, with another look."""
    def __init__(self, value):
        self.value = value
    def __repr__(self):
        return f"<{self.value}>"

Node(9), tree, type(tree) is Node
# %%
Point = namedtuple('Point', 'x y')
neighbours = defaultdict(set)
for a, b in combinations([Point(x, y) for x, y in product(range(3), repeat=2)], 2):
    if abs(a.x - b.x) + abs(a.y - b.y) == 1:
        neighbours[a].add(b)
        neighbours[b].add(a)
{k: sorted(v) for k, v in neighbours.items() if k.x == 0}
# %%
def bfs(start, goal):
    frontier, came = deque([start]), {start: None}
    while frontier:
        here = frontier.popleft()
        if here == goal:
            break
        for there in sorted(neighbours[here]):
            if there not in came:
                came[there] = here
                frontier.append(there)
    path = [goal]
    while came[path[-1]]:
        path.append(came[path[-1]])
    return path[::-1]

bfs(Point(0, 0), Point(2, 2))
# %%
neighbours[Point(9, 9)]
len(neighbours)
# %%
squares = {n * n for n in range(40)}
squares
# %%
print(squares | {1000, 7, 12}, {(x, y) for x in range(4) for y in range(3)})
# %%
words = Counter(re.findall(r'\w+', 'the cat and the dog and the bird'))
words.most_common(2)
# %%
words.update(['dog'] * 5)
words
# %%
_
# %%
total = 0
def add(n):
    global total
    total += n
    return total
add(3)
# %%
add(4)
# %%
total
# %%
grid = [[0] * 4 for _ in range(3)]
row = grid[1]
row[2] = 7
grid
# %%
row.append(8)
grid, row is grid[1]
# %%
def solve(board, moves=[]):
    moves.append(len(moves))
    return list(moves)
solve(1), solve(2)
# %%
solve(3)
# %%
it = iter([1, 2, 3, 4, 5, 6])
next(it), next(it)
# %%
for item in it:
    if item == 4:
        break
item
# %%
list(it)
# %%
pairs = zip('abcd', range(4))
next(pairs)
# %%
dict(pairs)
# %%
sorted(permutations('abc'))[:3], reduce(lambda a, b: a * b, range(1, 6))
