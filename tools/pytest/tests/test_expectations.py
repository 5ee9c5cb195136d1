"""Known failures of targets: read strictly, expected while they last, red once they pass or are over."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

import pytest
from conftest import GOOD_RUNTIME, NATIVE, RUNTIME_BUG, Repository
from faultline import catalogue, cells, expectations, results
from faultline.errors import UsageError
from faultline.views import text

TODAY = datetime.date.today()
ENTRY: dict[str, Any] = {
    "bug": "foreign",
    "cells": [f"whole/self on {NATIVE}"],
    "verdict": "crash",
    "what": "the emulator loses a register",
    "evidence": "a program of 30 lines",
    "owner": "somebody",
    "link": "https://example.org/7",
    "since": TODAY - datetime.timedelta(days=9),
    "expires": TODAY + datetime.timedelta(days=9),
}


def write(root: Path, *entries: Any, head: str = "failure") -> None:
    """Writes the file with these entries."""

    def value(it: Any) -> str:
        if isinstance(it, list):
            return f"[{', '.join(map(value, it))}]"
        return it.isoformat() if isinstance(it, datetime.date) else repr(it)

    (root / "ci").mkdir(exist_ok=True)
    tables = (f"[[{head}]]\n" + "".join(f"{k} = {value(v)}\n" for k, v in e.items()) for e in entries)
    (root / expectations.FILE).write_text("\n".join(tables), encoding="utf-8")


def only(repository: Repository, code: int, *more: str) -> dict[str, Any]:
    (cell,) = repository.cells("--quick", "--variant", "whole", "--target", NATIVE, *more, code=code)
    return cell


def add(repository: Repository, behaviour: str) -> Repository:
    repository.add("foreign", RUNTIME_BUG, {**GOOD_RUNTIME, "whole": f"by-case:self={behaviour};key=clean"})
    return repository


def test_while_it_lasts_it_is_what_is_expected(empty: Repository) -> None:
    add(empty, "die:6")
    assert only(empty, 1)["verdict"] == "crash"
    write(empty.root, ENTRY)
    cell = only(empty, 0)
    self, key = cell["cases"]
    assert (self["verdict"], self["expected"], self["passed"]) == ("crash", ["crash"], True)
    assert (key["verdict"], key["known"]) == ("clean", "")
    # The other case speaks for the cell; what is known stands beside it.
    assert cell["verdict"] == "clean" and "loses a register" in cell["reason"]
    document = results.read(empty.out)
    assert not results.problems(document)
    (line,) = text.known(document)
    assert line.startswith(f"{NATIVE}: known failure until {ENTRY['expires']}: the emulator loses a register")
    assert "example.org/7; somebody" in line and line.endswith("1 cases")
    assert "Known failure" in (empty.out / "report.html").read_text()


def test_one_that_passes_is_red(empty: Repository) -> None:
    write(add(empty, "clean").root, ENTRY)
    cell = only(empty, 1)
    assert (
        cell["verdict"] == "clean"
        and "expected crash" in cell["reason"]
        and "example.org/7" in cell["reason"]
    )


def test_another_failure_is_red(empty: Repository) -> None:
    write(add(empty, "no-end").root, ENTRY)
    assert only(empty, 1)["verdict"] == "broken"


def test_after_its_end_the_failure_is_red(empty: Repository) -> None:
    write(add(empty, "die:6").root, {**ENTRY, "expires": TODAY - datetime.timedelta(days=1)})
    cell = only(empty, 1)
    assert cell["verdict"] == "crash" and "was a known failure until" in cell["reason"]
    # Its last day counts.
    write(empty.root, {**ENTRY, "expires": TODAY})
    only(empty, 0)


def test_the_first_entry_counts(empty: Repository) -> None:
    write(add(empty, "die:6").root, {**ENTRY, "verdict": "hang"}, ENTRY)
    only(empty, 1)
    write(empty.root, {**ENTRY, "cells": [f"trusting/* on {NATIVE}"], "verdict": "hang"}, ENTRY)
    only(empty, 0)


def test_what_fails_there_calibrates_nothing(empty: Repository) -> None:
    write(add(empty, "clean").root, {**ENTRY, "cells": [f"trusting/* on {NATIVE}"]})
    found = catalogue.read(empty.root)
    known = expectations.read(empty.root, found.bugs)

    def calibrators(*failures: expectations.Failure) -> list[str]:
        cell = cells.make(found.bugs[0], "whole", NATIVE, known=failures)
        return [other.variant for other in cells.calibrators(cell, "self")]

    assert calibrators() == ["trusting"] and not calibrators(*known)


@pytest.mark.parametrize(
    "change,said",
    [
        ({"bug": "no-such"}, "there is no bug 'no-such'"),
        ({"cells": []}, "'cells' is no list"),
        ({"cells": [f"whole/nothing on {NATIVE}"]}, "matches no VARIANT/CASE on TARGET"),
        ({"cells": ["whole/self on linux-*@nowhere"]}, "matches no VARIANT/CASE on TARGET"),
        ({"verdict": "inapplicable"}, "is no verdict of a case"),
        ({"evidence": " "}, "'evidence' is no text"),
        ({"link": "somewhere"}, "'link' leads nowhere"),
        ({"since": "yesterday"}, "'since' is no date"),
        ({"expires": ENTRY["since"]}, "366 days at most"),
        ({"expires": TODAY + datetime.timedelta(days=400)}, "366 days at most"),
        ({"more": "x"}, "'more' is none of"),
    ],
)
def test_wrong_entries(empty: Repository, change: dict[str, Any], said: str) -> None:
    write(add(empty, "clean").root, ENTRY, {**ENTRY, **change})
    with pytest.raises(UsageError, match=rf"^ci/expectations.toml: failure 2: .*{said}"):
        expectations.read(empty.root, catalogue.read(empty.root).bugs)


@pytest.mark.parametrize("key", sorted(ENTRY))
def test_nothing_may_be_missing(empty: Repository, key: str) -> None:
    write(add(empty, "clean").root, {name: value for name, value in ENTRY.items() if name != key})
    with pytest.raises(UsageError, match=f"failure 1: has no '{key}'"):
        expectations.read(empty.root, catalogue.read(empty.root).bugs)


def test_a_file_that_is_none(empty: Repository) -> None:
    write(add(empty, "clean").root, ENTRY, head="failures")
    with pytest.raises(UsageError, match="nothing else"):
        expectations.read(empty.root, ())
    (empty.root / expectations.FILE).write_text("[[failure", encoding="utf-8")
    done = empty.run("run", "--no-build", "--quick")
    assert done.returncode == 2 and "ci/expectations.toml: " in done.stderr and "Traceback" not in done.stderr
