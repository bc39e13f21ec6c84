"""Memorized functions in other processes: loky workers, and processes at the same time on one folder."""

from __future__ import annotations

import subprocess
import sys

WORKERS = """
    import os, sys
    from joblib import Parallel, delayed
    from vinyasa_ipy import Memory

    memory = Memory("cache", verbose=0)
    OFFSET = 100

    def shift(x):
        return x + OFFSET

    @memory.cache
    def f(x):
        with open(f"ran-{x}-{os.getpid()}", "w"):
            pass
        return shift(x), os.getpid()

    if __name__ == "__main__":
        found = Parallel(n_jobs=2)(delayed(f)(x) for x in range(4))
        print([value for value, _ in found], os.getpid() in {pid for _, pid in found})
        print([f.check_call_in_cache(x) for x in range(5)])
        print([f(x) for x in range(4)] == found)
"""


def test_what_workers_compute_the_parent_finds(project):
    project.write(main=WORKERS)
    first = project.lines()
    assert first == ["[100, 101, 102, 103] False", "[True, True, True, True, False]", "True"]
    assert project.lines(seed=5) == first


def test_workers_find_what_the_parent_computed_in_a_module(project):
    project.write(
        steps="""
        def f(x):
            print("runs", flush=True)
            return x * 2
        """,
        main="""
        from joblib import Parallel, delayed
        from vinyasa_ipy import Memory
        from steps import f

        if __name__ == "__main__":
            cached = Memory("cache", verbose=0).cache(f)
            print([cached(x) for x in range(3)], flush=True)
            print(Parallel(n_jobs=2)(delayed(cached)(x) for x in range(3)))
        """,
    )
    assert project.lines() == ["runs", "runs", "runs", "[0, 2, 4]", "[0, 2, 4]"]


def test_processes_at_once_on_one_folder_agree(project):
    project.write(
        main="""
        import numpy as np
        from vinyasa_ipy import Memory

        @Memory("cache", verbose=0).cache
        def f(x):
            return np.full(20_000 + x, x)

        print(sum(int(f(x % 5).sum()) for x in range(200)))
        """
    )
    command = [sys.executable, "-W", "error", "main.py"]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    children = [
        subprocess.Popen(command, cwd=project.folder, env=project.environment(seed), **pipes) for seed in range(4)
    ]
    results = [child.communicate(timeout=120) for child in children]
    assert [error for _, error in results] == [""] * 4
    assert len({out for out, _ in results}) == 1


def test_threads_at_once_agree(project):
    project.write(
        main="""
        from concurrent.futures import ThreadPoolExecutor
        from vinyasa_ipy import Memory

        FACTORS = [2]

        @Memory("cache", verbose=0).cache
        def f(x):
            return x * FACTORS[0]

        with ThreadPoolExecutor(8) as pool:
            assert list(pool.map(f, [x % 7 for x in range(300)])) == [x % 7 * 2 for x in range(300)]
        print("agreed")
        """
    )
    assert project.lines() == ["agreed"]


DASK = """
    import os
    from distributed import Client, LocalCluster
    from vinyasa_ipy import Memory, cache
    import steps

    memory = Memory("cache", verbose=0)

    @memory.cache
    def here(x):
        with open(f"ran-here-{x}-{os.getpid()}", "w"):
            pass
        return x + OFFSET, os.getpid()

    OFFSET = 100

    if __name__ == "__main__":
        options = {"processes": True, "n_workers": 2, "threads_per_worker": 1, "dashboard_address": "127.0.0.1:0"}
        with LocalCluster(**options) as cluster, Client(cluster) as client:
            for function in (here, steps.there):
                found = client.gather(client.map(function, range(4), pure=False))
                again = client.gather(client.map(function, range(4), pure=False))
                print([value for value, _ in found], os.getpid() in {pid for _, pid in found}, again == found)
                print([function.check_call_in_cache(x) for x in range(5)], [function(x) for x in range(4)] == found)
"""
STEPS = """
    import os
    from vinyasa_ipy import cache

    FACTOR = 3

    def multiply(x):
        return x * FACTOR

    @cache
    def there(x):
        return multiply(x), os.getpid()
"""


def test_workers_of_a_dask_cluster_share_the_results(project):
    project.write(main=DASK, steps=STEPS)
    assert project.lines() == [
        "[100, 101, 102, 103] False True",
        "[True, True, True, True, False] True",
        "[0, 3, 6, 9] False True",
        "[True, True, True, True, False] True",
    ]


def test_loky_workers_share_what_the_shorthand_caches(project):
    project.write(
        steps=STEPS,
        main="""
        import os
        from joblib import Parallel, delayed
        from vinyasa_ipy import cache
        from steps import there

        @cache
        def here(x):
            return x + 1, os.getpid()

        if __name__ == "__main__":
            for function in (here, there):
                found = Parallel(n_jobs=2)(delayed(function)(x) for x in range(4))
                print([value for value, _ in found], os.getpid() in {pid for _, pid in found})
                print([function(x) for x in range(4)] == found)
        """,
    )
    assert project.lines() == ["[1, 2, 3, 4] False", "True", "[0, 3, 6, 9] False", "True"]
