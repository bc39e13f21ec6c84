# %%
class Account:
    """An account."""
    interest = 0.02
    accounts = {}
    next_id = 1

    def __init__(self, owner, balance=0):
        self.owner, self.balance = owner, balance
        self.id = Account.next_id
        Account.next_id += 1
        Account.accounts[self.id] = self

    def deposit(self, amount):
        self.balance += amount
        return self

    def __repr__(self):
        return f"Account({self.owner!r}, {self.balance})"
# %%
a = Account('ann', 10)
b = Account('bob')
a, b
# %%
Account.accounts, Account.next_id
# %%
a.deposit(5).deposit(1)
# %%
Account.accounts[1] is a, a.balance
# %%
Account.interest = 0.05
a.interest, b.interest
# %%
def report(self):
    return f"{self.owner}: {self.balance}"
Account.report = report
a.report()
# %%
b.report()
# %%
a.note = 'instance attribute'
vars(a)
# %%
class Savings(Account):
    def deposit(self, amount):
        super().deposit(amount * 2)
        return self
s = Savings('sue')
s.deposit(3)
# %%
sorted(Account.accounts), type(Account.accounts[3]).__name__
# %%
class Stack:
    def __init__(self, items=[]):
        self.items = items
one, two = Stack(), Stack()
one.items.append(1)
two.items
# %%
two.items.append(2)
one.items, one.items is two.items
# %%
class Vector:
    __slots__ = ('x', 'y')
    def __init__(self, x, y):
        self.x, self.y = x, y
    def __add__(self, o):
        return Vector(self.x + o.x, self.y + o.y)
    def __eq__(self, o):
        return (self.x, self.y) == (o.x, o.y)
    def __hash__(self):
        return hash((self.x, self.y))
    def __repr__(self):
        return f"V({self.x}, {self.y})"
v = Vector(1, 2) + Vector(3, 4)
v
# %%
v.x = 100
v, {v: 'key'}
# %%
class Lazy:
    @property
    def value(self):
        if not hasattr(self, '_value'):
            print('computing')
            self._value = 42
        return self._value
lazy = Lazy()
lazy.value
# %%
lazy.value
# %%
from functools import cached_property, total_ordering, wraps
class Data:
    @cached_property
    def total(self):
        print('summing')
        return 10
data = Data()
data.total
# %%
data.total
# %%
import logging
logger = logging.getLogger('book')
logger.warning('watch out')
# %%
logging.basicConfig(format='%(levelname)s:%(message)s', level=logging.INFO, force=True)
logger.info('shown now')
# %%
logger.info('still shown')
# %%
def count_calls(function):
    @wraps(function)
    def wrapper(*args):
        wrapper.calls += 1
        return function(*args)
    wrapper.calls = 0
    return wrapper
# %%
@count_calls
def square(n):
    return n * n
square(3), square(4)
# %%
square.calls
# %%
square(5), square.calls
# %%
class Singleton:
    _instance = None
    def __new__(cls):
        if cls._instance is None:
            print('new')
            cls._instance = super().__new__(cls)
        return cls._instance
s1 = Singleton()
# %%
s2 = Singleton()
s1 is s2
# %%
class Graph(dict):
    def link(self, a, b):
        self.setdefault(a, []).append(b)
        self.size = len(self)
g = Graph()
g.link('a', 'b')
g, g.size
# %%
g.link('b', 'c')
g, g.size
# %%
import copy
h = copy.deepcopy(g)
h.link('z', 'y')
g == h, len(h)
# %%
import weakref
class Thing: pass
thing = Thing()
ref = weakref.ref(thing)
ref() is thing
# %%
ref() is thing
# %%
class Matrix(list):
    pass
m = Matrix([[1, 2], [3, 4]])
m.name = 'm'
# %%
m.append([5, 6])
m, m.name
# %%
from abc import ABC, abstractmethod
class Shape(ABC):
    @abstractmethod
    def area(self): ...
class Square(Shape):
    def __init__(self, a): self.a = a
    def area(self): return self.a ** 2
shapes = [Square(2), Square(3)]
sum(s.area() for s in shapes)
# %%
Shape.register(int)
isinstance(3, Shape)
# %%
isinstance(4, Shape)
# %%
Savings.mro()[1].__name__, Account.__doc__
