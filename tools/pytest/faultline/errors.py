"""What can go wrong outside a cell, with the exit code that it ends in."""

from __future__ import annotations

import difflib
from typing import Iterable

STDOUT_PROBLEM = "cannot write to standard output"

EXIT_PASSED = 0
EXIT_FAILED = 1
EXIT_USAGE = 2
EXIT_MISSING = 3
EXIT_INTERRUPTED = 130


class FaultlineError(Exception):
    """A failure that is told in one message, without a traceback."""

    exit_code = EXIT_MISSING


class UsageError(FaultlineError):
    """The command was wrong, or the catalogue is."""

    exit_code = EXIT_USAGE


class MissingError(FaultlineError):
    """Something that is needed is not there: a tool, a binary, a target, room on the disk."""

    exit_code = EXIT_MISSING


def unknown(kind: str, name: str, known: Iterable[str]) -> UsageError:
    """The error for a name that is not known, with the names that are near it."""
    names = sorted(set(known))
    near = difflib.get_close_matches(name, names, n=3, cutoff=0.5)
    if not near:
        near = [other for other in names if name and name in other][:3]
    if near:
        hint = "Did you mean " + " or ".join(near) + "?"
    elif names:
        hint = f"Known: {', '.join(names)}."
    else:
        hint = f"There is no {kind} at all."
    return UsageError(f"unknown {kind} '{name}'. {hint}")
