# %%
import numpy as np
class Layer:
    """One layer of a network."""
    def __init__(self, n, m, rng):
        self.W = rng.normal(size=(n, m)) * .1
        self.b = np.zeros(m)
    def forward(self, X):
        self.X = X
        return np.tanh(X @ self.W + self.b)
    def backward(self, grad, lr):
        self.W -= lr * self.X.T @ grad
        self.b -= lr * grad.sum(0)
# %%
rng = np.random.default_rng(0)
X = rng.normal(size=(20, 3))
y = (X[:, :1] > 0).astype(float)
layer = Layer(3, 1, rng)
layer.W
# %%
losses = []
for epoch in range(5):
    out = layer.forward(X)
    losses.append(float(((out - y) ** 2).mean()))
    layer.backward((out - y) / len(X), .5)
losses
# %%
layer.W.round(3), layer.X is X
# %%
for epoch in range(5):
    out = layer.forward(X)
    losses.append(float(((out - y) ** 2).mean()))
    layer.backward((out - y) / len(X), .5)
len(losses), losses[-1]
# %%
params = {'w': layer.W, 'b': layer.b}
params['w'] is layer.W
# %%
params['w'][:] = 0
layer.W
# %%
rng.normal(size=2)
# %%
class Env:
    def __init__(self, seed):
        self.rng = np.random.RandomState(seed)
        self.state = 0
    def step(self, action):
        self.state += action
        return self.state, self.rng.rand()
env = Env(1)
env.step(1)
# %%
env.step(2)
# %%
Q = {}
for episode in range(20):
    s = episode % 4
    Q[s] = Q.get(s, 0) * .9 + env.step(s)[1]
{k: round(v, 3) for k, v in Q.items()}
# %%
def train(model, n, log={}):
    log[n] = log.get(n, 0) + 1
    return dict(log)
train(layer, 1), train(layer, 2)
# %%
train(layer, 1)
# %%
tests_passed = 0
def check(condition):
    global tests_passed
    tests_passed += bool(condition)
    print('ok' if condition else 'FAILED')
# %%
check(layer.W.sum() == 0)
# %%
check(len(losses) == 10)
# %%
print(f"{tests_passed} passed")
# %%
import types
module = types.SimpleNamespace(rate=.1, steps=[])
module.steps.append(1)
module
# %%
module.rate *= 2
module
# %%
import sys
mod = types.ModuleType('made')
mod.value = 3
sys.modules['made'] = mod
# %%
import made
made.value
# %%
made.value += 1
mod.value
# %%
import unittest
class T(unittest.TestCase):
    def test_it(self):
        self.assertEqual(1, 1)
suite = unittest.defaultTestLoader.loadTestsFromTestCase(T)
unittest.TextTestRunner(stream=sys.stdout, verbosity=0, descriptions=False).run(suite).wasSuccessful()
# %%
from concurrent.futures import ThreadPoolExecutor
with ThreadPoolExecutor(2) as pool:
    squares = list(pool.map(lambda v: v * v, range(5)))
squares
# %%
import time
start = time.time()
time.sleep(.01)
time.time() - start > 0
# %%
matrix = [[1, 2], [3, 4]]
flat = [v for row in matrix for v in row]
transposed = list(zip(*matrix))
flat, transposed, row if 'row' in globals() else 'no row'
# %%
for row in matrix:
    row[0] *= 10
matrix, row
# %%
print(*matrix, sep='\n')
# %%
s = slice(0, 2); r = range(5)
flat[s], r[1:3], s
# %%
f = open
f is open, print, len
