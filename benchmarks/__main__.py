"""`python -m benchmarks [NAME …]`: run benchmarks, print their tables and keep them in `benchmarks/RESULTS.md`."""

from __future__ import annotations

import platform
import re
import sys
from pathlib import Path

from benchmarks import calls, recording, scale, shell, storing, values
from benchmarks.peers import PEERS, missing
from benchmarks.readme import write_table

ALL = {
    "a1": calls.a1,
    "a2": calls.a2,
    "a3": calls.a3,
    "a4": calls.a4,
    "b1": values.b1,
    "b2": values.b2,
    "b3": values.b3,
    "b4": values.b4,
    "c1": storing.c1_c2,
    "c3": storing.c3,
    "f1": shell.f1,
    "f2": shell.f2,
    "f3": shell.f3,
    "g1": recording.g1,
}
SLOW = {"scale": scale.scale}
"""Benchmarks that run only when they are named: they take many minutes, and millions of files."""
RESULTS = Path(__file__).with_name("RESULTS.md")
HEAD = (
    "# Results\n\nMade by `python -m benchmarks`. Absolute times move with the machine; the ratios are what counts.\n"
)


def main(names: list[str]) -> int:
    """Run the benchmarks that are named, or all."""
    known = ALL | SLOW
    unknown = [name for name in names if name not in known]
    if unknown:
        print(f"there is no benchmark {unknown[0]!r}: there are {', '.join(known)}")
        return 2
    absent = missing(*PEERS)
    if absent:
        print(f"not installed, so not compared: {', '.join(absent)}\n")
    for name in names or ALL:
        text = known[name]()
        print(text, end="\n\n", flush=True)
        _keep(text)
    return 0


def _keep(text: str) -> None:
    """Put tables into the results, each in place of its older self, and what the README tells of them."""
    parts = list_parts(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {}
    parts.update(list_parts(text))
    machine = f"Last on Python {platform.python_version()}, {platform.machine()}, {platform.system()}.\n"
    body = "\n".join(f"### {title}\n{content}" for title, content in sorted(parts.items()))
    RESULTS.write_text(f"{HEAD}{machine}\n{body}", encoding="utf-8")
    write_table(parts)


def list_parts(text: str) -> dict[str, str]:
    """List the tables of results by their titles."""
    sections = re.split(r"^### (.*)\n", text, flags=re.MULTILINE)[1:]
    return {title: content.rstrip() + "\n" for title, content in zip(sections[::2], sections[1::2], strict=True)}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
