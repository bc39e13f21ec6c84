# %%
x = 10
x
# %%
_ + 1
# %%
__, _
# %%
Out[1], len(Out), In[1]
# %%
y = x; y
# %%
x; y
# %%
x = y = []
x.append(1)
y
# %%
x is y
# %%
del y
x
# %%
try:
    y
except NameError as e:
    print(e)
# %%
def outer(n):
    def inner():
        return n * len(x)
    return inner
f = outer(3)
f()
# %%
x.append(2)
f()
# %%
def counter():
    n = 0
    def tick():
        nonlocal n
        n += 1
        return n
    return tick
c = counter()
c()
# %%
c()
# %%
c(), c.__closure__[0].cell_contents
# %%
g = (n * n for n in range(5))
next(g)
# %%
sum(g)
# %%
print("to stdout")
import sys
print("to stderr", file=sys.stderr)
"and a value"
# %%
1 / 0
# %%
z = 5
raise ValueError("after a binding")
# %%
z
# %%
z: int = 7
__annotations__
# %%
import warnings
warnings.warn("careful")
# %%
def noisy():
    warnings.warn("from a function")
    return 1
# %%
noisy()
# %%
import inspect
print(inspect.getsource(noisy))
# %%
import traceback
def fail():
    return {}['nothing']
# %%
try:
    fail()
except KeyError:
    traceback.print_exc()
# %%
fail()
# %%
a, (b, *rest) = 1, (2, 3, 4)
rest
# %%
lst = [3, 1, 2]
lst.sort()
lst
# %%
lst2 = lst
lst2 += [0]
lst, lst2 is lst
# %%
t = ([1], 2)
try:
    t[0] += [5]
except TypeError as e:
    print('TypeError', e)
t
# %%
from dataclasses import dataclass, field
@dataclass(order=True)
class Card:
    rank: int
    suit: str = 'S'
    tags: list = field(default_factory=list)
hand = [Card(3), Card(1, 'H')]
sorted(hand)
# %%
hand[0].tags.append('low')
hand
# %%
from enum import Enum
class Color(Enum):
    RED = 1
    BLUE = 2
favourite = Color.RED
favourite
# %%
favourite is Color.RED, Color(2)
# %%
class Meta(type):
    registry = {}
    def __new__(cls, name, bases, space):
        made = super().__new__(cls, name, bases, space)
        cls.registry[name] = made
        return made
class Base(metaclass=Meta): pass
class Child(Base): pass
sorted(Meta.registry)
# %%
class Other(Base): pass
# %%
sorted(Meta.registry), Base.__subclasses__()
# %%
sentinel = object()
def pick(value=sentinel):
    return 'default' if value is sentinel else value
pick(), pick(sentinel), pick(3)
# %%
pick(), pick(sentinel) 
# %%
class Plugin:
    all = []
    def __init_subclass__(cls):
        Plugin.all.append(cls.__name__)
class One(Plugin): pass
# %%
class Two(Plugin): pass
Plugin.all
# %%
handlers = {}
def register(name):
    def deco(function):
        handlers[name] = function
        return function
    return deco
# %%
@register('double')
def double(v): return v * 2
# %%
handlers['double'](4), sorted(handlers)
# %%
from functools import singledispatch
@singledispatch
def show(v): return 'any'
# %%
@show.register
def _show_int(v: int): return 'int'
# %%
show(1), show('a')
# %%
with open('notes.txt', 'w') as out:
    for i in range(3):
        print('line', i, file=out)
# %%
open('notes.txt').read()
# %%
with open('notes.txt', 'a') as out:
    out.write('more\n')
# %%
len(open('notes.txt').readlines())
# %%
fh = open('notes.txt')
fh.readline()
# %%
fh.readline()
# %%
fh.close()
fh.closed
# %%
import os
os.environ['MODE'] = 'test'
# %%
os.environ['MODE'], os.environ.get('NOPE')
# %%
os.makedirs('sub', exist_ok=True)
os.chdir('sub')
# %%
os.path.basename(os.getcwd())
# %%
os.chdir('..')
sorted(p for p in os.listdir('.') if not p.startswith('.'))
# %%
from IPython.display import display, HTML, Markdown, clear_output
display(HTML('<b>bold</b>'), Markdown('*it*'))
handle = display('first', display_id='one')
# %%
handle.update('second')
# %%
for i in range(3):
    clear_output(wait=True)
    print(i)
# %%
%%time
q = 5
# %%
q
# %%
%%capture captured
print('hidden')
# %%
captured.stdout
# %%
files = !echo hello
files
# %%
exec('made = 5')
made
# %%
globals()['other'] = 6
other
# %%
del other, made
'other' in globals()
# %%
[v for v in dir() if v in ('x', 'y', 'z')]
# %%
sorted(n for n in globals() if n in ('a', 'b', 'rest'))
# %%
lambda v: v + 1
# %%
(lambda v: v + 1)(2)
# %%
import asyncio
async def later(v):
    await asyncio.sleep(0)
    return v
await later(3)
# %%
results = await asyncio.gather(*(later(n) for n in range(3)))
results
# %%
if x:
    print('inside')
    x
# %%
None
# %%
...
# %%
'last'
