# %%
%matplotlib inline
import numpy as np
import scipy.stats as st
from scipy.optimize import minimize
from scipy.integrate import odeint
from scipy import sparse, linalg
import matplotlib.pyplot as plt
# %%
history = []
def rosen(p):
    history.append(p.copy())
    return (1 - p[0]) ** 2 + 100 * (p[1] - p[0] ** 2) ** 2
res = minimize(rosen, [0, 0])
res.x.round(3), len(history) > 5
# %%
len(history), history[0]
# %%
def lorenz(s, t, a=10., b=8 / 3, c=28.):
    x, y, z = s
    return a * (y - x), x * (c - z) - y, x * y - b * z
t = np.linspace(0, 5, 200)
path = odeint(lorenz, (1., 1., 1.), t)
path[-1].round(4)
# %%
x, y, z = path.T
x.base is path, x.flags.owndata, x.strides
# %%
x[0] = 77
path[0]
# %%
S = sparse.csr_matrix(np.eye(4))
S[0, 3] = 2.
S.toarray()
# %%
S.data[0] = 9
S.nnz, S.toarray()[0]
# %%
norm = st.norm(1, 2)
norm.mean(), norm.cdf(1)
# %%
norm.rvs(3, random_state=1)
# %%
lu, piv = linalg.lu_factor(np.array([[4., 3], [6, 3]]))
linalg.lu_solve((lu, piv), [1, 2])
# %%
poly = np.poly1d([1, 2, 3])
poly(2), poly
# %%
@np.vectorize
def clip(v, top=3):
    return min(v, top)
clip([1, 5])
# %%
grid = np.mgrid[0:3, 0:3]
X, Y = grid
X += 1
grid[0]
# %%
life = np.zeros((6, 6), int)
life[2, 1:4] = 1
def evolve(board):
    n = sum(np.roll(np.roll(board, i, 0), j, 1) for i in (-1, 0, 1) for j in (-1, 0, 1) if (i, j) != (0, 0))
    return ((n == 3) | (board & (n == 2))).astype(int)
for _ in range(3):
    life = evolve(life)
print(life)
# %%
frames = [life]
for _ in range(2):
    frames.append(evolve(frames[-1]))
frames[0] is life, len(frames)
# %%
plt.imshow(life); plt.axis('off');
# %%
def draw(k):
    fig, ax = plt.subplots(figsize=(2, 2))
    ax.plot(path[:, k])
    return fig
draw(0)
# %%
figs = [draw(k) for k in range(2)]
# %%
figs[1]
# %%
np.seterr(divide='ignore')
np.array([1.]) / 0
# %%
np.log(np.zeros(1))
# %%
old = np.seterr(divide='warn')
np.log(np.zeros(1))
# %%
np.random.seed(8)
sample = np.random.exponential(size=50)
print(f"{sample.mean():.3f}")
# %%
st.ttest_1samp(sample, 1).pvalue.round(3)
# %%
boot = [np.random.choice(sample, 50).mean() for _ in range(100)]
np.percentile(boot, [5, 95]).round(3)
# %%
np.random.rand()
