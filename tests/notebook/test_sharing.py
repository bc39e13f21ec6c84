"""A stage of cells that one kernel has run is a hit in the kernel of somebody else who trusts its user."""

from __future__ import annotations

CELL = "table = {'n': list(range(1000))}\nprint('computed')\ntable['n'][-1]"


def test_a_stage_of_cells_is_a_hit_in_another_user_s_kernel(make_kernel, tmp_path):
    with make_kernel() as ann, make_kernel() as bob:
        for kernel in (ann, bob):
            kernel.run(f"%env VINYASA_REMOTE={tmp_path / 'shelf'}\n%env VINYASA_REMOTE_WAIT=30")
        for name in ("features", "model"):
            assert ann.stage(name, CELL).verdict == "done"
        ann.run("%vinyasa push")
        key = ann.value("__import__('vinyasa_ipy.store.signing').store.signing.own_key()")
        asked = bob.stage("features", CELL)
        assert asked.verdict == "done"
        assert f"trust add NAME {key}" in asked.text("stderr")
        bob.run(f"%vinyasa trust add ann {key}")
        came = bob.stage("model", CELL)
        assert (came.verdict, came.text(), came.result) == ("hit", "computed\n", "999")
        assert "by ann)" in came.note
        assert bob.value("sum(table['n'])") == 499_500
