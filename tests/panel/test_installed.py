"""The sidebar as it was installed: JupyterLab may keep a file for a year, so a name must never mean two contents."""

from __future__ import annotations

import hashlib
import json
import re
import sys
from pathlib import Path

import pytest

HERE = Path(sys.prefix, "share", "jupyter", "labextensions", "vinyasa-ipy")
SOURCES = Path(__file__).parents[2] / "vinyasa_ipy" / "panel" / "frontend"
FILES = sorted((HERE / "static").iterdir())


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_a_name_holds_the_digest_of_the_content(file):
    assert hashlib.sha256(file.read_bytes()).hexdigest().startswith(file.name.split(".")[1])


def test_what_is_mentioned_is_there():
    names = {file.name for file in FILES}
    mentioned = {name for file in FILES for name in re.findall(r"'\./([^']+)'", file.read_text("utf-8"))}
    entry = json.loads((HERE / "package.json").read_text("utf-8"))["jupyterlab"]["_build"]["load"]
    assert mentioned | {Path(entry).name} == names


def test_the_installed_modules_are_those_of_the_sources():
    installed = {re.sub(r"\.\w{12}\.", ".", file.name): file.read_text("utf-8") for file in FILES}
    plain = {name: re.sub(r"('\./[\w-]+)\.\w{12}\.", r"\1.", text) for name, text in installed.items()}
    sources = {file.name: file.read_text("utf-8") for file in [*SOURCES.glob("*.js"), *SOURCES.glob("*.css")]}
    assert plain == sources, "install again: pip install -e ."


def test_no_module_writes_markup_or_asks_elsewhere():
    text = "".join(file.read_text("utf-8") for file in [*SOURCES.glob("*.js"), *SOURCES.glob("*.css")])
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(", text)
    assert set(re.findall(r"https?://[^'\"` ]+", text)) == {"http://www.w3.org/2000/svg"}
