"""The store keeps to its budget: what is worth least goes, and nothing that somebody may be working with."""

from __future__ import annotations

import os
import sys
import time
from contextlib import suppress

import pytest

from vinyasa_ipy.errors import StoreError, VinyasaWarning
from vinyasa_ipy.store import Freed, Pins, Store, Sweeper, read_pins, write_pins
from vinyasa_ipy.store.folder import TAG
from vinyasa_ipy.store.sweeper import MARK

DAY = 86_400


@pytest.fixture
def keep(store, draft):
    """Store a result of some size that took some seconds and was last used some days ago."""

    def keep(key, *, size=10_000, seconds=1.0, days=2.0, owner="features", created=None):
        created = time.time() - days * DAY if created is None else created
        value = os.urandom(size)
        trace = store.put(draft(key, owner=owner, seconds=seconds, created=created), {"return": value})
        os.utime(trace.stored.path, (time.time() - days * DAY,) * 2)
        return trace

    return keep


@pytest.fixture
def sweep(store, monkeypatch):
    """Sweep to a budget."""

    def sweep(budget="1 TB", files=1_000_000, **options):
        monkeypatch.setenv("VINYASA_BUDGET", str(budget))
        monkeypatch.setenv("VINYASA_BUDGET_FILES", str(files))
        return Sweeper(store.root, [store]).sweep(**options)

    return sweep


def kept(store, owner="features"):
    return sorted(trace.key for trace in store.entries(owner))


def test_within_the_budget_nothing_goes(store, keep, sweep):
    keep("a")
    swept = sweep("1 MB")
    assert (swept.freed, swept.owners, kept(store)) == (Freed(0, 0, 0.0), {}, ["a"])


def test_what_saves_least_for_its_size_goes_first(store, keep, sweep):
    keep("cheap", size=30_000, seconds=0.1)
    keep("dear", size=30_000, seconds=100)
    keep("large", size=60_000, seconds=0.1)
    keep("newest", days=1.5)
    assert sweep(128_000).owners["features"].entries == 1
    assert kept(store) == ["cheap", "dear", "newest"]
    sweep(60_000)
    assert kept(store) == ["dear", "newest"]


def test_what_was_used_long_ago_goes_before_what_was_used_lately(store, keep, sweep):
    keep("old", days=90)
    keep("late", days=3)
    keep("newest", days=2)
    sweep(25_000)
    assert kept(store) == ["late", "newest"]


def test_the_newest_result_of_each_stage_stays(store, keep, sweep):
    for owner in ("features", "train"):
        for number in range(4):
            keep(f"k{number}", owner=owner, days=9 - number)
    sweep(100)
    assert (kept(store), kept(store, "train")) == (["k3"], ["k3"])


def test_what_was_used_within_the_hour_stays(store, keep, sweep):
    keep("old", days=3)
    keep("used", days=0.01, created=time.time() - 9 * DAY)
    keep("newest", days=2)
    sweep(100)
    assert kept(store) == ["newest", "used"]


def test_what_is_pinned_stays(store, keep, sweep):
    for owner in ("features", "train"):
        keep("a", owner=owner, days=5)
        keep("b", owner=owner, days=3)
    write_pins(store.root, Pins(frozenset({"train"})))
    sweep(100)
    assert (kept(store), kept(store, "train")) == (["b"], ["a", "b"])
    assert read_pins(store.root).stages == {"train"}


def test_the_results_of_a_pinned_run_stay(store, keep, sweep):
    for key in ("a", "b", "c"):
        keep(key, days=ord("z") - ord(key))
    write_pins(store.root, Pins(runs={"7": ("features:a", "train:b")}))
    sweep(100)
    assert kept(store) == ["a", "c"]
    assert read_pins(store.root).runs == {"7": ("features:a", "train:b")}


def test_pins_of_the_first_version_are_those_stages(store, keep):
    keep("a")
    (store.root / ".pins").write_text('["features"]')
    assert read_pins(store.root) == Pins(frozenset({"features"}))


@pytest.mark.parametrize(
    "text",
    [
        '{"stages": ["featu',
        '{"stages": ["features"]}',
        '{"stages": "features", "runs": {}}',
        '{"stages": [["features"]], "runs": {}}',
        '{"stages": [], "runs": {"abc": []}}',
        '{"stages": [], "runs": {"7": "features:a"}}',
        "[7]",
        "7",
        "",
    ],
)
def test_with_pins_that_make_no_sense_nothing_is_swept(store, keep, sweep, text):
    keep("a", days=5)
    keep("b", days=3)
    (store.root / ".pins").write_text(text)
    with pytest.raises(StoreError, match=r"list of pins can't be read .* nothing is swept .* mend or remove .pins"):
        sweep(100)
    assert kept(store) == ["a", "b"]


@pytest.mark.parametrize("kind", ["pipe", "link"])
def test_what_is_no_plain_file_is_no_list_of_pins_and_nobody_waits_for_it(store, keep, sweep, tmp_path, kind):
    keep("old", days=9)
    keep("newest")
    if kind == "pipe":
        os.mkfifo(store.root / ".pins")
    else:
        (tmp_path / "elsewhere").write_text('{"stages": [], "runs": {}}')
        (store.root / ".pins").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(StoreError, match="its list of pins can't be read"):
        sweep("5 kB")
    assert kept(store) == ["newest", "old"]


def test_a_budget_of_files_holds_too(store, keep, sweep):
    for number in range(20):
        keep(f"k{number:02}", size=10, days=30 - number)
    sweep(files=10)
    assert len(kept(store)) == 9
    assert kept(store) == [f"k{number:02}" for number in range(11, 20)]


def test_a_dry_run_tells_what_would_go_and_leaves_it(store, keep, sweep):
    for number in range(4):
        keep(f"k{number}", seconds=10, days=9 - number)
    before = store.measure()
    foretold = sweep(15_000, dry=True)
    assert (store.measure(), foretold.used) == (before, before)
    assert foretold.owners["features"].seconds == 30
    assert sweep(15_000).freed == foretold.freed
    assert store.measure().bytes == before.bytes - foretold.freed.bytes


def test_artifacts_go_with_their_traces_and_shared_ones_stay(store, draft, keep, sweep):
    value = bytes(200_000)
    for number, key in enumerate(("a", "b")):
        trace = store.put(draft(key, created=float(number)), {"return": value})
        os.utime(trace.stored.path, (time.time() - 9 * DAY,) * 2)
    keep("c", size=200_000, days=4)
    keep("newest", size=10, days=1)
    sweep(250_000)
    assert set(kept(store)) >= {"newest"}
    assert all(store.load(trace, "return") is not None for trace in store.entries("features"))
    assert store.measure().bytes < 250_000


def test_what_another_user_s_entries_point_to_stays(store, draft, keep, sweep, monkeypatch, tmp_path):  # noqa: PLR0917 - fixtures
    theirs = tmp_path / "theirs"
    theirs.mkdir(mode=0o700)
    with monkeypatch.context() as other:
        other.setenv("VINYASA_SECRET_DIR", str(theirs))
        them = Store(store.root)
        them.put(draft("a", owner="theirs"), {"return": bytes(100_000)})
    for path in (store.root / "objects").rglob("??/*"):
        os.utime(path, (time.time() - 9 * DAY,) * 2)
    keep("old", days=9)
    keep("newest", days=2)
    sweep(1000)
    assert kept(store) == ["newest"]
    monkeypatch.setenv("VINYASA_SECRET_DIR", str(theirs))
    assert len(Store(store.root).fetch("theirs", "a")) == 100_000


def test_a_result_that_is_in_use_goes_on_being_there(store, draft, keep, sweep):
    trace = store.put(draft("used"), {"return": bytes(range(256)) * 20_000})
    value = store.fetch("features", "used")
    os.utime(trace.stored.path, (time.time() - 9 * DAY,) * 2)
    keep("newest", days=2)
    sweep(20_000)
    assert kept(store) == ["newest"]
    assert value[:256] == bytes(range(256))
    assert value[-256:] == bytes(range(256))


def test_the_budget_stands_in_the_project_s_settings(store, keep, monkeypatch):
    monkeypatch.delenv("VINYASA_BUDGET", raising=False)
    monkeypatch.delenv("VINYASA_BUDGET_FILES", raising=False)
    (store.root.parent / "pyproject.toml").write_text('[tool.vinyasa]\nbudget = "25 kB"\nbudget-files = 7\n')
    keep("old", days=9)
    keep("late", days=5)
    keep("newest", days=2)
    swept = Sweeper(store.root, [store]).sweep()
    assert (swept.budget.bytes, swept.budget.files) == (25_000, 7)
    assert kept(store) == ["late", "newest"]


def test_without_a_setting_the_free_space_sets_the_budget(store, keep, monkeypatch):
    monkeypatch.delenv("VINYASA_BUDGET", raising=False)
    keep("a")
    assert Sweeper(store.root, [store]).sweep().budget.bytes >= 1_000_000_000


def test_an_amount_that_makes_no_sense_is_told_and_passed_over(store, keep, sweep):
    keep("a")
    with pytest.warns(VinyasaWarning, match="VINYASA_BUDGET: 'a lot' is no amount"):
        sweep("a lot")


def test_two_stores_of_a_project_share_a_budget(store, keep, draft, monkeypatch):
    other = Store(store.root / "functions", traces=".", trace_name="output.pkl", nested=True)
    for number in range(3):
        keep(f"k{number}", days=20 - number, seconds=100)
        trace = other.put(draft(f"k{number}", owner="m/f", created=float(number)), {"return": os.urandom(10_000)})
        os.utime(trace.stored.path, (time.time() - 30 * DAY,) * 2)
    monkeypatch.setenv("VINYASA_BUDGET", "50 kB")
    swept = Sweeper(store.root, [store, other]).sweep()
    assert (kept(store), kept(other, "m/f")) == (["k0", "k1", "k2"], ["k2"])
    assert swept.owners["m/f"].entries == 2


def wait_until_kept(store, *keys):
    """Wait for the process that sweeps: it is nobody's child."""
    ends = time.monotonic() + 60
    while kept(store) != list(keys) and time.monotonic() < ends:
        time.sleep(0.01)
    assert kept(store) == list(keys)


def let_an_hour_go(folder):
    for name in (TAG, MARK):
        with suppress(FileNotFoundError):
            os.utime(folder / name, (time.time() - 4000,) * 2)


def test_it_runs_by_itself_once_an_hour_whichever_process_it_is(store, keep, monkeypatch):
    monkeypatch.setenv("VINYASA_BUDGET", "15 kB")
    keep("old", days=9)
    keep("newest", days=2)
    let_an_hour_go(store.root)
    Sweeper(store.root, [store]).sweep_when_due()
    wait_until_kept(store, "newest")
    keep("older", days=12)
    swept = (store.root / MARK).stat().st_mtime_ns
    Sweeper(store.root, [store]).sweep_when_due()
    assert (store.root / MARK).stat().st_mtime_ns == swept
    let_an_hour_go(store.root)
    Sweeper(store.root, [store]).sweep_when_due()
    wait_until_kept(store, "newest")


def test_a_store_is_left_alone_in_its_first_hour(store, keep, monkeypatch):
    monkeypatch.setenv("VINYASA_BUDGET", "15 kB")
    keep("old", days=9)
    keep("newest", days=2)
    Sweeper(store.root, [store]).sweep_when_due()
    assert not (store.root / MARK).exists()


def test_a_link_in_the_place_of_the_mark_leads_nowhere(store, keep, tmp_path):
    keep("a")
    let_an_hour_go(store.root)
    (store.root / MARK).symlink_to(tmp_path / "made")
    Sweeper(store.root, [store]).sweep_when_due()
    assert not (tmp_path / "made").exists()


BRIEF = """
from vinyasa_ipy.store import Sweeper
store = Store(sys.argv[1])
Sweeper(store.root, [store]).sweep_when_due()
"""


def test_a_program_that_ends_at_once_has_its_store_swept_all_the_same(store, keep, run_child, monkeypatch):
    monkeypatch.setenv("VINYASA_BUDGET", "15 kB")
    keep("old", days=9)
    keep("newest", days=2)
    let_an_hour_go(store.root)
    run_child(BRIEF, store.root)
    wait_until_kept(store, "newest")


CHILDLESS = """
from vinyasa_ipy.store import Sweeper
store = Store(sys.argv[1])
Sweeper(store.root, [store]).sweep_when_due()
try:
    print(os.wait())
except ChildProcessError:
    print("no child")
"""


def test_a_program_that_waits_for_its_children_does_not_find_the_sweep(store, keep, run_child, monkeypatch):
    monkeypatch.setenv("VINYASA_BUDGET", "15 kB")
    keep("old", days=9)
    keep("newest", days=2)
    let_an_hour_go(store.root)
    assert run_child(CHILDLESS, store.root) == "no child"
    wait_until_kept(store, "newest")


ELSEWHERE = """
from vinyasa_ipy.store import Sweeper
sys.executable = os.path.realpath(sys.executable)  # it knows nothing of the environment
store = Store(sys.argv[1])
Sweeper(store.root, [store]).sweep_when_due()
"""


def test_the_sweep_finds_what_the_program_finds(store, keep, run_child, monkeypatch):
    monkeypatch.setenv("VINYASA_BUDGET", "15 kB")
    keep("old", days=9)
    keep("newest", days=2)
    let_an_hour_go(store.root)
    run_child(ELSEWHERE, store.root)
    wait_until_kept(store, "newest")


@pytest.mark.parametrize("program", [None, "", "/opt/modeller/modeller", "/opt/pymodel/pymodel"])
def test_a_program_that_is_no_interpreter_is_not_started_again(store, keep, monkeypatch, program):
    monkeypatch.setattr(sys, "executable", program)
    keep("a")
    let_an_hour_go(store.root)
    Sweeper(store.root, [store]).sweep_when_due()
    assert not (store.root / MARK).exists()


def test_a_frozen_program_is_not_started_again(store, keep, monkeypatch):
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    keep("a")
    let_an_hour_go(store.root)
    Sweeper(store.root, [store]).sweep_when_due()
    assert not (store.root / MARK).exists()


FORBIDDEN = """
from vinyasa_ipy.store import Sweeper
asked = []
def forbid(event, _arguments):
    if event == "subprocess.Popen":
        asked.append(event)
        raise TypeError("no processes here")
sys.addaudithook(forbid)
store = Store(sys.argv[1])
Sweeper(store.root, [store]).sweep_when_due()
print(asked)
"""


def test_a_sweep_that_cannot_start_costs_no_result(store, keep, run_child):
    keep("a")
    let_an_hour_go(store.root)
    assert run_child(FORBIDDEN, store.root) == "['subprocess.Popen']"


def test_a_fault_of_the_disk_is_no_business_of_a_sweep_by_itself(tmp_path):
    (tmp_path / "file").write_text("x")
    Sweeper(tmp_path / "file", [Store(tmp_path / "file")]).sweep_when_due()
    Sweeper(tmp_path / "nowhere", [Store(tmp_path / "nowhere")]).sweep_when_due()
    assert not (tmp_path / "nowhere").exists()
