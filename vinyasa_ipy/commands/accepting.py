"""`accept`: declare a change of code harmless, so that the result from before it stands; or take that back."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

from vinyasa_ipy.commands.owners import find_functions
from vinyasa_ipy.commands.table import Command, Option, Place
from vinyasa_ipy.errors import CommandError
from vinyasa_ipy.memory.accepting import draft_function
from vinyasa_ipy.memory.naming import name_function
from vinyasa_ipy.pages import Text, ago, duration
from vinyasa_ipy.pipeline.noted import ACCEPTED, read_changes, say_accepted
from vinyasa_ipy.pipeline.script import Sequence, as_main, read_script

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping
    from collections.abc import Sequence as Listed

    from vinyasa_ipy.memory.cached import CachedFunction
    from vinyasa_ipy.pipeline.engine import Engine
    from vinyasa_ipy.pipeline.stage import Inputs
    from vinyasa_ipy.store import Trace


def accept(options: argparse.Namespace, place: Place) -> int:
    """Show which changes would count as harmless, and let them when the user agrees."""
    names = list(dict.fromkeys(options.stages))
    known = place.pipeline.known if place.pipeline is not None else {}
    functions = find_functions([name for name in names if name not in known], place)
    if options.undo:
        return _undo(names, functions, place)
    settled = [_settle_function(function, options.yes, place) for function in functions.values()]
    names = [name for name in names if name not in functions]
    if not names or (place.pipeline is not None and all(name in known for name in names)):
        engine = place.session.engine
        for name in names:
            assert place.pipeline is not None  # noqa: S101 - only its stages are known
            settled.append(_settle(name, place.pipeline.draft_acceptance(name), engine, options.yes, place))
        return _code(place, accepted=all(settled))
    unknown = [name for name in names if not name.endswith(".py")]
    if unknown:
        where = f"There are: {', '.join(known)}" if known else "Accept a notebook's stage in that notebook"
        raise CommandError(f"there is no stage, memoized function or script {unknown[0]!r} here", where)
    return _accept_scripts([Path(name) for name in names], options, place)


def _settle_function(function: CachedFunction, sure: bool, place: Place) -> bool:  # noqa: FBT001 - the user's --yes
    """Do for a memoized function what `_settle` does for a stage."""
    draft, engine = draft_function(function), function.stored_calls.engine
    accepted = _settle(name_function(function.func), draft, engine, sure, place)
    function.look()
    return accepted


def _accept_scripts(paths: Listed[Path], options: argparse.Namespace, place: Place) -> int:
    """Take scripts in order, as `run` does: each is looked at with the names that those before it leave."""
    scripts = [read_script(path) for path in paths]
    settled = False
    with as_main(dict.fromkeys(str(script.path.parent) for script in scripts)) as space:
        sequence = Sequence(place.session.engine, space, options.arguments)
        for script in scripts:
            look = sequence.look(script)
            if look.verdict is None or not look.verdict.hit:
                draft, engine = sequence.draft_acceptance(script, look), place.session.engine
                settled = _settle(script.name, draft, engine, options.yes, place)
                if not settled:
                    return _code(place, accepted=False)
                look = sequence.look(script)
            if sequence.bring_back(script, look, show=False):
                raise CommandError(f"`{script.name}` can't be brought back", "Run it")
    if not settled:
        raise CommandError(f"{' and '.join(map(str, paths))}: nothing has changed", "There is nothing to accept")
    return 0


def _code(place: Place, *, accepted: bool) -> int:
    """Give the exit code: a user who says no is obeyed, but where nobody can be asked nothing was done."""
    return 0 if accepted or place.confirm is not None else 1


def _settle(
    name: str,
    draft: tuple[Trace, Inputs],
    engine: Engine,
    sure: bool,  # noqa: FBT001 - the user's --yes
    place: Place,
) -> bool:
    """Preview one acceptance, make it when the user agrees, and tell whether it was made."""
    note, inputs = draft
    when = ago(note.created, time.time())
    head = f"{name}: the result of {when} (took {duration(note.seconds)}) would stand, with these changes:"
    place.tell(Text((head, *(f"  {line}" for line in read_changes(note)))))
    command = f"{place.prefix} accept {name}"
    if not sure and not (place.confirm is not None and place.confirm("Accept?")):
        place.tell(Text((f"Nothing was accepted. `{command} --yes` accepts it.",)))
        return False
    engine.accept(note, inputs)
    place.tell(Text((f"Accepted: {name} is a hit from now on. `{command} --undo` takes that back.",)))
    return True


def _undo(names: Listed[str], functions: Mapping[str, CachedFunction], place: Place) -> int:
    """Take back everything that was accepted for some stages and functions."""
    where = {name: (place.session.store.notes, name) for name in names}
    where |= {name: (each.stored_calls.store.notes, each.func_id) for name, each in functions.items()}
    told = {name: notes.about(ACCEPTED, owner) for name, (notes, owner) in where.items()}
    never = [name for name in names if not told[name]]
    if never:
        raise CommandError(f"nothing was accepted for {never[0]!r}", "There is nothing to take back")
    for name, (notes, owner) in where.items():
        notes.remove(owner, ACCEPTED)
        place.tell(
            Text((f"{name}: no longer accepted is what was", *(f"  {say_accepted(note)}" for note in told[name])))
        )
    for function in functions.values():
        function.look()
    return 0


ACCEPT = Command(
    "accept",
    "Declare a change of code harmless: the result from before it stands.",
    accept,
    (
        Option(
            ("stages",),
            "stages of the notebook, memoized functions (module.function), or scripts in their order",
            {"nargs": "+", "metavar": "STAGE"},
            "stage",
        ),
        Option(("--yes",), "don't ask", {"action": "store_true"}),
        Option(("--undo",), "take back what was accepted", {"action": "store_true"}),
    ),
    calls=True,
)
