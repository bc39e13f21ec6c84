"""Every verb, defined once: `%vinyasa VERB` in a notebook and `vinyasa VERB` in a terminal are the same command."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vinyasa_ipy.commands import (
    accepting,
    automatic,
    checking,
    clearing,
    finding,
    looking,
    panel,
    recording,
    running,
    sharing,
    trusting,
)
from vinyasa_ipy.commands.table import Command, HelpAsked, Place, complete, find, overview, parse
from vinyasa_ipy.pages import Text

if TYPE_CHECKING:
    from collections.abc import Sequence

GROUPS: dict[str, tuple[Command, ...]] = {
    "Every day": (
        running.RUN,
        looking.STATUS,
        looking.WHY,
        looking.GRAPH,
        recording.HISTORY,
        clearing.CLEAR,
        panel.PANEL,
        automatic.AUTO,
    ),
    "Runs and results": (
        recording.SHOW,
        recording.COMPARE,
        recording.NOTE,
        recording.CHECKOUT,
        accepting.ACCEPT,
    ),
    "The store": (
        clearing.GC,
        clearing.PIN,
        clearing.UNPIN,
        finding.LS,
        finding.FIND,
        checking.DU,
        checking.AUDIT,
        checking.SELFTEST,
    ),
    "Sharing": (sharing.PUSH, sharing.PULL, sharing.PACK, sharing.UNPACK, trusting.REMOTE, trusting.TRUST),
}
COMMANDS: dict[str, Command] = {command.verb: command for group in GROUPS.values() for command in group}

__all__ = ["COMMANDS", "Command", "Place", "complete", "perform"]


def perform(words: Sequence[str], place: Place) -> int:
    """Carry out a command given as words; return its exit code. Raises CommandError when it can't be understood."""
    if not words or words[0] in ("-h", "--help", "help"):
        for page in overview(GROUPS, place.prefix):
            place.tell(page)
        return 0
    command = find(COMMANDS, words[0], place.prefix)
    try:
        options = parse(command, place.prefix, words[1:])
    except HelpAsked as asked:
        place.tell(Text(tuple(str(asked).rstrip().splitlines())))
        return 0
    return command.act(options, place)
