"""The one JSON document of a run: written after every cell, checked against its schema, read by every view."""

from __future__ import annotations

import datetime
import functools
import json
import os
import platform
import time
from pathlib import Path
from typing import Any, Mapping, Sequence

from . import __version__, targets
from .catalogue import Bug
from .cells import Cell, Plan
from .errors import MissingError, UsageError

SCHEMA = "faultline.results/1"
FILE = "results.json"

Document = dict[str, Any]


@functools.lru_cache(maxsize=None)
def schema() -> dict[str, Any]:
    """The JSON schema of the document."""
    path = Path(__file__).with_name("results.schema.json")
    data: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return data


def problems(document: Any) -> list[str]:
    """What is wrong with a document, one line each."""
    # Imported here: only this function needs it, and it is not cheap.
    import jsonschema

    validator = jsonschema.Draft7Validator(schema())
    errors = sorted(validator.iter_errors(document), key=lambda error: list(map(str, error.absolute_path)))
    return [
        f"{'/'.join(map(str, error.absolute_path)) or 'document'}: {error.message[:300]}" for error in errors
    ]


def read(path: Path) -> Document:
    """The document in a file, or in a folder's results.json. Raises UsageError."""
    if path.is_dir():
        path = path / FILE
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror}") from None
    except ValueError as error:
        raise UsageError(f"{path} is not JSON: {error}") from None
    wrong = problems(document)
    if wrong:
        raise UsageError(f"{path} is not a results document ({SCHEMA}): " + "; ".join(wrong[:3]))
    result: Document = document
    return result


def write_atomically(path: Path, text: str) -> None:
    """Writes a file whole or not at all. Raises MissingError, and the file before stays as it was."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        try:
            with temporary.open("w", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, path)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as error:
        raise MissingError(f"cannot write {path}: {error.strerror}") from None


def _host() -> dict[str, Any]:
    return {
        "system": platform.system(),
        "release": platform.release(),
        "version": platform.version(),
        "machine": platform.machine(),
        "cpus": os.cpu_count() or 1,
    }


def _about(bug: Bug, root: Path) -> dict[str, Any]:
    return {
        "name": bug.name,
        "title": bug.title,
        "seat": bug.seat,
        "fault": bug.fault,
        "upstream": list(bug.upstream),
        "affects": list(bug.affects),
        "tags": list(bug.tags),
        "variants": dict(bug.variants),
        "page": str(bug.page.relative_to(root)),
    }


class Store:
    """The results so far, on disk after every cell, in the order of the plan whatever order they come in."""

    def __init__(
        self,
        out: Path,
        root: Path,
        plan: Plan,
        options: Mapping[str, Any],
        host: Mapping[str, Any] | None = None,
    ) -> None:
        self.path = out / FILE
        self._order = {cell.key: place for place, cell in enumerate(plan.cells)}
        self._cells: dict[tuple[str, str, str], dict[str, Any]] = {}
        # How many cells' results the file has.
        self.saved = 0
        self._began = self._latest = time.monotonic()
        bugs = {cell.bug.name: cell.bug for cell in plan.cells}
        self._head: Document = {
            "schema": SCHEMA,
            "tool": {"name": "faultline", "version": __version__},
            "host": dict(host or _host()),
            "machines": {name: dict(facts) for name, facts in plan.machines.items()},
            "started": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
            "planned": len(plan.cells),
            "options": dict(options),
            "left_out": [
                {"target": out.target, "reason": out.reason, "remedy": out.remedy} for out in plan.left_out
            ],
            "bugs": [_about(bug, root) for bug in bugs.values()],
        }

    def add(self, cell: Mapping[str, Any]) -> None:
        """Takes in one cell's result and writes the document. Raises MissingError when that fails."""
        self._latest = time.monotonic()
        self._cells[(cell["bug"], cell["variant"], cell["target"])] = dict(cell)
        write_atomically(self.path, json.dumps(self.document(), indent=1) + "\n")
        self.saved = len(self._cells)

    def document(self) -> Document:
        """All results so far."""
        ordered = sorted(self._cells, key=lambda key: self._order.get(key, len(self._order)))
        return {
            **self._head,
            "seconds": round(self._latest - self._began, 3),
            "complete": len(self._cells) >= self._head["planned"],
            "cells": [self._cells[key] for key in ordered],
        }


def broken_cell(cell: Cell, reason: str, page: str) -> dict[str, Any]:
    """The result of a cell that the harness itself failed to run."""
    return {
        "bug": cell.bug.name,
        "variant": cell.variant,
        "kind": cell.kind,
        "target": cell.target,
        "kernel": targets.parse(cell.target).kernel,
        "judged_as": cell.judged_as or cell.target,
        "verdict": "broken",
        "expected": list(dict.fromkeys(word for case in cell.cases for word in case.expected)),
        "passed": False,
        "attempts": 0,
        "opportunities": 0,
        "hits": 0,
        "rate": [0.0, 1.0],
        "power": None,
        "miss": None,
        "seconds": 0.0,
        "reason": reason,
        "symptom": "",
        "at": "",
        "evidence": [],
        "command": "",
        "page": page,
        "again": "",
        "cases": [],
    }


def failed(document: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    """The cells that did not pass."""
    return [cell for cell in document["cells"] if not cell["passed"]]
