# %%
%matplotlib inline
import matplotlib.pyplot as plt
import numpy as np
# %%
x = np.linspace(0, 10, 50)
plt.plot(x, np.sin(x))
# %%
plt.plot(x, np.cos(x));
# %%
fig, ax = plt.subplots()
ax.plot(x, x ** 2)
ax.set_title('squares')
# %%
ax.set_xlabel('x')
fig
# %%
fig.savefig('squares.png')
import os
os.path.exists('squares.png')
# %%
from IPython.display import Image
Image('squares.png').width, len(Image('squares.png').data) > 100
# %%
plt.style.use('ggplot')
# %%
plt.hist(np.random.RandomState(3).randn(200), bins=10)
plt.show()
print('after the figure')
# %%
plt.rcParams['lines.linewidth'] = 4
plt.plot([1, 2, 3]);
# %%
with plt.rc_context({'axes.grid': False}):
    plt.figure(figsize=(3, 2))
    plt.bar([1, 2], [3, 4])
# %%
fig2 = plt.figure()
for i in range(1, 5):
    a = fig2.add_subplot(2, 2, i)
    a.text(.5, .5, str(i))
# %%
len(fig2.axes), fig2.axes[0].get_title(), ax.get_xlabel()
# %%
plt.get_fignums()
# %%
lines = plt.plot(x, x, 'r--', label='line')
plt.legend()
# %%
lines[0].get_color(), len(lines)
# %%
plt.rcdefaults()
plt.imshow(np.arange(16).reshape(4, 4))
plt.colorbar()
# %%
f, axes = plt.subplots(1, 2, figsize=(4, 2))
axes[0].scatter(x, x)
plt.close(f)
# %%
f
# %%
axes.shape
# %%
%config InlineBackend.figure_format = 'retina'
# %%
plt.plot([3, 1, 2])
print('done')
# %%
import pandas as pd
pd.DataFrame({'a': [1, 2, 3]}).plot()
# %%
ax3 = pd.Series([1, 3, 2]).plot(kind='bar')
ax3.set_ylabel('n')
# %%
ax3.get_ylabel()
# %%
ax3.figure
