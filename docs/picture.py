"""Make docs/images/graph.svg: run notebooks/flights.ipynb in a scratch folder and keep the graph it draws."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

import nbformat
from nbclient import NotebookClient

HERE = Path(__file__).parent
NOTEBOOK = HERE.parent / "notebooks" / "flights.ipynb"
PICTURE = HERE / "images" / "graph.svg"


def main() -> int:
    """Run the notebook once and write the picture."""
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    for cell in notebook.cells:
        if cell.source == "%vinyasa graph":
            cell.source += f" -o {PICTURE}"
    with tempfile.TemporaryDirectory(prefix="vinyasa-picture-") as scratch:
        os.environ["VINYASA_HOME"] = str(Path(scratch, "store"))
        NotebookClient(notebook, timeout=900, resources={"metadata": {"path": scratch}}).execute()
    return 0


if __name__ == "__main__":
    sys.exit(main())
