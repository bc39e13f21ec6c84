"""Runs: what ran, when, where and with which outcome, kept for every later look."""

from vinyasa_ipy.history.history import History
from vinyasa_ipy.history.record import JSON, Difference, Run, StageRecord

__all__ = ["JSON", "Difference", "History", "Run", "StageRecord"]
