# %%
import numpy as np
rng = np.random.RandomState(0)
np.random.seed(42)
# %%
x1 = np.random.randint(10, size=6)
x2 = np.random.randint(10, size=(3, 4))
x1, x2
# %%
print("ndim", x2.ndim, "shape", x2.shape, "dtype", x2.dtype, "strides", x2.strides)
print(x2.flags)
# %%
x2_sub = x2[:2, :2]
print(x2_sub)
# %%
x2_sub[0, 0] = 99
x2
# %%
x2_copy = x2[:2, :2].copy()
x2_copy[0, 0] = 42
print(x2_copy, x2, x2_sub.base is x2, x2_copy.base is None, x2_copy.flags.owndata)
# %%
a = np.arange(12)
b = a.view()
c = a.reshape(3, 4)
b.base is a, c.base is a, b.flags.owndata, a.flags.owndata, c.strides
# %%
c[0, 0] = 1234
a
# %%
d = np.floor(10 * rng.rand(3, 4))
d
# %%
d.resize((2, 6))
d
# %%
f = np.asfortranarray(np.arange(6.).reshape(2, 3))
g = f.T
f.flags.f_contiguous, g.flags.c_contiguous, g.strides
# %%
f.ravel(order='K'), g.ravel(order='K'), g.flags.owndata
# %%
big = np.random.rand(200000)
%timeit -n 1 -r 1 sum(big[:10])
# %%
big[:3], big.sum()
# %%
big.sort()
big[:3]
# %%
i = np.argsort(x1)
x1[i], i
# %%
x = np.zeros(10)
np.add.at(x, [0, 1, 1, 1], 1)
x
# %%
data = np.zeros(4, dtype={'names': ('name', 'age'), 'formats': ('U10', 'i4')})
data['name'] = ['Alice', 'Bob', 'Cathy', 'Doug']
data['age'] = [25, 45, 37, 19]
data
# %%
data[data['age'] < 30]['name']
# %%
rec = data.view(np.recarray)
rec.age[0] = 26
data, rec.age
# %%
M = rng.normal(size=(3, 3))
M - M.mean(0)
# %%
rng.rand(3)
# %%
rng2 = np.random.default_rng(7)
rng2.random(3)
# %%
rng2.random(3), rng2.integers(10, size=3)
# %%
np.set_printoptions(precision=3)
M
# %%
np.random.rand(2)
# %%
1 / np.array([0., 1., 2.])
# %%
mask = np.ma.masked_array([1, 2, 3], mask=[0, 1, 0])
mask
# %%
mask[0] = 50
mask.mean(), mask
# %%
L = list(range(10))
A = np.array(L)
Z = A
Z += 1
A, Z is A
# %%
it = np.nditer(A)
[int(next(it)) for _ in range(3)]
# %%
[int(v) for v in it]
# %%
np.shares_memory(a, c), np.may_share_memory(x2, x2_sub)
# %%
A[3:6] = -1
part = A[2:7:2]
part *= 10
A
# %%
part, part.base is A
