"""Run stages: the graph they form, what must run, and how it runs."""
