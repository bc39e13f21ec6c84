"""Whatever a notebook does, its stages give what its cells give: run plainly, run as stages, and brought back.

Each program is cells and an expression; the expression must say the same all three times. The verdicts are those of
the cells when they come back: `+` a hit, `-` a run because the stage can't be kept, with the reason it gives.
"""

from __future__ import annotations

import pytest

# name: (cells, expression, verdicts on coming back)
KEPT = {
    "value": (["x = [1, 2, 3]", "y = sum(x)"], "[x, y]"),
    "list_changed_in_place": (["x = [1]", "x.append(2)\nz = 1", "y = list(x)"], "[x, y]"),
    "dict_changed_in_place": (["d = {'a': 1}", "d['b'] = 2; del d['a']", "e = dict(d)"], "[d, e]"),
    "changed_twice": (["x = [0]", "x.append(len(x))\nz = 1", "x.append(len(x))\nz = 1"], "x"),
    "changed_by_a_helper": (
        ["log = []\ndef note(v):\n    log.append(v)\n    return v", "a = note(1)\nz = 1", "b = note(2)\nz = 2"],
        "[log, a, b]",
    ),
    "column_added": (
        ["import pandas as pd\ndf = pd.DataFrame({'a': [1, 2]})", "df['b'] = df.a * 2\nz = 1", "t = int(df.b.sum())"],
        "[df.to_dict('list'), t]",
    ),
    "columns_renamed": (
        ["import pandas as pd\ndf = pd.DataFrame({'a': [1]})", "df.columns = ['z']\ndf.attrs['k'] = 1"],
        "[list(df), df.attrs]",
    ),
    "series_renamed": (["import pandas as pd\ns = pd.Series([1], name='a')", "s.name = 'q'\nz = 1"], "s.name"),
    "array_changed_in_place": (
        ["import numpy as np\na = np.arange(5)", "a[2] = 100", "b = a.copy()"],
        "[a.tolist(), b.tolist()]",
    ),
    "pandas_array_changed_in_place": (
        ["import pandas as pd\na = pd.array([1, 2])", "a[0] = 9\nz = 1", "b = a.copy()"],
        "[a.tolist(), b.tolist()]",
    ),
    "flags_of_a_frame_changed_in_place": (
        ["import pandas as pd\nd = pd.DataFrame({'a': [1]})", "d.flags.allows_duplicate_labels = False"],
        "d.flags.allows_duplicate_labels",
    ),
    "index_renamed_in_place": (
        ["import pandas as pd\ni = pd.Index([1, 2], name='q')", "i.name = 'r'\nz = 1", "x = i", "x.name = 's'\nz = 2"],
        "[i.name, x.name, x is i]",
    ),
    "index_of_a_frame_renamed_in_place": (
        [
            "import pandas as pd\ndf = pd.DataFrame({'a': [1]}, index=pd.Index([1], name='q'))",
            "i = df.index\nz = 1",
            "i.name = 'r'\nz = 2",
            "df['b'] = 2\ni.name = 's'",
        ],
        "[i.name, df.index.name, i is df.index, list(df)]",
    ),
    "frame_made_on_an_index": (
        ["import pandas as pd\ni = pd.Index([1], name='q')", "df = pd.DataFrame({'a': [1]}, index=i)", "i.name = 'r'"],
        "[i.name, df.index.name, i is df.index]",
    ),
    "alias": (["a = [1]", "b = a", "b.append(5)\nz = 1"], "[a, b, a is b]"),
    "alias_made_together": (["a = b = [1]", "a.append(2)\nz = 1"], "[a, b, a is b]"),
    "part_of_another": (["a = {'k': [1]}", "c = a['k']", "c.append(2)\nz = 1"], "[a, c, a['k'] is c]"),
    "object_that_holds_anothers": (
        ["a = [1]", "class H: pass\nh = H()\nh.a = a\nz = 1", "h.a.append(3)\nz = 2"],
        "[a, h.a is a]",
    ),
    "object_that_holds_what_it_changes": (
        ["a = [1]", "class H: pass\nh = H()\nh.a = a\na.append(7)\nz = 1"],
        "[a, h.a is a]",
    ),
    "dict_of_frames": (
        ["import pandas as pd\nd = {'x': pd.DataFrame({'a': [1]})}", "d['x']['b'] = 2\nd['y'] = d['x']\nz = 1"],
        "[list(d['x']), d['y'] is d['x']]",
    ),
    "cycle": (["a = [1]\na.append(a)", "a.append(2)\nn = len(a[1])"], "[n, a[1] is a]"),
    "deque_with_an_end": (
        ["from collections import deque\nq = deque([1], maxlen=2)", "q.append(2)\nz = 1", "q.append(3)\nz = 1"],
        "list(q)",
    ),
    "counter_and_defaultdict": (
        [
            "from collections import Counter, defaultdict\nc, d = Counter('aab'), defaultdict(list)",
            "c.update('b')\nd['x'].append(1)\nz = 1",
        ],
        "[c, d, d['new']]",
    ),
    "place_in_a_text_buffer": (
        ["import io\ns = io.StringIO('abc')", "a = s.read(1)\nz = 1", "b = s.read(1)"],
        "[a, b]",
    ),
    "names_swapped": (["a, b = [1], [2]", "a, b = b, a", "a.append(9)\nz = 1"], "[a, b]"),
    "name_bound_from_itself": (["x = 1", "x = x + 1", "x += 10"], "x"),
    "name_removed": (["x, y = 1, 2", "del x"], "['x' in globals(), y]"),
    "name_bound_through_a_helper": (["def f(v):\n    global g\n    g = v", "f(5)\nz = 1", "r = g"], "[g, r]"),
    "name_counted_through_a_helper": (
        ["c = 0\ndef f():\n    global c\n    c += 1\n    return c", "r = f()", "q = f()"],
        "[c, r, q]",
    ),
    "name_removed_through_a_helper": (["g = 1\ndef f():\n    global g\n    del g", "f()\nz = 1"], "'g' in globals()"),
    "name_of_a_loop": (["for i in range(3): pass", "j = i"], "[i, j]"),
    "definitions": (
        [
            "import math\nfrom os import path as p\nTWO = 2\ndef twice(x):\n    return TWO * x\nclass A:\n    n = 1\n    def f(self): return twice(self.n)",  # noqa: E501 - one cell
            "a = A()\na.m = math.floor(2.5)",
            "r = [a.f(), twice(4), p.join('a', 'b')]",
        ],
        "[r, a.m, type(a) is A, A.f.__qualname__]",
    ),
    "dataclass": (
        [
            "from dataclasses import dataclass, field\n@dataclass\nclass P:\n    x: int = 1\n    l: list = field(default_factory=list)",  # noqa: E501 - one cell
            "p = P()\np.l.append(1)",
        ],
        "[p.x, p.l, p == P(1, [1]), P().l]",
    ),
    "named_tuple_and_enum": (
        [
            "from collections import namedtuple\nfrom enum import Enum\nP = namedtuple('P', 'a b')\nE = Enum('E', 'X Y')\np = P(1, E.X)",  # noqa: E501 - one cell
            "r = p.a",
        ],
        "[r, type(p) is P, p.b is E.X]",
    ),
    "decorated": (["def d(f):\n    return lambda *a: f(*a) + 1\n@d\ndef h(x): return x", "r = h(1)"], "[r, h(5)]"),
    "star_import": (["from math import *", "r = sqrt(4)"], "[r, pi]"),
    "import_used_by_plain_cells": (["import json as J, os.path"], "[J.dumps([1]), os.path.join('a', 'b')]"),
    "seeded_draw": (
        ["import random\nrandom.seed(3)\na = random.random()", "b = random.random()"],
        "[a, b, random.random()]",
    ),
    "seeded_draw_of_numpy": (
        ["import numpy as np\nnp.random.seed(3)", "a = np.random.rand()\nz = 1", "b = np.random.rand()\nz = 2"],
        "[a, b, np.random.rand()]",
    ),
    "generator_of_its_own": (
        ["import numpy as np\nrng = np.random.default_rng(0)", "x = rng.random()", "y = rng.random()"],
        "[x, y, rng.random()]",
    ),
    "environment_variable": (
        ["import os\nos.environ['COLOUR'] = 'red'", "c = os.environ['COLOUR']"],
        "[c, os.environ['COLOUR']]",
    ),
    "path": (["import sys\nsys.path.append('/nowhere')"], "sys.path.count('/nowhere')"),
    "pandas_option": (
        ["import pandas as pd\npd.set_option('display.max_rows', 7)"],
        "pd.get_option('display.max_rows')",
    ),
    "closed_file": (
        ["open('z', 'w').write('9')\nwith open('z') as f:\n    t = f.read()", "u = t + '1'"],
        "[u, f.closed, f.name, f.mode]",
    ),
    "folder_made": (["import os\nos.makedirs('made/deep', exist_ok=True)"], "__import__('os').path.isdir('made/deep')"),
    "fitted_model": (
        [
            "from sklearn.linear_model import LinearRegression\nm = LinearRegression().fit([[1], [2]], [1, 2])",
            "r = round(float(m.predict([[3]])[0]), 3)",
            "m.fit([[1], [2]], [2, 4])\nz = 1",
        ],
        "[r, round(float(m.predict([[3]])[0]), 3)]",
    ),
    "view": (
        ["import numpy as np\na = np.arange(5)\nb = a[1:3]", "b[0] = 50\nz = 1"],
        "[a.tolist(), b.tolist(), np.shares_memory(a, b)]",
    ),
    "view_of_an_earlier_stage": (
        ["import numpy as np\na = np.arange(5)", "b = a[1:3]", "b[0] = 7\nz = 1"],
        "[a.tolist(), b.tolist()]",
    ),
    "views_of_an_array_without_a_name": (
        [
            "import numpy as np\nx, y = np.mgrid[0:3, 0:3]\na, b = np.arange(6).reshape(3, 2).T",
            "a[0] = 7\nx[0] = 5\nz = 1",
        ],
        "[x.tolist(), y.tolist(), a.tolist(), b.tolist(), x.base is y.base]",
    ),
    "view_of_an_array_in_another_value": (
        ["import numpy as np\nd = {'data': np.arange(6.0)}\nf = d['data'].reshape(2, 3).T", "f[0] = 7\nz = 1"],
        "[d['data'].tolist(), f.tolist(), np.shares_memory(f, d['data'])]",
    ),
    "columns_seen_as_arrays": (
        [
            "import numpy as np, pandas as pd\ndf = pd.DataFrame({'a': [1.0, 2], 'b': [3.0, 4]})\nv, w = df['a'].values, df.values",  # noqa: E501 - one cell
            "h = [np.asarray(df), df.a.to_numpy()]",
            "u = df.b.to_numpy()",
        ],
        "[df.__setitem__('c', 1), df.loc.__setitem__((0, 'a'), 9.0), v.tolist(), w.tolist(), h[0].tolist(), h[1].tolist(), u.tolist(), v.flags.writeable]",  # noqa: E501 - one expression
    ),
    "series_seen_as_an_array": (
        ["import pandas as pd\ns = pd.Series(pd.to_datetime(['2020-01-01']))\nv = s.values", "w = s.to_numpy()[:1]"],
        "[s.iloc.__setitem__(0, pd.Timestamp(0)), str(v), str(w)]",
    ),
    "array_seen_as_a_frame": (
        [
            "import numpy as np, pandas as pd\na = np.zeros((2, 2))",
            "d = pd.DataFrame(a, copy=False)\ne = pd.DataFrame(a, copy=False)",
            "s = pd.Series(a[0], copy=False)",
        ],
        "[a.__setitem__((0, 0), 3), d.iloc.__setitem__((1, 1), 4), e.iloc.__setitem__((0, 1), 5), a.tolist(), d.values.tolist(), e.values.tolist(), s.tolist()]",  # noqa: E501 - one expression
    ),
    "frames_that_copy_before_a_change": (
        ["import pandas as pd\ndf = pd.DataFrame({'a': [1.0, 2]})\ns = df['a']", "e = df[:]"],
        "[df.loc.__setitem__((0, 'a'), 9.0), s.__setitem__(1, 5.0), s.tolist(), df.a.tolist(), e.a.tolist()]",
    ),
    "array_of_a_frame_that_is_changed": (
        ["import pandas as pd\ndf = pd.DataFrame({'a': [1.0, 2]})", "df['b'] = 1\nv = df['a'].values"],
        "[df.loc.__setitem__((0, 'a'), 9.0), v.tolist()]",
    ),
    "array_of_a_frame_that_another_one_shares": (
        ["import pandas as pd\ndf = pd.DataFrame({'a': [1.0, 2]})\ns = df['a']\nv = s.values"],
        "[df.loc.__setitem__((0, 'a'), 9.0), s.__setitem__(1, 5.0), v.tolist()]",
    ),
    "columns_for_a_model": (
        [
            "import pandas as pd\ndf = pd.DataFrame({'a': [1.0, 2], 'b': [3.0, 4], 't': [0.0, 1]})\nX, y = df.drop(columns='t').values, df['t']",  # noqa: E501 - one cell
            "V, w = df.drop(columns='t').values, df['t']",
        ],
        "[df.loc.__setitem__((0, 'a'), 9.0), X.tolist(), V.tolist(), y.tolist(), y.__setitem__(0, 7), w.tolist(), df.t.tolist()]",  # noqa: E501 - one expression
    ),
    "columns_for_a_model_of_a_frame_that_is_gone": (
        [
            "import pandas as pd\ndf = pd.DataFrame({'a': [1.0, 2], 'b': [3.0, 4]})\nX, y = df[['a']], df['b']\nv = X.values\ndel df",  # noqa: E501 - one cell
        ],
        "[X.loc.__setitem__((0, 'a'), 9.0), v.tolist(), X.values.tolist(), y.tolist()]",
    ),
    "column_that_pandas_keeps_in_its_own_array": (
        [
            "import pandas as pd\ndf = pd.DataFrame({'t': ['a', 'b'], 'n': pd.array([1, 2]), 'c': pd.Categorical(['p', 'q'])})\nt, n, c = df['t'], df['n'], df['c']",  # noqa: E501 - one cell
        ],
        "[t.__setitem__(0, 'z'), n.__setitem__(0, 9), c.__setitem__(0, 'q'), t.tolist(), df.astype(str).values.tolist()]",  # noqa: E501 - one expression
    ),
    "frame_shared_before_an_array_of_it_is_made": (
        [
            "import pandas as pd\ndf = pd.DataFrame({'a': [1.0, 2], 'b': [3.0, 4]})\ns = df['a']",
            "v = df['b'].values",
        ],
        "[df.loc.__setitem__((0, 'b'), 9.0), v.tolist(), s.tolist()]",
    ),
    "frame_shared_after_an_array_of_it_is_made": (
        [
            "import pandas as pd\ndf = pd.DataFrame({'a': [1.0, 2], 'b': [3.0, 4]})",
            "v = df['b'].values",
            "s = df[['a']]",
        ],
        "[df.loc.__setitem__((0, 'b'), 9.0), v.tolist(), s.a.tolist()]",
    ),
    "index_that_shares_a_column": (
        ["import pandas as pd\ns = pd.Series([1.0, 2])\nv = s.values", "i = pd.Index(s)\nz = 1"],
        "[s.__setitem__(0, 9.0), v.tolist(), i.tolist()]",
    ),
    "array_of_a_frame_whose_elements_are_changed": (
        [
            "import pandas as pd\ndf = pd.DataFrame({'a': [1.0, 2], 'b': [3.0, 4]})\ns = pd.Series(pd.to_datetime(['2020-01-01']))",  # noqa: E501 - one cell
            "v, w = df['a'].values, s.values",
            "df.loc[0, 'a'] = 9\ns[0] = pd.Timestamp('1999-09-09')\nu = df['a'].values",
        ],
        "[v.tolist(), str(w), df.a.tolist(), df.loc.__setitem__((1, 'a'), 7.0), v.tolist(), u.tolist()]",
    ),
    "array_of_a_frame_that_gets_and_loses_columns": (
        [
            "import pandas as pd\ndf = pd.DataFrame({'a': [1.0, 2], 'b': [3.0, 4]})",
            "v = df['b'].values",
            "df['c'] = 1\ndf['a'] = 0\ndf.rename(columns=str.upper, inplace=True)",
        ],
        "[df.loc.__setitem__((0, 'B'), 9.0), v.tolist(), df.values.tolist()]",
    ),
    "array_of_a_frame_that_pandas_copies_before_a_change": (
        [
            "import pandas as pd\ndf = pd.DataFrame({'a': [1.0, 2]})\nv, s = df['a'].values, df['a']",
            "df.loc[0, 'a'] = 9",
        ],
        "[v.tolist(), s.tolist(), df.a.tolist(), s.__setitem__(1, 5.0), v.tolist(), df.a.tolist()]",
    ),
    "one_of_several_frames_changed_in_place": (
        [
            "import pandas as pd\nd = {n: pd.DataFrame({'a': [1.0, 2]}) for n in 'xy'}\nv = d['x'].a.values",
            "d['y'].loc[0, 'a'] = 5\nz = 1",
        ],
        "[d['x'].loc.__setitem__((0, 'a'), 9.0), v.tolist(), d['y'].a.tolist()]",
    ),
    "frame_of_some_rows_that_gets_another_column": (
        [
            "import pandas as pd\ndf = pd.DataFrame({'a': [1, 2, 3], 'b': [1.0, 2, 3], 'c': list('xyz')})",
            "df['d'] = df['a']",
            "df = df.query('a > 1')",
            "df['b'] = df['b'].astype(int)",
        ],
        "[df.values.tolist(), df.dtypes.astype(str).tolist()]",
    ),
    "frame_with_a_time_zone_that_gets_a_column": (
        ["import pandas as pd\ndf = pd.DataFrame({'t': pd.to_datetime(['2020']).tz_localize('UTC')})", "df['n'] = 1"],
        "df.astype(str).values.tolist()",
    ),
    "frame_and_some_of_its_rows": (
        [
            "import pandas as pd\ndf = pd.DataFrame({'a': [1, 2, 3], 'b': [4, 5, 6]})\nX = df[['a', 'b']]\ntrain, test = X.iloc[:2], X.iloc[2:]",  # noqa: E501 - one cell
        ],
        "[X.loc.__setitem__((0, 'a'), 9), train.values.tolist(), test.values.tolist(), X.values.tolist()]",
    ),
    "array_that_goes_backwards": (
        ["import numpy as np\na, b = np.arange(5)[::-1], np.arange(6.0).reshape(2, 3)[:, ::-1]", "c = a.copy()"],
        "[a.strides, b.strides, a.tolist(), b.tolist(), c.strides]",
    ),
    "state_in_a_default": (
        ["def f(x, seen=[]):\n    seen.append(x)\n    return list(seen)", "a = f(1)", "b = f(2)"],
        "[a, b]",
    ),
    "view_put_into_an_earlier_value": (
        ["import numpy as np\na = np.arange(3)\nl = []", "l.append(a[:2])\nz = 1"],
        "[a.__setitem__(0, 9), l[0].tolist()]",
    ),
    "arrays_of_a_model": (
        [
            "import pandas as pd\ndf = pd.DataFrame({'a': [1.0, 2], 'b': [3.0, 4]})\nX, y = df.values, [0, 1]",
            "from sklearn.neighbors import KNeighborsClassifier\nm = KNeighborsClassifier(1, algorithm='brute').fit(X, y)",  # noqa: E501 - one cell
        ],
        "[df.loc.__setitem__((0, 'a'), 2.0), df.loc.__setitem__((0, 'b'), 4.0), m._fit_X.tolist(), X.tolist()]",
    ),
    "views_inside_values": (
        ["import numpy as np\na = np.arange(4)\nh = {'part': a[1:]}", "k = [a[:2]]"],
        "[a.__setitem__(1, 9), h['part'].tolist(), k[0].tolist()]",
    ),
    "buffer_seen_as_an_array": (
        [
            "import array, numpy as np\nba, ar = bytearray(b'abcd'), array.array('d', [1, 2])",
            "A, B = np.frombuffer(ba, 'u1'), np.frombuffer(ar)",
        ],
        "[ba.__setitem__(0, 9), A.__setitem__(1, 8), ar.__setitem__(0, 7), A.tolist(), list(ba), B.tolist()]",
    ),
    "generators_of_the_process": (
        [
            "import random, numpy as np\nfrom sklearn.utils import check_random_state\nz = 1",
            "rs, rnd, nr, own = check_random_state(None), random.random, np.random.rand, [random._inst]",
        ],
        "[np.random.seed(1), random.seed(1), rs.rand(), nr(), rnd(), own[0].random()]",
    ),
    "source_of_a_generator": (
        ["import numpy as np\nrng = np.random.default_rng(1)", "bg = rng.bit_generator\ng = np.random.Generator(bg)"],
        "[rng.random(), g.random(), rng.random(), bg is rng.bit_generator is g.bit_generator]",
    ),
    "source_drawn_from": (
        ["import numpy as np\nrng = np.random.default_rng(1)\nbg = rng.bit_generator", "a = bg.random_raw()"],
        "[a, rng.random(), bg is rng.bit_generator]",
    ),
    "generator_of_the_old_kind": (
        ["import numpy as np\nrng = np.random.RandomState(0)", "x = rng.normal()", "y = rng.rand()"],
        "[x, y, rng.rand()]",
    ),
    "set_of_examples": (
        [
            "from sklearn.datasets import load_iris\niris = load_iris()\nfeatures = iris.data.T",
            "n = float(iris.data.sum() + features[0].sum())",
        ],
        "n",
    ),
    "walrus_and_comprehension": (
        ["(n := 5)\nm = [k for k in range(3)]", "p = n + m[-1]"],
        "[n, m, p, 'k' in globals()]",
    ),
    "caught_exception": (["try:\n    1 / 0\nexcept ZeroDivisionError as e:\n    m = str(e)"], "[m, 'e' in globals()]"),
    "last_result_used": (["x = [1]\nx", "_.append(2)\nz = 1"], "x"),
}
REFUSED = {
    "function_put_into_an_earlier_value": (
        ["d = {'f': 1}", "d['f'] = lambda x: x\nz = 1"],
        "callable(d['f'])",
        ["+", "`d` can't be stored: only running the stage makes `<lambda>`"],
    ),
    "record_of_an_array": (
        ["import numpy as np\na = np.zeros(2, [('a', 'i4'), ('b', 'f8')])", "v = a[0]"],
        "[v.__setitem__('a', 5), a.tolist()]",
        ["+", "`v` can't be stored: it shares memory with `a`"],
    ),
    "array_of_arrow": (
        ["import numpy as np, pyarrow as pa\na = np.arange(3.0)", "v = pa.array(a)", "w = pa.array(np.arange(3.0))"],
        "[a.__setitem__(0, 5), v.tolist()]",
        ["+", "`v` can't be stored: it shares memory with `a`", "+"],
    ),
    "array_in_which_a_frame_keeps_a_column": (
        ["import pandas as pd\ndf = pd.DataFrame({'t': ['a', 'b']})", "a = df['t'].array"],
        "[a.__setitem__(0, 'z'), df.t.tolist(), list(a)]",
        ["+", "`a` can't be stored: it is a column of `df`"],
    ),
    "series_of_an_extension_array": (
        ["import pandas as pd\na = pd.array([1, 2])\nz = 1", "s = pd.Series(a, copy=False)"],
        "[a.__setitem__(0, 5), s.tolist()]",
        ["+", "`s` can't be stored: it shares memory with `a`"],
    ),
    "frame_of_polars_changed_in_place": (
        ["import polars as pl\nf = pl.DataFrame({'a': [1]})", "f.insert_column(0, pl.Series('z', [5]));"],
        "f.columns",
        ["+", "`f` can't be stored: pickling it raised TypeError"],
    ),
    "generator": (["g = (i for i in range(5))", "a = next(g)", "b = next(g)"], "[a, b]", ["`g`", "`g`", "`g`"]),
    "lock": (["import threading\nlock = threading.Lock()", "r = lock.locked()"], "r", ["`lock`", "+"]),
    "closure": (["def make(n):\n    return lambda x: x + n\nadd = make(3)", "r = add(1)"], "r", ["`add`", "+"]),
    "state_in_a_function": (
        ["def f():\n    f.n = getattr(f, 'n', 0) + 1\n    return f.n", "a = f()", "b = f()"],
        "[a, b]",
        ["+", "function", "function"],
    ),
    "state_in_a_class": (
        ["class A:\n    n = 0\n    def __init__(self): A.n += 1", "a = A()\nz = 1", "b = A()\nz = 1"],
        "A.n",
        ["+", "class", "class"],
    ),
    "state_in_a_closure": (
        [
            "def make():\n    n = 0\n    def g():\n        nonlocal n; n += 1; return n\n    return g\nf = make()",
            "a = f()",
        ],
        "[a, f()]",
        ["`f`", "function"],
    ),
    "state_in_a_module": (["import math", "math.mine = 6", "r = math.mine"], "r", ["+", "`mine`", "+"]),
    "array_resized_in_place": (
        ["import numpy as np\na = np.arange(4)", "a.resize(6, refcheck=False)"],
        "a.tolist()",
        ["+", "the shape or data type of an array"],
    ),
    "slots": (
        ["class S:\n    __slots__ = ('a',)\ns = S()\ns.a = [1]", "s.a = 5"],
        "s.a",
        ["+", "`s`"],
    ),
    "class_made_by_a_call": (
        ["Made = type('Made', (), {'n': 1})\nm = Made()\nz = 1"],
        "[m.n, type(m) is Made]",
        ["`Made`"],
    ),
    "setting_of_the_process": (
        ["import sys\nsys.setrecursionlimit(1234)\nz = 1"],
        "__import__('sys').getrecursionlimit()",
        ["setrecursionlimit"],
    ),
    "array_that_writes_a_file": (
        ["import numpy as np\nm = np.memmap('mapped', dtype='i4', mode='w+', shape=3)\nm[:] = 5\nm.flush()"],
        "m.tolist()",
        ["`m`"],
    ),
    "magic": (["%time t = 1", "u = t + 1"], "[t, u]", ["magics", "+"]),
    "shell_command": (["out = !echo hello", "u = out[0]"], "u", ["magics", "+"]),
}


def play(kernel, cells, expression):
    """Run a program as plain cells, in a namespace of its own; give what its expression says."""
    kernel.reset()
    for cell in cells:
        assert not kernel.run(cell).error
    return kernel.value(expression)


def stage(kernel, name, cells):
    kernel.reset()
    return [kernel.stage(f"{name}_{number}", cell) for number, cell in enumerate(cells)]


@pytest.fixture(scope="module")
def started(make_kernel):
    """Give a kernel whose generators, options and folders stand as they did when it began, at every `kernel`."""
    with make_kernel() as kernel:
        kernel.run("import numpy, pandas, random, sys, os, warnings\nfrom sklearn.linear_model import LinearRegression")
        yield kernel


@pytest.fixture
def kernel(started):
    started.reset()
    started.run(BEFORE, store_history=False)
    yield started
    started.reset()


BEFORE = """
import os as _os, sys as _sys, shutil as _shutil
_os.environ.pop('COLOUR', None)
_sys.path[:] = [path for path in _sys.path if path != '/nowhere']
_shutil.rmtree('made', ignore_errors=True)
_sys.setrecursionlimit(3000)
vars(_sys.modules['math']).pop('mine', None)
_sys.modules['pandas'].reset_option('display.max_rows')
"""


def again(kernel, name, cells, expression):
    """Play a program plainly, then as stages for the first and the second time."""
    wanted = play(kernel, cells, expression)
    kernel.run(BEFORE, store_history=False)
    first = stage(kernel, name, cells)
    values = [kernel.value(expression)]
    kernel.run(BEFORE, store_history=False)
    second = stage(kernel, name, cells)
    values.append(kernel.value(expression))
    assert values == [wanted, wanted]
    return first, second


@pytest.mark.parametrize("name", KEPT)
def test_stages_give_what_cells_give_and_come_back(kernel, name):
    cells, expression = KEPT[name]
    first, second = again(kernel, name, cells, expression)
    assert [ran.verdict for ran in first] == ["done"] * len(cells), [ran.note for ran in first]
    assert [ran.verdict for ran in second] == ["hit"] * len(cells), [ran.note for ran in second]


@pytest.mark.parametrize("name", REFUSED)
def test_what_can_not_be_kept_runs_every_time_and_says_why(kernel, name):
    cells, expression, said = REFUSED[name]
    _, second = again(kernel, name, cells, expression)
    for ran, words in zip(second, said, strict=True):
        assert ran.verdict == ("hit" if words == "+" else "uncached"), ran.note
        assert words == "+" or words in ran.note, ran.note
