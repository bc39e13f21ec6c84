"""Calls that ask for a setting of the process: one that leaves it as another one is not stored."""

from __future__ import annotations

import os
import sys
import threading
import time
from decimal import Decimal, getcontext, localcontext

import pytest

from vinyasa_ipy.errors import VinyasaWarning


@pytest.fixture(autouse=True)
def _settings_put_back(monkeypatch):
    limit = sys.getrecursionlimit()
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    with localcontext():
        yield
    sys.setrecursionlimit(limit)
    monkeypatch.undo()
    time.tzset()


def raise_precision():
    getcontext().prec += 10
    return str(Decimal(1) / 3)


def raise_limit():
    sys.setrecursionlimit(sys.getrecursionlimit() + 100)
    return sys.getrecursionlimit()


def move_to_zone():
    os.environ["TZ"] = "Asia/Tokyo"
    time.tzset()
    return time.localtime(0).tm_hour


@pytest.mark.parametrize(
    ("function", "setting"),
    [
        (raise_precision, "the decimal context"),
        (raise_limit, "the recursion limit"),
        (move_to_zone, "the local time zone"),
    ],
)
def test_a_call_that_changes_a_setting_it_asks_for_is_not_stored(memory, function, setting):
    cached = memory.cache(function)
    with pytest.warns(VinyasaWarning, match=f"{setting}.* was changed meanwhile"):
        cached()
    assert not cached.check_call_in_cache()


def test_a_zone_that_takes_hold_during_the_call_is_a_change(memory, monkeypatch):
    def tell():
        time.tzset()
        return time.localtime(0).tm_hour

    monkeypatch.setenv("TZ", "Asia/Tokyo")
    with pytest.warns(VinyasaWarning, match="the local time zone"):
        assert memory.cache(tell)() == 9


def test_a_result_is_not_stored_under_a_setting_that_another_thread_has_changed(memory):
    def slow(wait):
        wait()
        return time.strftime("%Z")

    def move():
        thread = threading.Thread(target=move_to_zone)
        thread.start()
        thread.join()

    cached = memory.cache(slow, ignore=["wait"])
    with pytest.warns(VinyasaWarning, match="the local time zone"):
        assert cached(move) == "JST"
    os.environ["TZ"] = "UTC"
    time.tzset()
    assert cached(int) == "UTC"


def test_a_call_that_puts_a_setting_back_is_stored(memory):
    ran = []

    def divide(x):
        ran.append(x)
        with localcontext() as context:
            context.prec = 5
            return str(Decimal(x) / getcontext().prec)

    cached = memory.cache(divide)
    assert [cached(1), cached(1), ran] == ["0.2", "0.2", [1]]


def test_a_module_that_the_call_is_first_to_import_is_no_change(project):
    project.write(
        main="""
        from vinyasa_ipy import cache

        @cache
        def f():
            import csv
            print("ran")
            return csv.field_size_limit()

        print([f(), f()])
        """
    )
    assert project.lines() == ["ran", "[131072, 131072]"]
    assert project.lines() == ["[131072, 131072]"]
