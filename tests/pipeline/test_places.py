"""Names of files that hold when the project, the home or the environment stands elsewhere."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from vinyasa_ipy.pipeline.places import Places


@pytest.fixture
def places(tmp_path):
    return Places(str(tmp_path / "project"))


def test_a_file_of_the_project_is_named_below_it(places, tmp_path):
    path = str(tmp_path / "project" / "data" / "x.csv")
    assert places.name(path) == "{project}/data/x.csv"
    assert Places(str(tmp_path / "moved")).find("{project}/data/x.csv") == str(tmp_path / "moved" / "data" / "x.csv")


def test_a_neighbour_whose_name_begins_alike_is_not_below_it(places, tmp_path):
    path = str(tmp_path / "project-2" / "x.csv")
    assert places.name(path) == path


def test_a_file_of_the_home_is_named_below_it(places, monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert places.name(str(tmp_path / "home" / "x")) == "{home}/x"
    assert places.find("{home}/x") == str(tmp_path / "home" / "x")


def test_an_installed_file_is_named_below_its_site(places):
    site = next(path for path in sys.path if path.endswith("site-packages"))
    path = str(Path(site) / "numpy" / "__init__.py")
    assert places.name(path) == "{site}/numpy/__init__.py"
    assert places.find("{site}/numpy/__init__.py") == path


@pytest.mark.parametrize("path", ["/elsewhere/x", "/elsewhere/{project}/x"])
def test_other_files_keep_their_path(places, path):
    assert places.find(places.name(path)) == path
