"""What a run of a page would do, found in a kernel in which no stage runs."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from vinyasa_ipy.notebook.kernel import Order, PageKernel
from vinyasa_ipy.notebook.outline import connect_parts
from vinyasa_ipy.pipeline.prospect import Prospect

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vinyasa_ipy.notebook.outline import Part

_FORECAST = "__import__('vinyasa_ipy.notebook.forecast', fromlist=['forecast']).forecast"


def foresee(notebook: Any, order: Order, parts: Sequence[Part]) -> list[Prospect]:
    """Say of each stage what a run would do. Of the other cells only those run that set up and do nothing else.

    What needs the names of a cell that doesn't run now can't be known. Raises CommandError when there is no kernel.
    """
    return asyncio.run(_foresee(PageKernel(notebook, order), parts))


async def _foresee(kernel: PageKernel, parts: Sequence[Part]) -> list[Prospect]:
    sources = connect_parts(parts).sources
    found: list[Prospect] = []
    unsettled: dict[str, str] = {}  # cells whose names aren't what a run would make them, and why in words
    async with kernel.alive():
        for part in parts:
            if kernel.interrupted:
                raise KeyboardInterrupt
            waits = next((name for name in sources[part.name] if name in unsettled), None)
            if not part.is_stage:
                if waits is not None or not part.is_setup or not await kernel.run_silently(part.source):
                    unsettled[part.name] = "a dry run doesn't run"
                continue
            if waits is not None:
                found.append(Prospect(part.name, "not known", f"it needs `{waits}`, which {unsettled[waits]}"))
            else:
                found.append(await _look(kernel, part))
            if found[-1].state != "hit":
                unsettled[part.name] = "would run" if waits is None else "may run"
    return found


async def _look(kernel: PageKernel, part: Part) -> Prospect:
    """Ask the kernel how a stage stands; it puts the names of a hit back for the stages that follow."""
    if kernel.order.force_all or part.name in kernel.order.force:
        return Prospect(part.name, "would run", "forced")
    answer = await kernel.evaluate(f"{_FORECAST}(get_ipython().vinyasa.stages, {part.source!r})")
    return Prospect(part.name, "hit" if answer["hit"] else "would run", answer["reason"])
