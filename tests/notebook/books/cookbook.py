# %%
import io, json, sqlite3
import numpy as np
import pandas as pd
# %%
csv = io.StringIO("date,path,n\n2020-01-01,a,3\n2020-01-02,b,4\n2020-01-03,a,5\n")
bikes = pd.read_csv(csv, parse_dates=['date'], index_col='date')
bikes
# %%
csv.read()
# %%
bikes.loc[:, 'weekday'] = bikes.index.weekday
bikes
# %%
counts = bikes.groupby('path').n.sum()
counts
# %%
counts.index.name = 'where'
counts
# %%
bikes.n.where(bikes.n > 3)
# %%
con = sqlite3.connect('bikes.db')
bikes.reset_index().to_sql('bikes', con, if_exists='replace', index=False)
# %%
pd.read_sql('select path, sum(n) n from bikes group by path', con)
# %%
cur = con.cursor()
cur.execute('insert into bikes values ("2020-01-04", "c", 9, 1)')
con.commit()
# %%
pd.read_sql('select count(*) c from bikes', con)
# %%
con.close()
# %%
bikes['n'] += 1
bikes.n.tolist()
# %%
backup = bikes
bikes = bikes.copy()
bikes.iloc[0, 1] = 1000
backup.n.iloc[0], bikes.n.iloc[0]
# %%
bikes.index = bikes.index + pd.Timedelta('1D')
bikes.index[0], backup.index[0]
# %%
frames = {name: part for name, part in bikes.groupby('path')}
frames['a']
# %%
frames['a']['extra'] = 1
list(frames['a']), list(bikes)
# %%
bikes['path'] = bikes['path'].astype('category')
bikes.dtypes
# %%
bikes.path.cat.rename_categories({'a': 'A'})
# %%
bikes.path.cat.categories
# %%
with pd.option_context('display.precision', 1):
    print(pd.DataFrame({'v': [1.23456]}))
# %%
pd.DataFrame({'v': [1.23456]})
# %%
pd.options.display.float_format = '{:.2f}'.format
# %%
pd.DataFrame({'v': [1.23456]})
# %%
bikes.apply(lambda row: row.n * 2, axis=1)
# %%
seen = []
bikes.n.map(lambda v: seen.append(v) or v)
# %%
seen
# %%
json.dump({'a': [1, 2]}, open('d.json', 'w'))
# %%
json.load(open('d.json'))
# %%
writer = open('log.txt', 'w')
writer.write('one\n')
# %%
writer.write('two\n')
writer.close()
# %%
print(open('log.txt').read())
# %%
import os
os.remove('log.txt')
os.path.exists('log.txt')
# %%
pd.Series([1, 2, 3]).to_pickle('s.pkl')
pd.read_pickle('s.pkl').sum()
# %%
np.save('a.npy', np.arange(4))
np.load('a.npy')
# %%
mm = np.load('a.npy', mmap_mode='r')
mm[1:3]
# %%
np.savez('z.npz', a=[1], b=[2])
z = np.load('z.npz')
sorted(z.files)
# %%
z['a']
# %%
pd.Timestamp('2020-01-01') + pd.offsets.MonthEnd(1)
# %%
idx = pd.IndexSlice
mi = pd.DataFrame(np.arange(8).reshape(4, 2), index=pd.MultiIndex.from_product([['a', 'b'], [1, 2]]), columns=list('xy'))
mi.loc[idx[:, 1], :]
# %%
mi.loc[('b', 2), 'x'] = -1
mi.unstack()
# %%
chunks = pd.read_csv(io.StringIO('a\n1\n2\n3\n4\n'), chunksize=2)
next(chunks)
# %%
next(chunks)
# %%
@pd.api.extensions.register_dataframe_accessor('mine')
class Mine:
    def __init__(self, obj):
        self.obj = obj
    def size(self):
        return self.obj.size
bikes.mine.size()
# %%
mi.mine.size()
# %%
from tqdm.auto import tqdm
tqdm.pandas()
# %%
import sys
mi.x.progress_apply(lambda v: v + 1).tolist()
