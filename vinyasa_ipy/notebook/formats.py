"""Pages: notebooks, Markdown with Python fences and percent scripts, read as notebooks and written with their outputs.

A page that is written as Markdown or HTML is for readers: it says nothing of hits, and is the same cold and warm.
"""

from __future__ import annotations

import copy
import os
import re
import sys
from contextlib import contextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from vinyasa_ipy.errors import CommandError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PAGES = (".ipynb", ".md")
"""How the file ends that is a page whatever it holds."""
WRITABLE = (".ipynb", ".md", ".html")
"""How the file ends that an executed page can be written to."""

EXTRAS = {"nbclient": "notebooks", "ipykernel": "notebooks", "nbconvert": "notebooks", "jupytext": "formats"}
"""What a page needs beyond the core, and the extra that brings it."""

# A cell of a percent script begins so; `# %%time` is a magic inside a cell.
_CELL_MARK = re.compile(r"^# ?%%(?:\s|$)", re.MULTILINE)
_STAGE_MARK = re.compile(r"^# ?%(?:%stage|vinyasa)\s", re.MULTILINE)
# jupytext would run fences of every language that Jupyter has a magic for; a page's commands for bash are prose.
_FOREIGN_FENCE = re.compile(r"^(`{3,}[ \t]*)(?!i?python3?\b)(\w[\w.+-]*)(.*)$", re.MULTILINE)
_LEFT_ALONE = re.compile(r"^(`{3,}[ \t]*\w[\w.+-]*) \.noeval", re.MULTILINE)


def is_page(path: Path, *, asked: bool = False) -> bool:
    """Tell whether a file runs cell by cell: notebooks and Markdown do, and scripts with cell marks that have stages.

    A script with marks but no stages does so only when that is `asked` for: as a whole it is a stage itself.
    """
    if path.suffix != ".py":
        return path.suffix in PAGES
    try:
        text = path.read_text("utf-8", "replace")
    except OSError:
        return False
    return bool(_CELL_MARK.search(text)) and (asked or bool(_STAGE_MARK.search(text)))


def require(module: str, need: str) -> None:
    """Raise CommandError naming the extra when a `module` that is `needed` for something isn't installed."""
    if find_spec(module) is None:
        extra = EXTRAS[module]
        raise CommandError(f"{need} needs {module}, which isn't installed", f"`pip install 'vinyasa-ipy[{extra}]'`")


def read_page(path: Path) -> Any:
    """Read a page as a notebook, without what an earlier run left in it.

    Raises CommandError when it is missing, broken or not Python's.
    """
    _load_nbformat()
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise CommandError(f"there is no page {path}", "Check the path; nothing has run") from error
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"{path} can't be read: {error}", "Nothing has run") from error
    notebook = _parse_notebook(path, text) if path.suffix == ".ipynb" else _parse_text(path, text)
    _expect_python(path, notebook)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
            cell.metadata.pop("vinyasa", None)
            cell.metadata.pop("execution", None)
    return notebook


def _load_nbformat() -> None:
    """Import nbformat without the grammar of addresses in jsonschema, which notebooks don't have.

    Where JupyterLab is installed, compiling it took 0.9 of the 1.3 s of processor time that a run of a page had.
    """
    grammar: Any = {} if "rfc3987_syntax" in sys.modules else {"rfc3987_syntax": None}
    sys.modules.update(grammar)  # None makes its import fail, and jsonschema goes on without
    try:
        import nbformat  # noqa: F401 - for those who import it after this
    finally:
        for name in grammar:
            del sys.modules[name]


def _parse_notebook(path: Path, text: str) -> Any:
    import nbformat

    try:
        notebook = nbformat.reads(text, as_version=4)  # type: ignore[no-untyped-call]
        nbformat.validate(notebook)
    except (nbformat.ValidationError, nbformat.reader.NotJSONError, ValueError, AttributeError, KeyError) as error:
        said = str(error).partition("\n")[0]
        raise CommandError(f"{path} is no valid notebook: {said}", "Mend it; nothing has run") from error
    return notebook


def _parse_text(path: Path, text: str) -> Any:
    require("jupytext", f"{path}, a page of text,")
    import jupytext

    if path.suffix == ".md":
        text = _FOREIGN_FENCE.sub(r"\1\2 .noeval\3", text)
    try:
        notebook = jupytext.reads(text, {"extension": path.suffix})
    except Exception as error:  # a broken header can fail jupytext in any of its parsers
        raise CommandError(f"{path} can't be read: {error}", "Mend it; nothing has run") from error
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            cell.source = _LEFT_ALONE.sub(r"\1", cell.source)
    return notebook


def _expect_python(path: Path, notebook: Any) -> None:
    of_text = notebook.metadata.pop("jupytext", {})  # it would make the executed notebook one of jupytext's pairs
    named = (("kernelspec", "language"), ("language_info", "name"))
    languages = (notebook.metadata.get(key, {}).get(name) for key, name in named)
    about = next(filter(None, languages), of_text.get("main_language"))
    if about and about.lower() not in ("python", "ipython"):
        raise CommandError(f"{path} is written in {about}, and stages are Python", "Run it with its own tools")


def check_target(target: Path, source: Path) -> None:
    """Make sure, before anything runs, that an executed page can be written to `target`. Raises CommandError."""
    if target.suffix not in WRITABLE:
        raise CommandError(f"{target} can't be written", f"A page can become a file that ends in {', '.join(WRITABLE)}")
    if target.suffix != ".ipynb":
        require("nbconvert", f"writing {target}")
        if target.absolute() == source.absolute():
            raise CommandError(f"{target} is the page itself, and would lose its cells", "Choose another file")
    folder = target.absolute().parent
    if not os.access(folder, os.W_OK) or target.is_dir():
        raise CommandError(f"{target} can't be written", "Choose another file; nothing has run")


def write_page(notebook: Any, target: Path) -> None:
    """Write an executed notebook in the format that the file's name asks for. Raises CommandError when it can't be."""
    write = {".ipynb": _as_notebook, ".md": _as_markdown, ".html": _as_html}[target.suffix]
    with _saying(target):
        for path, content in write(notebook, target).items():
            path.parent.mkdir(exist_ok=True)
            aside = path.with_name(f".{path.name}.{os.getpid()}")
            aside.write_bytes(content)
            aside.replace(path)


def _as_notebook(notebook: Any, target: Path) -> dict[Path, bytes]:
    import nbformat

    nbformat.validate(notebook)
    text: str = nbformat.writes(notebook)  # type: ignore[no-untyped-call]
    return {target: f"{text.rstrip()}\n".encode()}


def _as_html(notebook: Any, target: Path) -> dict[Path, bytes]:
    from nbconvert import HTMLExporter

    exporter = HTMLExporter()  # type: ignore[no-untyped-call]
    body, _ = exporter.from_notebook_node(_without_notes(notebook), {"metadata": {"name": target.stem}})
    return {target: body.encode()}


def _as_markdown(notebook: Any, target: Path) -> dict[Path, bytes]:
    """Convert to Markdown; its pictures go into a folder beside it."""
    from nbconvert import MarkdownExporter

    places = {"unique_key": target.stem, "output_files_dir": f"{target.stem}_files"}
    exporter = MarkdownExporter()  # type: ignore[no-untyped-call]
    body, found = exporter.from_notebook_node(_without_notes(notebook), places)
    pictures = {target.parent / name: data for name, data in dict(found["outputs"] or {}).items()}
    return {**pictures, target: f"{body.strip()}\n".encode()}


def _without_notes(notebook: Any) -> Any:
    """Copy a notebook without the lines about hits."""
    copied = copy.deepcopy(notebook)
    for cell in copied.cells:
        if cell.cell_type == "code":
            cell.outputs = [output for output in cell.outputs if "vinyasa" not in output.get("metadata", {})]
    return copied


@contextmanager
def _saying(target: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise CommandError(f"{target} can't be written: {error.strerror}", "Choose another file") from error
