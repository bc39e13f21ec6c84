"""Make docs/images/sidebar.png: run notebooks/flights.ipynb in JupyterLab, and take a picture while it trains."""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import expect, sync_playwright

HERE = Path(__file__).parent
NOTEBOOK = HERE.parent / "notebooks" / "flights.ipynb"
PICTURE = HERE / "images" / "sidebar.png"
PATIENCE = 600_000  # milliseconds for the stages before
WIDTH, HEIGHT, SIDEBAR = 1280, 860, 380

sys.path.insert(0, str(HERE.parent / "tests" / "browser"))
from desk import CHROMIUM, FLAGS, Desk, serve  # noqa: E402 - it stands with the tests


def main() -> int:
    """Run the notebook until its longest stage runs, select the stage before, and write the picture."""
    with tempfile.TemporaryDirectory(prefix="vinyasa-screenshot-") as scratch, sync_playwright() as playwright:
        root, world = Path(scratch, "work"), Path(scratch, "jupyter")
        root.mkdir()
        world.mkdir()
        shutil.copy(NOTEBOOK, root)
        with serve(root, world, "lab") as server:
            browser = playwright.chromium.launch(executable_path=CHROMIUM, headless=True, args=FLAGS)
            desk = Desk(browser, server, NOTEBOOK.name, width=WIDTH, height=HEIGHT)
            desk.show()
            desk.start()
            expect(desk.stage("train")).to_have_attribute("data-state", "running", timeout=PATIENCE)
            desk.widen(SIDEBAR)
            desk.stage("features").click()
            expect(desk.side.get_by_role("region", name="Stage features")).to_contain_text("Outputs")
            desk.side.get_by_role("button", name="Go to cell").click()
            desk.page.mouse.move(WIDTH - 1, HEIGHT - 1)
            desk.page.screenshot(path=str(PICTURE))
            browser.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
