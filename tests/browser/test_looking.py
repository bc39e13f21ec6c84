"""What a person sees and reaches in the sidebar of a notebook that was run: nothing here changes it."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

CELLS = [
    "%load_ext vinyasa_ipy\nRATE = 0.1",
    "%%stage numbers\nnumbers = [1, 4, 9]",
    "%%stage train\nmodel = [RATE * number for number in numbers]",
    "%%stage broken\n1 / (RATE - 0.1)",
    "%%stage after --needs broken\nafter = model",
]
THEMES = ("JupyterLab Light", "JupyterLab Dark", "JupyterLab Dark High Contrast")


@pytest.fixture(scope="module")
def shared(lab, open_for_all):
    lab.write("looking/one.ipynb", CELLS)
    desk = open_for_all(lab, "looking/one.ipynb")
    desk.show()
    desk.run()
    expect(desk.stage("broken")).to_have_attribute("data-state", "failed")
    return desk


@pytest.fixture
def desk(shared):
    """Give the notebook with nothing selected."""
    yield shared
    for close in shared.side.get_by_role("button", name="Close").all():
        close.click()


def states(desk, **wanted):
    for name, state in wanted.items():
        expect(desk.stage(name)).to_have_attribute("data-state", state)


def unfold(desk, *keys):
    for key in keys:
        row = desk.side.locator(f"[data-key='{key}']")
        if row.get_attribute("aria-expanded") == "false":
            row.click()
        expect(row).to_have_attribute("aria-expanded", "true")


def test_after_a_run_every_stage_says_what_became_of_it(desk):
    states(desk, numbers="done", train="done", broken="failed", after="blocked")
    expect(desk.side.locator("[data-key='run 1']")).to_contain_text("failed")
    expect(desk.side.get_by_role("region", name="Cache")).to_contain_text("numbers")
    assert desk.said == []
    assert desk.foreign() == []


def test_a_failed_stage_says_what_it_raised(desk):
    desk.stage("broken").click()
    expect(desk.side.get_by_role("region", name="Stage broken")).to_contain_text("ZeroDivisionError")


def test_go_to_cell_selects_the_cell(desk):
    desk.stage("train").click()
    desk.side.get_by_role("button", name="Go to cell").click()
    assert desk.page.evaluate("() => window.jupyterapp.shell.currentWidget.content.activeCellIndex") == 2


def test_a_run_shows_a_bar_for_each_stage(desk):
    unfold(desk, "run 1")
    run = desk.side.get_by_role("region", name="Run 1")
    expect(run.locator("li")).to_have_count(3)
    expect(run).to_contain_text("ZeroDivisionError")
    shares = run.locator(".vy-bar").evaluate_all(
        "bars => bars.map(b => parseFloat(b.style.getPropertyValue('--share')))"
    )
    assert max(shares) == 100


def test_updates_leave_the_focus_where_it_is(desk):
    fold = desk.side.locator("[data-key='fold runs']")
    fold.focus()
    desk.execute("RATE = 0.3")
    states(desk, train="stale")
    desk.execute("RATE = 0.1")
    states(desk, train="done")
    expect(fold).to_be_focused()


def test_the_graph_is_walked_with_arrow_keys(desk):
    desk.stage("numbers").focus()
    desk.page.keyboard.press("ArrowDown")
    expect(desk.stage("train")).to_be_focused()
    desk.page.keyboard.press("Enter")
    expect(desk.side.get_by_role("region", name="Stage train")).to_be_visible()
    expect(desk.stage("train")).to_be_focused()


def test_sweeping_says_that_nothing_has_to_go_and_gives_the_focus_back(desk):
    cache = desk.side.get_by_role("region", name="Cache")
    expect(cache).to_contain_text("that may be stored")
    sweep = cache.get_by_role("button", name="Sweep")
    sweep.focus()
    desk.page.keyboard.press("Enter")
    expect(cache.get_by_role("alertdialog")).to_contain_text("Nothing has to go")
    desk.page.keyboard.press("Escape")
    expect(sweep).to_be_focused()


def test_the_results_of_a_stage_are_unfolded_by_keyboard(desk):
    cache = desk.side.get_by_role("region", name="Cache")
    row = cache.locator("[data-key='owner stage numbers']")
    row.focus()
    desk.page.keyboard.press("Enter")
    expect(row).to_have_attribute("aria-expanded", "true")
    expect(cache).to_contain_text("took")
    desk.page.keyboard.press("Enter")
    expect(row).to_have_attribute("aria-expanded", "false")


@pytest.mark.parametrize("theme", THEMES)
def test_everybody_can_use_it_in_every_theme(desk, theme, screenshots):
    desk.theme(theme)
    desk.stage("train").click()
    expect(desk.side.get_by_role("region", name="Stage train")).to_contain_text("Outputs")
    unfold(desk, "fold log", "run 1", "owner stage train")
    desk.side.get_by_role("button", name="Clear numbers", exact=True).click()
    expect(desk.side.get_by_role("alertdialog")).to_be_visible()
    found = Axe().run(desk.page, context="#vinyasa-sidebar")
    desk.page.screenshot(path=str(screenshots / f"{theme}.png"))
    assert found.violations_count == 0, found.generate_report()
    badges = Axe().run(desk.page, context=".vy-badge")
    assert badges.violations_count == 0, badges.generate_report()
    desk.side.get_by_role("button", name="Keep").click()


@pytest.mark.parametrize("width", [250, 400])
def test_it_fits_narrow_and_wide(desk, width, screenshots):
    desk.theme("JupyterLab Light")
    desk.widen(width)
    desk.stage("train").click()
    unfold(desk, "run 1", "owner stage train")
    expect(desk.side.get_by_role("region", name="Stage train")).to_contain_text("Outputs")
    desk.side.screenshot(path=str(screenshots / f"sidebar-{width}.png"))
    beyond = desk.side.evaluate("side => side.scrollWidth - side.clientWidth")
    assert beyond == 0


def test_the_list_shows_the_same_as_the_graph(desk):
    desk.side.get_by_role("button", name="Show as a list").click()
    rows = desk.side.locator("[data-key^='stage ']")
    expect(rows).to_have_count(4)
    expect(rows.nth(2)).to_contain_text("failed")
    desk.side.get_by_role("button", name="Show as a graph").click()
    expect(desk.stage("broken")).to_be_visible()


def test_it_never_left_the_machine_and_raised_nothing(desk):
    assert desk.said == []
    assert desk.foreign() == []


MEMORY = """
from vinyasa_ipy import Memory
memory = Memory("results", verbose=0)

@memory.cache
def fit(rate):
    return rate * 2

fit(0.1), fit(0.2)
"""


def test_what_a_memory_has_stored_is_listed_by_where_it_is_and_cleared(open_desk, lab, screenshots):
    lab.write("memory/one.ipynb", ["%load_ext vinyasa_ipy", MEMORY, "%%stage numbers\nx = 1"])
    desk = open_desk(lab, "memory/one.ipynb")
    desk.show()
    desk.run()
    cache = desk.side.get_by_role("region", name="Cache")
    row = cache.locator("[data-key$=' results/joblib/__main__-ipython-input/fit']").first
    expect(row).to_contain_text("2")
    desk.page.screenshot(path=screenshots / "memory.png")
    cache.get_by_role("button", name="Clear results/joblib/__main__-ipython-input/fit", exact=True).click()
    desk.side.get_by_role("button", name="Clear", exact=True).click()
    expect(row).to_have_count(0)
    desk.side.get_by_role("button", name="Undo").click()
    expect(row).to_have_count(1)
