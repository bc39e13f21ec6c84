# %%
import numpy as np
import pandas as pd
pd.set_option('display.max_rows', 12)
# %%
np.random.seed(1)
df = pd.DataFrame({'city': ['NY', 'LA', 'SF'] * 5, 'n': np.random.randint(0, 100, 15), 'v': np.random.rand(15)})
df
# %%
df.head(3)
# %%
df['w'] = df.n * df.v
df.tail(2)
# %%
df.info()
# %%
df.describe()
# %%
by = df.groupby('city')
by
# %%
by['n'].agg(['sum', 'mean'])
# %%
for name, group in by:
    print(name, group.shape)
# %%
group.iloc[0]
# %%
sub = df[df.n > 50]
sub
# %%
try:
    sub['k'] = 1
except Exception as problem:
    print(type(problem))
sub.columns
# %%
df.loc[df.city == 'SF', 'n'] = 0
df.n.sum()
# %%
df.sort_values('v', inplace=True)
df.index
# %%
df.reset_index(drop=True, inplace=True)
df.iloc[:2]
# %%
s = df['n']
s.iloc[0] = -5
df.n.iloc[0], s.iloc[0]
# %%
df.rename(columns={'n': 'count'}, inplace=True)
df.columns
# %%
del df['w']
df.dtypes
# %%
t = df.pop('v')
t.name, df.shape
# %%
df = df.assign(v=t).dropna()
df.pivot_table('v', index='city', aggfunc='mean')
# %%
df.style.highlight_max(subset=['v'], color='yellow').set_uuid('fixed')
# %%
dates = pd.date_range('2020-01-01', periods=100, freq='D', tz='UTC')
ts = pd.Series(np.random.randn(100), index=dates)
ts.resample('ME').mean()
# %%
ts.rolling(10).mean().tail(3)
# %%
cat = pd.Categorical(['a', 'b', 'a'], categories=['b', 'a'], ordered=True)
cat
# %%
left = pd.DataFrame({'k': ['a', 'b'], 'l': [1, 2]})
right = pd.DataFrame({'k': ['a', 'c'], 'r': [3, 4]})
pd.merge(left, right, how='outer', indicator=True)
# %%
df.to_csv('out.csv', index=False)
# %%
pd.read_csv('out.csv').head(2)
# %%
import os
os.path.getsize('out.csv') > 10, sorted(os.listdir('.'))[-1]
# %%
with open('out.csv') as handle:
    print(handle.readline().strip())
handle.closed
# %%
mi = df.set_index(['city', 'count']).sort_index()
mi.loc['SF']
# %%
mi.index.names
# %%
df.query('v > v.mean() and city != "NY"')
# %%
limit = .5
df.query('v > @limit').shape, df.eval('v * 2').head(2)
# %%
pd.reset_option('display.max_rows')
pd.get_option('display.max_rows')
# %%
rows = df.itertuples()
next(rows)
# %%
next(rows)
# %%
pd.concat([df, df])['v'].plot
None
# %%
class Frame(pd.DataFrame):
    @property
    def _constructor(self):
        return Frame
    def total(self):
        return self['v'].sum()
fr = Frame(df)
round(fr.total(), 6), type(fr[fr.v > .5]).__name__
# %%
df.attrs['source'] = 'made up'
df.attrs
# %%
df.attrs, id(df) == id(df), df.copy().equals(df)
# %%
memo = df.city.map(str.lower).value_counts()
memo
