"""The panel in a cell, of stock widgets: the sidebar's content where there is no sidebar."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import ipywidgets

from vinyasa_ipy.errors import VinyasaError
from vinyasa_ipy.fingerprint.aside import unwatched
from vinyasa_ipy.pages import Cell, Column, Page, Picture, Table, Text, Tone, ago, duration, size
from vinyasa_ipy.panel.answers import answer
from vinyasa_ipy.panel.drawing import describe_stored
from vinyasa_ipy.pipeline.draw import to_svg, to_text
from vinyasa_ipy.pipeline.graph import Graph
from vinyasa_ipy.pipeline.layout import layout
from vinyasa_ipy.pipeline.selection import Selection
from vinyasa_ipy.pipeline.verdict import say_state

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from vinyasa_ipy.notebook.extension import Extension
    from vinyasa_ipy.panel.live import Live

SECTIONS = {"Pipeline": "Stage", "Runs": "Run", "Cache": "Results of"}
"""The sections, and what is chosen in each."""
EVERYTHING = "everything"
BACK = "What was cleared is back."
NOTHING_BACK = "Nothing had to be brought back: all that was cleared has been made again meanwhile."
TONES: Mapping[str, Tone] = {
    **dict.fromkeys(("ok", "hit", "done"), "good"),
    **dict.fromkeys(("failed", "died", "interrupted"), "bad"),
    **dict.fromkeys(("running", "stale", "miss"), "busy"),
}


class Panel:
    """One panel: a choice of section, what it shows, and buttons for the stage, run or result that is chosen.

    It can be displayed; where widgets don't work, what it showed at first stays as HTML or text.
    """

    def __init__(self, extension: Extension, live: Live) -> None:
        """Show the stages of `extension` as they stand in `live`."""
        self.extension = extension
        self.live = live
        self._ticket = ""
        self.section = ipywidgets.ToggleButtons(
            options=tuple(SECTIONS), tooltips=["What runs", "What ran", "What is stored"]
        )
        self.body = ipywidgets.HTML()
        self.choice = ipywidgets.Dropdown(style={"description_width": "initial"})
        self.actions = ipywidgets.HBox()
        self.detail = ipywidgets.HTML()
        self.questions = ipywidgets.HBox()
        self.output = ipywidgets.Output()
        below = ipywidgets.HBox([self.choice, self.actions])
        self.widget = ipywidgets.VBox([self.section, self.body, below, self.detail, self.questions, self.output])
        self.section.observe(lambda _: self._turn(), "value")
        self._turn()

    def refresh(self) -> None:
        """Show how things are now."""
        with unwatched():  # it may be called while a stage runs, from beside it
            page, choices = self._show()
            self.body.value = "".join(part.to_html() for part in page)
            if tuple(self.choice.options) != tuple(choices):
                chosen = self.choice.value
                self.choice.options = choices
                self.choice.value = chosen if chosen in choices else next(iter(choices), None)

    def _repr_mimebundle_(self, **_asked: Any) -> dict[str, Any]:
        """Give the widget, and for where there are none, all sections as HTML and as text."""
        pages = [*self._stages()[0], *self._runs()[0], *self._cache()[0]]
        return {
            **self.widget._repr_mimebundle_(),
            "text/html": "".join(page.to_html() for page in pages),
            "text/plain": "\n\n".join(page.to_text() for page in pages),
        }

    # ---- sections --------------------------------------------------------------------------------------------

    def _turn(self) -> None:
        """Go to the section that is chosen."""
        self._say()
        buttons: Mapping[str, Sequence[ipywidgets.Button]] = {
            "Pipeline": (
                _button("Why", self._why),
                _button("Log", self._show_log),
                _button("Run", self._run),
                _button("Force", self._force),
            ),
            "Runs": (
                _button("Show", self._show_run),
                _button("Compare with the one before", self._compare),
                _button("Check out", self._check_out),
            ),
            "Cache": (_button("Clear…", self._ask), _button("Sweep…", self._ask_to_sweep)),
        }
        self.choice.description = SECTIONS[self.section.value]
        self.actions.children = buttons[self.section.value]
        self.refresh()

    def _show(self) -> tuple[Sequence[Page], Sequence[str]]:
        return {"Pipeline": self._stages, "Runs": self._runs, "Cache": self._cache}[self.section.value]()

    def _stages(self) -> tuple[Sequence[Page], Sequence[str]]:
        """Draw the stages and list them with what is known of each."""
        graph = self.extension.pipeline.graph(states=False)
        stages = self.live.stages
        newest = self.extension.session.store.newest
        known = {node.name: stages.get(node.name) or describe_stored(newest(node.name)) for node in graph.nodes}
        nodes = [
            replace(node, state=(now := known[node.name]).get("state", ""), words=now.get("words", ""))
            for node in graph.nodes
        ]
        if not nodes:
            return [Text(("No stage has run yet: begin a cell with `%%stage NAME`.",))], ()
        shown = Graph(tuple(nodes), graph.edges, graph.problems)
        rows = tuple((node.name, _tinted(node.state), node.words, known[node.name].get("reason", "")) for node in nodes)
        columns = (Column("stage"), Column("state"), Column("time", "right"), Column("why"))
        picture = Picture(to_svg(layout(shown), title="pipeline"), to_text(shown))
        return [picture, Table("", columns, rows)], [node.name for node in nodes]

    def _runs(self) -> tuple[Sequence[Page], Sequence[str]]:
        runs = self._answer(verb="runs").get("runs", [])
        now = time.time()
        rows = tuple(
            (
                str(run["id"]),
                ago(run["started"], now),
                run["title"],
                _tinted(run["outcome"]),
                run["took"],
                f"{run['hits']} of {run['stages']}",
            )
            for run in runs
        )
        right = ("run", "took", "hits")
        names = ("run", "when", "what", "outcome", "took", "hits")
        columns = tuple(Column(name, "right" if name in right else "left") for name in names)
        return [Table("Runs", columns, rows, "" if rows else "No run is recorded yet.")], [row[0] for row in rows]

    def _cache(self) -> tuple[Sequence[Page], Sequence[str]]:
        told = self._answer(verb="cache")
        owners = told.get("owners", [])
        rows = tuple(
            (
                owner["name"],
                owner["kind"],
                str(owner["results"]),
                owner["size"],
                str(owner["hits"]),
                owner["saved"],
            )
            for owner in owners
        )
        total = told.get("total", {})
        note = f"{total['size']} in all, {total['budget']} are allowed" if rows else "Nothing is stored."
        note += f"; `%vinyasa du` lists {told['more']} more" if told.get("more") else ""
        names = ("of", "kind", "results", "size", "hits", "saved")
        columns = tuple(Column(name, "left" if name in names[:2] else "right") for name in names)
        choices = [EVERYTHING, *(owner["name"] for owner in owners)] if owners else []
        return [Table("Stored results", columns, rows, note)], choices

    # ---- buttons ---------------------------------------------------------------------------------------------

    def _why(self) -> None:
        self._say(Text(tuple(self.extension.pipeline.explain(self.choice.value))) if self.choice.value else None)

    def _show_log(self) -> None:
        log = self._answer(verb="log", stage=self.choice.value or "").get("log", "")
        self._say(Text(tuple(log.splitlines()) or ("It displayed nothing.",)))

    def _run(self, *, force: bool = False) -> None:
        name = self.choice.value
        if name:
            self.output.clear_output()
            with self.output:
                self.extension.pipeline.run([name], Selection(force_all=force), dry_run=False, tell=lambda _: None)
            self.refresh()

    def _force(self) -> None:
        self._run(force=True)

    def _show_run(self) -> None:
        if not self.choice.value:
            return
        told = self._answer(verb="run", run=self.choice.value)
        rows = tuple(
            (record["name"], _tinted(record["state"]), record["took"], record["saved"], record["reason"])
            for record in told.get("records", [])
        )
        columns = (Column("stage"), Column("verdict"), Column("took", "right"), Column("saved", "right"), Column("why"))
        self._say(Table(f"Run {self.choice.value}", columns, rows))

    def _compare(self) -> None:
        """Put the run beside the one that is listed before it."""
        older = self._answer(verb="runs", before=self.choice.value).get("runs", []) if self.choice.value else []
        if not older:
            self._say(Text(("No run is older.",)))
            return
        told = self._answer(verb="compare", before=older[0]["id"], after=self.choice.value)
        rows = tuple(
            (stage["name"], _say_side(stage["before"]), _say_side(stage["after"]), "\n".join(stage["lines"]))
            for stage in told.get("stages", [])
        )
        names = ("stage", f"run {older[0]['id']}", f"run {self.choice.value}", "what differed")
        self._say(Table("", tuple(map(Column, names)), rows))

    def _check_out(self) -> None:
        """Bring the variables of the run back."""
        if self.choice.value:
            found = self.extension.pipeline.check_out(self.extension.session.history.get(int(self.choice.value)))
            rows = tuple((each.stage, ", ".join(each.names) or each.problem) for each in found)
            self._say(Table(f"Variables of run {self.choice.value}", (Column("stage"), Column("variables")), rows))

    def _ask_to_sweep(self) -> None:
        """Say what a sweep would remove; nothing goes before that is answered."""
        told = self._answer(verb="preview", sweep=True)
        if not told.get("results"):
            self._say(Text(("Nothing has to go: the stored results keep to what is allowed.",)))
            return
        cost = f"{told['results']} results, {told['size']}, for good. Making them again takes about {told['took']}."
        self._say(Text(("Sweep what is worth least?", cost)), _button("Keep", self._say), _button("Sweep", self._sweep))

    def _sweep(self) -> None:
        told = self._answer(verb="sweep")
        self._say(Text((f"Swept {told['results']} results, {told['size']}.",)) if told else None)
        self.refresh()

    def _ask(self) -> None:
        """Say what clearing would cost; nothing goes before that is answered."""
        if not self.choice.value:
            return
        freed = self.extension.session.preview(*self._target())
        cost = f"{freed.entries} results, {size(freed.bytes)}. Making them again takes about {duration(freed.seconds)}."
        self._say(
            Text((f"Clear {self.choice.value}?", cost)), _button("Keep", self._say), _button("Clear", self._clear)
        )

    def _clear(self) -> None:
        told = self._answer(verb="clear", owner=next(iter(self._target()), None))
        self._ticket = told.get("ticket", "")
        if self._ticket:
            words = f"{told['results']} results were cleared, {told['size']}. For an hour this can be undone."
            self._say(Text((words,)), _button("Undo", self._undo))
        self.refresh()

    def _undo(self) -> None:
        told = self._answer(verb="undo", ticket=self._ticket)
        if told:
            self._say(Text((BACK if told["files"] else NOTHING_BACK,)))
        self.refresh()

    def _target(self) -> tuple[str, ...]:
        return () if self.choice.value == EVERYTHING else (self.choice.value,)

    def _answer(self, **request: Any) -> dict[str, Any]:
        try:
            return answer(self.extension.session, request)
        except VinyasaError as error:
            self._say(Text((str(error),)))
            return {}

    def _say(self, page: Page | None = None, *buttons: ipywidgets.Button) -> None:
        """Show something below, and the buttons that answer it."""
        self.detail.value = page.to_html() if page is not None else ""
        self.questions.children = buttons


def _say_side(side: Mapping[str, str] | None) -> str:
    return f"{side['state']} {side['took']}" if side is not None else ""


def _tinted(word: str) -> Cell:
    return Cell(say_state(word), TONES.get(word, "dim"))


def _button(label: str, act: Callable[[], None]) -> ipywidgets.Button:
    button = ipywidgets.Button(description=label, layout={"width": "auto"})
    button.on_click(lambda _: act())
    return button
