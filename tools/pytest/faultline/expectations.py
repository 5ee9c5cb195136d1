"""Known failures of targets: ci/expectations.toml. Each has an owner, a link, evidence, a date and an end.

While it holds, the failure is what is expected: a cell that passes all the same is red, so that nobody keeps
an entry for what is repaired. After its end it holds no longer, and the cell is red for its failure.
"""

from __future__ import annotations

import dataclasses
import datetime
import fnmatch
import tomllib
from pathlib import Path
from typing import Any, Mapping, Sequence

from . import targets
from .catalogue import VERDICTS, Bug
from .errors import UsageError

FILE = Path("ci/expectations.toml")

# Whoever owns a failure looks at it again once a year.
LONGEST = datetime.timedelta(days=366)

_TEXTS = ("bug", "verdict", "what", "evidence", "owner", "link")
_DATES = ("since", "expires")
_KEYS = ("cells", *_TEXTS, *_DATES)


@dataclasses.dataclass(frozen=True)
class Failure:
    """A known failure: which cases it is about, as VARIANT/CASE on TARGET with *, and what they do instead."""

    bug: str
    cells: tuple[str, ...]
    verdict: str
    what: str
    evidence: str
    owner: str
    link: str
    since: datetime.date
    expires: datetime.date

    def matches(self, bug: str, variant: str, case: str, target: str) -> bool:
        """Whether it is about a case."""
        name = f"{variant}/{case} on {target}"
        return bug == self.bug and any(fnmatch.fnmatchcase(name, pattern) for pattern in self.cells)

    def holds(self, today: datetime.date) -> bool:
        """Whether it is not over yet."""
        return today <= self.expires

    def note(self, today: datetime.date) -> str:
        """Who says so, where, and until when."""
        state = "known failure until" if self.holds(today) else "was a known failure until"
        return f"{state} {self.expires}: {self.what} ({self.link}; {self.owner})"


def _failure(where: str, data: Any) -> Failure:
    def fail(message: str) -> UsageError:
        return UsageError(f"{where}: {message}")

    if not isinstance(data, Mapping):
        raise fail("is not a table")
    for key in _KEYS:
        if key not in data:
            raise fail(f"has no '{key}'")
    for key in data:
        if key not in _KEYS:
            raise fail(f"'{key}' is none of {', '.join(_KEYS)}")
    for key in _TEXTS:
        if not isinstance(data[key], str) or not data[key].strip():
            raise fail(f"'{key}' is no text")
    for key in _DATES:
        if type(data[key]) is not datetime.date:
            raise fail(f"'{key}' is no date, for example 2027-01-31")
    cells = data["cells"]
    if not isinstance(cells, list) or not cells or not all(isinstance(cell, str) for cell in cells):
        raise fail("'cells' is no list of VARIANT/CASE on TARGET")
    if data["verdict"] not in VERDICTS or data["verdict"] == "inapplicable":
        raise fail(f"'{data['verdict']}' is no verdict of a case")
    if not data["link"].startswith("https://"):
        raise fail("'link' leads nowhere: it begins with https://")
    if not datetime.timedelta(0) < data["expires"] - data["since"] <= LONGEST:
        raise fail(f"it lasts from 'since' to 'expires', {LONGEST.days} days at most")
    fields: dict[str, Any] = {**data, "cells": tuple(cells), "what": " ".join(data["what"].split())}
    return Failure(**fields)


def _check(where: str, failure: Failure, bugs: Sequence[Bug]) -> None:
    bug = next((bug for bug in bugs if bug.name == failure.bug), None)
    if bug is None:
        raise UsageError(f"{where}: there is no bug '{failure.bug}'")
    for pattern in failure.cells:
        place = pattern.partition(" on ")[2]
        places = [*bug.targets, *targets.offered()] if "*" in place else [targets.parse(place).name]
        names = [f"{v}/{c} on {place}" for place in places for v in bug.variants for c in bug.all_cases]
        if not fnmatch.filter(names, pattern):
            raise UsageError(f"{where}: '{pattern}' matches no VARIANT/CASE on TARGET")


def read(root: Path, bugs: Sequence[Bug]) -> tuple[Failure, ...]:
    """The known failures, in their order: the first that is about a case counts. Raises UsageError."""
    path = root / FILE
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return ()
    except OSError as error:
        raise UsageError(f"cannot read {FILE}: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{FILE}: {error}") from None
    entries = data.get("failure", [])
    if set(data) - {"failure"} or not isinstance(entries, list):
        raise UsageError(f"{FILE}: it holds [[failure]] tables and nothing else")
    failures = []
    for place, entry in enumerate(entries, 1):
        where = f"{FILE}: failure {place}"
        failures.append(_failure(where, entry))
        _check(where, failures[-1], bugs)
    return tuple(failures)
