"""One bug's declaration, held against Bazel's view of it, its page and its programs.

Runs from the runfiles of a test that abi_bug made: the one bug's folder is there, built.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from faultline import catalogue, cells, targets

ROOT = Path.cwd()
CATALOGUE = catalogue.read(ROOT)
BUGS = CATALOGUE.bugs


def programs(bug: catalogue.Bug) -> list[tuple[Path, dict[str, str]]]:
    """Every program of the bug that this machine runs, with the cases that it must know."""
    found = []
    here = [port for port in bug.ports if targets.parse(f"{port}@native").availability().ready]
    for path in sorted((ROOT / "repro" / bug.name).glob(f"{bug.name}.*.linux-*")):
        if path.suffix in (".json", ".sh", ".test") or not path.is_file():
            continue
        if path.name.split(".")[2] not in here:
            continue
        hosted = ".hosted" in path.name
        there = bug.cases_on(path.name.split(".")[2])
        found.append(
            (
                path,
                {
                    name.removeprefix(catalogue.HOSTED): line
                    for name, line in there.items()
                    if name.startswith(catalogue.HOSTED) == hosted
                },
            )
        )
    return found


def test_both_views_are_equal() -> None:
    assert BUGS, "no bug in the runfiles"
    assert catalogue.compare_views(CATALOGUE, ROOT) == []


@pytest.mark.parametrize("bug", BUGS, ids=str)
def test_it_has_a_page(bug: catalogue.Bug) -> None:
    page = (ROOT / "repro" / bug.name / "README.md").read_text()
    assert page.startswith("# ") and len(page.split()) > 100
    missing = [variant for variant in bug.variants if f"`{variant}`" not in page]
    assert not missing, f"the page does not speak of {missing}"


@pytest.mark.parametrize("bug", BUGS, ids=str)
def test_there_is_a_lie_or_a_defect_that_shows_it(bug: catalogue.Bug) -> None:
    assert bug.fault if bug.seat == "kernel" else bug.defects, "nothing shows this bug"
    # A kernel's bug that the runtime has no work-around for turns red by a deaf tracer alone (alarms_test.py).
    assert bug.breaks or bug.seat == "kernel", "nothing turns this bug's cells red"


@pytest.mark.parametrize("bug", BUGS, ids=str)
def test_a_cell_of_each_kind_runs(bug: catalogue.Bug) -> None:
    plan = cells.select(CATALOGUE, cells.Selection(bugs=(bug.name,)), cells.availability)
    running = [cell for cell in plan.cells if not cell.inapplicable]
    assert {cell.kind for cell in running} == {"vulnerable", "immune"}


@pytest.mark.parametrize("bug", BUGS, ids=str)
def test_programs_know_the_declared_cases(bug: catalogue.Bug) -> None:
    built = programs(bug)
    assert built, "no program was built"
    for path, cases in built:
        listed = subprocess.run([path, "--list"], capture_output=True, text=True, check=True).stdout.split()
        assert listed == list(cases), path.name


@pytest.mark.parametrize("bug", BUGS, ids=str)
def test_programs_refuse_what_they_do_not_know(bug: catalogue.Bug) -> None:
    path, _ = programs(bug)[0]
    done = subprocess.run([path, "--case", "no-such-case"], capture_output=True, text=True, check=False)
    assert done.returncode == 64 and "no-such-case" in done.stderr


if __name__ == "__main__":
    sys.exit(pytest.main([__file__, "-q", "-p", "no:cacheprovider"]))
