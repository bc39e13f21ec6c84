"""The sidebar in Notebook 7, and the panel in a cell."""

from __future__ import annotations

import nbformat
import pytest
from axe_playwright_python.sync_playwright import Axe
from nbconvert import HTMLExporter
from playwright.sync_api import expect

CELLS = ["%load_ext vinyasa_ipy", "%%stage numbers\nnumbers = [1, 4, 9]", "%vinyasa panel", "numbers = 0"]


@pytest.fixture
def desk(classic, open_desk):
    classic.write("one/one.ipynb", CELLS)
    return open_desk(classic, "one/one.ipynb")


def test_the_sidebar_works_as_in_jupyterlab(desk, screenshots):
    desk.show()
    expect(desk.side).to_contain_text("This kernel has not loaded vinyasa.")
    desk.run()
    expect(desk.stage("numbers")).to_have_attribute("data-state", "done")
    expect(desk.page.locator(".vy-badge")).to_have_text("done")
    desk.side.get_by_role("button", name="Clear numbers", exact=True).click()
    desk.side.get_by_role("button", name="Clear", exact=True).click()
    expect(desk.stage("numbers")).to_have_attribute("data-state", "miss")
    desk.page.screenshot(path=str(screenshots / "notebook.png"))
    assert desk.said == []
    assert desk.foreign() == []


def test_the_panel_in_a_cell_shows_runs_and_clears(desk, screenshots):
    desk.run()
    panel = desk.page.locator(".jp-OutputArea-output .widget-vbox").first
    expect(panel).to_contain_text("numbers")
    panel.get_by_role("button", name="Why").click()
    expect(panel).to_contain_text("nothing it depends on has changed")
    panel.get_by_role("button", name="Log").click()
    expect(panel).to_contain_text("It displayed nothing.")
    desk.page.screenshot(path=str(screenshots / "panel.png"))
    panel.get_by_role("button", name="Force").click()
    expect(panel).to_contain_text("forced")
    panel.get_by_role("button", name="Runs").click()
    panel.get_by_role("button", name="Show").click()
    expect(panel).to_contain_text("Run ")
    panel.get_by_role("button", name="Compare with the one before").click()
    expect(panel).to_contain_text("what differed")
    panel.get_by_role("button", name="Check out").click()
    expect(panel).to_contain_text("numbers: [1, 4, 9]")
    panel.get_by_role("button", name="Cache").click()
    panel.get_by_role("button", name="Clear…").click()
    expect(panel).to_contain_text("Clear everything?")
    panel.get_by_role("button", name="Sweep…").click()
    expect(panel).to_contain_text("Nothing has to go")
    panel.get_by_role("button", name="Clear…").click()
    panel.get_by_role("button", name="Keep").click()
    expect(panel).to_contain_text("numbers")
    panel.get_by_role("button", name="Clear…").click()
    panel.get_by_role("button", name="Clear", exact=True).click()
    expect(panel).to_contain_text("Nothing is stored.")
    panel.get_by_role("button", name="Undo").click()
    expect(panel).to_contain_text("numbers")
    assert desk.foreign() == []


def test_everybody_can_use_the_panel_in_a_cell(desk):
    desk.run()
    panel = desk.page.locator(".jp-OutputArea-output .widget-vbox").first
    for section, named in (("Runs", "Run"), ("Cache", "Results of"), ("Pipeline", "Stage")):
        panel.get_by_role("button", name=section).click()
        expect(panel.get_by_label(named)).to_be_visible()
        found = Axe().run(desk.page, context=".jp-OutputArea-output .widget-vbox")
        assert found.violations_count == 0, found.generate_report()


def test_where_there_are_no_widgets_the_panel_is_html(desk, classic):
    desk.run()
    desk.command("docmanager:save")
    notebook = nbformat.read(classic.root / "one" / "one.ipynb", as_version=4)
    notebook.metadata.pop("widgets", None)
    page, _ = HTMLExporter().from_notebook_node(notebook)
    assert "Stored results" in page
    assert 'data-stage="numbers"' in page
    assert "Runs" in notebook.cells[2].outputs[0]["data"]["text/plain"]
