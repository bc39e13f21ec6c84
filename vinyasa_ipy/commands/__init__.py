"""Every verb, defined once: `%vinyasa VERB` in a notebook and `vinyasa VERB` in a terminal are the same command."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vinyasa_ipy.commands import (
    accepting,
    automatic,
    checking,
    clearing,
    looking,
    panel,
    recording,
    running,
    sharing,
    trusting,
)
from vinyasa_ipy.commands.table import Command, HelpAsked, Place, complete, find, make_parser, overview
from vinyasa_ipy.pages import Text

if TYPE_CHECKING:
    from collections.abc import Sequence

COMMANDS: dict[str, Command] = {
    command.verb: command
    for command in (
        running.RUN,
        automatic.AUTO,
        looking.STATUS,
        looking.WHY,
        looking.GRAPH,
        accepting.ACCEPT,
        recording.HISTORY,
        recording.SHOW,
        clearing.CLEAR,
        panel.PANEL,
        clearing.GC,
        clearing.PIN,
        clearing.UNPIN,
        checking.DU,
        checking.AUDIT,
        checking.SELFTEST,
        sharing.PUSH,
        sharing.PULL,
        sharing.PACK,
        sharing.UNPACK,
        trusting.REMOTE,
        trusting.TRUST,
    )
}

__all__ = ["COMMANDS", "Command", "Place", "complete", "perform"]


def perform(words: Sequence[str], place: Place) -> int:
    """Carry out a command given as words; return its exit code. Raises CommandError when it can't be understood."""
    if not words or words[0] in ("-h", "--help", "help"):
        place.tell(overview(COMMANDS, place.prefix))
        return 0
    command = find(COMMANDS, words[0], place.prefix)
    try:
        options = make_parser(command, place.prefix).parse_args(list(words[1:]))
    except HelpAsked as asked:
        place.tell(Text(tuple(str(asked).rstrip().splitlines())))
        return 0
    return command.act(options, place)
