"""`trust`, `remote`: whose results are used, and where one's own are shared."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from vinyasa_ipy.commands.table import Command, Option, Place
from vinyasa_ipy.errors import CommandError
from vinyasa_ipy.pages import Column, Table, Text
from vinyasa_ipy.store.address import OFF, PROJECT, VARIABLE, find_projects_url, find_url, write_choice
from vinyasa_ipy.store.colleagues import KEY, read_colleagues, write_colleagues
from vinyasa_ipy.store.signing import own_key

if TYPE_CHECKING:
    import argparse

_NAME = re.compile(r"[\w.@+-]{1,80}")


def trust(options: argparse.Namespace, place: Place) -> int:
    """Show one's own public key, or list, add or remove those of colleagues."""
    words = [options.act, *options.words]
    match words:
        case ["show"]:
            key = own_key()
            place.tell(Text((key, f"Colleagues use your results after `vinyasa trust add YOUR-NAME {key}`.")))
        case ["list"]:
            rows = tuple(sorted(read_colleagues().items()))
            note = "" if rows else "You trust nobody's results but your own."
            place.tell(Table("Trusted keys", (Column("name"), Column("key")), rows, note))
        case ["add", name, key]:
            _add(name, key, place)
        case ["remove", name]:
            _remove(name, place)
        case _:
            asked = f"`{place.prefix} trust {' '.join(words)}` can't be understood"
            raise CommandError(asked, f"`{place.prefix} trust show`, `list`, `add NAME KEY` or `remove NAME`")
    return 0


def _add(name: str, key: str, place: Place) -> None:
    if not _NAME.fullmatch(name) or not KEY.fullmatch(key):
        raise CommandError(f"{name!r} with {key!r} is not a name and a key", "`vinyasa trust show` gives a key")
    colleagues = read_colleagues()
    if colleagues.get(name, key) != key:
        raise CommandError(f"{name} has another key in your list", f"first `{place.prefix} trust remove {name}`")
    write_colleagues(colleagues | {name: key})
    place.tell(Text((f"Results signed by {name} are used from now on. Loading them can run code that {name} wrote.",)))


def _remove(name: str, place: Place) -> None:
    colleagues = read_colleagues()
    if colleagues.pop(name, None) is None:
        known = f"you trust: {', '.join(colleagues)}" if colleagues else "you trust nobody"
        raise CommandError(f"there is no {name!r} in your list", known)
    write_colleagues(colleagues)
    place.tell(
        Text((f"{name}'s results are not taken any more. `{place.prefix} clear` removes what you have of them.",))
    )


def remote(options: argparse.Namespace, place: Place) -> int:
    """Show or choose the shelf that results are shared on."""
    if options.url is not None:
        write_choice("" if options.url == OFF else options.url)
    project = str(place.session.folder.parent)
    url, named = find_url(project), find_projects_url(project)
    lines = [f"Results are shared on {url}." if url else "Results are not shared."]
    if named and named != url:
        lines.append(f"This project names {named}. `{place.prefix} remote {PROJECT}` shares on what projects name.")
    lines.append(f"`{place.prefix} remote URL` sets it for you, {VARIABLE} for one process, `--remote URL` for a run.")
    place.tell(Text(tuple(lines)))
    return 0


TRUST = Command(
    "trust",
    "Say whose shared results are used; show your own key.",
    trust,
    (
        Option(("act",), "show, list, add or remove", {"choices": ("show", "list", "add", "remove")}),
        Option(("words",), "NAME KEY to add, NAME to remove", {"nargs": "*", "metavar": "NAME"}),
    ),
)
REMOTE = Command(
    "remote",
    "Show or choose where you share results, in all projects.",
    remote,
    (
        Option(
            ("url",),
            f"a URL or folder, `{PROJECT}` for what each project names, `{OFF}` for none",
            {"nargs": "?", "metavar": "URL"},
        ),
    ),
)
