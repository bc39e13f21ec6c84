"""How a value is told to a person: in few words, and part by part."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from vinyasa_ipy.fingerprint.describe import MANY, describe, is_secret, list_facts


class Shape:
    sides = 4
    api_key = "abc"

    def area(self):
        return self.sides

    @property
    def double(self):
        return 2 * self.area()


@dataclass
class Point:
    x: int
    y: float = 0.5


class Rude:
    @property
    def shape(self):
        raise RuntimeError

    @property
    def __dict__(self):
        raise RuntimeError


@pytest.mark.parametrize(
    ("value", "facts"),
    [
        (1, {}),
        (None, {}),
        ("short", {}),
        ("x" * 1000, {"characters": "1,000"}),
        ([1, "a"], {"items": "2", "item 0": "1", "item 1": "'a'"}),
        ([0] * (MANY + 1), {"items": "101"}),
        ({"a": 1, 2: None}, {"items": "2", "item `a`": "1", "item `2`": "None"}),
        ({"password": "abc"}, {"items": "1", "item `password`": ""}),
        ({1}, {"items": "1", "item 1": ""}),
        (np.ones((2, 3)), {"shape": "2 × 3", "type of elements": "float64"}),
        (pd.Series([1], name="s"), {"shape": "1", "type of elements": "int64", "name": "'s'"}),
        (pd.DataFrame({"a": [1], "b": ["u"]})[["a"]], {"rows": "1", "column `a`": "int64"}),
        (pd.DataFrame(np.ones((2, MANY + 1))), {"rows": "2", "columns": "101"}),
        (pl.DataFrame({"a": [1]}), {"rows": "1", "column `a`": "Int64"}),
        (pa.table({"a": [1]}), {"rows": "1", "column `a`": "int64"}),
        (Point(1), {"attribute `x`": "1", "attribute `y`": "0.5"}),
        (Rude(), {}),
        (
            Shape,
            {
                "bases": "object",
                "metaclass": "type",
                "attribute `sides`": "4",
                "attribute `api_key`": "",
                "method `area`": "",
                "property `double`": "",
            },
        ),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_value_is_told_part_by_part(value, facts):
    assert list_facts(value) == facts


def test_fields_of_a_dataclass_are_told_with_their_types():
    assert list_facts(Point)["type of `y`"] == "float"


@pytest.mark.parametrize(
    "name", ["API_KEY", "apikey", "MY_TOKEN", "db_password", "client_secret", "AWS_SECRET_ACCESS_KEY"]
)
def test_a_name_that_looks_like_a_secrets_is_one(name):
    assert is_secret(name)


@pytest.mark.parametrize("name", ["key", "keyboard", "HOME", "LANG", "keys", "monkey"])
def test_other_names_are_none(name):
    assert not is_secret(name)


def test_a_value_is_described_in_few_words():
    assert describe(pd.DataFrame({"a": range(1000)})) == "1,000 × 1 DataFrame"
    assert describe([1] * 1000) == "list of 1,000"
