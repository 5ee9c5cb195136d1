"""What the user sees while cells run: a live line in a terminal, a line per cell anywhere."""

from __future__ import annotations

import time
from typing import Any, Mapping

import pytest
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from .cells import Case, Cell
from .protocol import Event
from .results import Store
from .views import terminal, text


class Reporter:
    """A pytest plugin that stands in for pytest's own terminal output."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._live: Live | None = None
        self._planned = 0
        self._done = 0
        self._failed = 0
        self._began = time.monotonic()
        self._now = ""
        self._spinner = Spinner("dots")
        self._counts = ""
        self.store: Store | None = None
        self.interrupted = False

    @pytest.hookimpl(trylast=True)
    def pytest_configure(self, config: pytest.Config) -> None:
        """Takes pytest's own reporter away."""
        own = config.pluginmanager.get_plugin("terminalreporter")
        if own:
            config.pluginmanager.unregister(own)

    def pytest_faultline_started(self, store: Store) -> None:
        """Opens the live line."""
        self.store = store
        self._planned = store.document()["planned"]
        if self._console.is_terminal:
            self._live = Live(self, console=self._console, refresh_per_second=8, transient=True)
            self._live.start()
        else:
            self._console.print(f"running {self._planned} cells")

    def pytest_faultline_case(self, cell: Cell, case: Case, silent: bool) -> None:
        """Shows the case that runs."""
        why = "calibrating by " if silent else ""
        self._now = f"{why}{cell.bug.name} {cell.variant}/{case.name} on {cell.target}"
        self._counts = ""

    def pytest_faultline_event(self, event: Event) -> None:
        """Shows the counts as they grow."""
        if event.word == "progress":
            self._counts = f"{event.number('opportunities')} opportunities, {event.number('hits')} hits"

    def pytest_faultline_result(self, cell: Mapping[str, Any]) -> None:
        """A line for each finished cell."""
        self._done += 1
        self._failed += not cell["passed"]
        line = Text(f"[{self._done}/{self._planned}] ", style="dim")
        line.append(
            f"{'FAILED ' if not cell['passed'] else ''}{cell['verdict']:<12} ", style=self._style(cell)
        )
        line.append(f"{cell['bug']} ", style="bold")
        line.append(text.name(cell).removeprefix(f"{cell['bug']} "))
        if cell["cases"]:
            line.append(f"  {text.counts(cell)}, {cell['seconds']:.1f} s", style="dim")
        elif cell["verdict"] == "inapplicable":
            line.append(f"  {cell['reason']}", style="dim")
        self._console.print(line, soft_wrap=True)
        if not cell["passed"] and cell["reason"]:
            self._console.print(Text(f"        {cell['reason']}", style="red"), soft_wrap=True)

    @staticmethod
    def _style(cell: Mapping[str, Any]) -> str:
        return terminal.STYLES[cell["verdict"]] if cell["passed"] else terminal.FAILED_STYLE

    def __rich__(self) -> RenderableType:
        bar = Table.grid(padding=(0, 1))
        failed = f", {self._failed} failed" if self._failed else ""
        bar.add_row(
            self._spinner,
            ProgressBar(total=max(1, self._planned), completed=self._done, width=30),
            f"{self._done}/{self._planned}{failed}",
            Text(f"{time.monotonic() - self._began:.0f} s", style="dim"),
        )
        now = Text(f"  {self._now}", no_wrap=True, overflow="ellipsis")
        if self._counts:
            now.append(f"  {self._counts}", style="dim")
        return Group(bar, now)

    def pytest_keyboard_interrupt(self, excinfo: pytest.ExceptionInfo[BaseException]) -> None:
        """Remembers that the user had enough; pytest's own wish to stop comes through here too."""
        self.interrupted = excinfo.type is KeyboardInterrupt

    def close(self) -> None:
        """Takes the live line away."""
        if self._live:
            self._live.stop()
            self._live = None
