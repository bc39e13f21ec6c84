# %%
text = """1,2,3
4,5,6"""
rows = [tuple(map(int, line.split(','))) for line in text.splitlines()]
rows
# %%
answers = {}
def answer(day, expected, actual):
    answers[day] = actual
    assert expected == actual, (day, expected, actual)
    return actual
# %%
answer(1, 21, sum(map(sum, rows)))
# %%
answer(2, 720, 1 * 2 * 3 * 4 * 5 * 6)
# %%
answers
# %%
try:
    answer(3, 1, 2)
except AssertionError as oops:
    print(oops)
answers
# %%
import heapq
heap = []
for item in [5, 1, 4, 2]:
    heapq.heappush(heap, item)
heapq.heappop(heap), heap
# %%
heapq.heappush(heap, 0)
heap[0], heapq.heappop(heap)
# %%
board = {(x, y): '.' for x in range(3) for y in range(3)}
board[1, 1] = '#'
def show():
    for y in range(3):
        print(''.join(board[x, y] for x in range(3)))
show()
# %%
board[0, 2] = 'O'
show()
# %%
seen = set()
def visit(p):
    if p in seen or p not in board or board[p] == '#':
        return
    seen.add(p)
    x, y = p
    for q in ((x + 1, y), (x - 1, y), (x, y + 1), (x, y - 1)):
        visit(q)
visit((0, 0))
len(seen)
# %%
print(seen)
# %%
frozen = frozenset(seen)
print(list(frozen)[:4], {frozenset({1, 2}), frozenset({2, 3})})
# %%
cells = {8, 0, 16, 24, 1}
cells.discard(0)
cells.add(32)
print(cells, list(cells))
# %%
print(cells, min(cells))
# %%
for c in list(cells):
    cells.add(c * 7 % 31)
cells
# %%
print([c for c in cells])
# %%
cells.pop(), cells.pop(), cells
# %%
table = [[None] * 5 for _ in range(5)]
def binom(n, k):
    if table[n][k] is None:
        table[n][k] = 1 if k in (0, n) else binom(n - 1, k - 1) + binom(n - 1, k)
    return table[n][k]
binom(4, 2)
# %%
table
# %%
cache = {}
def collatz(n):
    if n == 1: return 1
    if n not in cache:
        cache[n] = 1 + collatz(n // 2 if n % 2 == 0 else 3 * n + 1)
    return cache[n]
max(range(1, 3000), key=collatz)
# %%
len(cache), collatz(27)
# %%
import sys
sys.setrecursionlimit(5000)
def deep(n): return 0 if n == 0 else 1 + deep(n - 1)
deep(2500)
# %%
sys.getrecursionlimit()
# %%
from fractions import Fraction
from decimal import Decimal, getcontext
getcontext().prec = 6
Decimal(1) / Decimal(7), Fraction(3, 9)
# %%
Decimal(2).sqrt()
# %%
big = 2 ** 200
big, float('nan'), -0.0, 1e400, complex(1, -0.0)
# %%
import itertools
counter = itertools.count(10)
next(counter), next(counter)
# %%
next(counter)
# %%
cyc = itertools.cycle('ab')
[next(cyc) for _ in range(3)]
# %%
next(cyc)
# %%
e = enumerate('xyz')
next(e)
# %%
list(e)
# %%
m = map(str, [1, 2, 3])
next(m)
# %%
list(m), list(m)
# %%
r = reversed([1, 2, 3]); next(r)
# %%
list(r)
# %%
d = {1: 'a', 2: 'b', 3: 'c'}
del d[1]
d[1] = 'z'
d, list(d)
# %%
keys = d.keys()
d[9] = 'n'
keys
# %%
len(keys)
# %%
ks = iter(d)
next(ks)
# %%
list(ks)
# %%
nested = {'a': {'b': [1, 2]}}
inner = nested['a']['b']
inner.append(3)
nested
# %%
import json, pickle
json.dumps(nested), pickle.loads(pickle.dumps(nested)) == nested
# %%
inner.clear()
nested
# %%
i = 0
while i < 5:
    i += 2
else:
    print('ended', i)
# %%
i
# %%
from collections import OrderedDict, ChainMap
od = OrderedDict(a=1, b=2)
od.move_to_end('a')
od
# %%
od.popitem(last=False), od
# %%
cm = ChainMap({'x': 1}, {'x': 2, 'y': 3})
cm['y'] = 30
cm.maps
# %%
cm['y'], cm
