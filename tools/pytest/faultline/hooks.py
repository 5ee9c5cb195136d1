"""Hooks that the plugin calls, for whoever wants to watch a run (the command's live display does)."""

from __future__ import annotations

from typing import Any, Mapping

import pytest

from .cells import Case, Cell
from .protocol import Event
from .results import Store


@pytest.hookspec()
def pytest_faultline_started(store: Store) -> None:
    """The plan stands and the first cell is about to run."""


@pytest.hookspec()
def pytest_faultline_case(cell: Cell, case: Case, silent: bool) -> None:
    """A case begins in this process; silently when it only calibrates another."""


@pytest.hookspec()
def pytest_faultline_event(cell: Cell, case: Case, event: Event) -> None:
    """A program in this process printed an event."""


@pytest.hookspec()
def pytest_faultline_result(cell: Mapping[str, Any]) -> None:
    """A cell is judged, and its result is on the disk."""
