"""The version of the way keys are made."""

RECIPE = 1
"""Raised when equal inputs get another key; part of every key and trace."""
