"""The plugin in anybody's pytest, with and without pytest-xdist."""

from __future__ import annotations

import subprocess

import pytest
from conftest import GOOD_RUNTIME, NATIVE, PYTHON, RUNTIME_BUG, Repository, environment
from faultline import results


def run(repository: Repository, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [
        PYTHON,
        "-m",
        "pytest",
        "-p",
        "faultline.plugin",
        "-p",
        "no:cacheprovider",
        "--faultline-scale=quick",
    ]
    return subprocess.run(
        [*command, "--rootdir=.", *arguments],
        cwd=repository.root,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )


def test_every_cell_is_an_item(repository: Repository) -> None:
    done = run(repository, "repro", "--collect-only", "-q")
    assert done.returncode == 0
    lines = [line for line in done.stdout.splitlines() if "::" in line]
    assert len(lines) == 7
    assert f"repro/foreign/BUILD.bazel::whole on {NATIVE}" in lines
    # What shows a bug comes before what must not.
    assert lines[0].endswith(f"trusting on {NATIVE}")


@pytest.mark.parametrize("more", [(), ("-n", "2", "--dist", "loadgroup")])
def test_cells_pass_and_leave_their_results(repository: Repository, more: tuple[str, ...]) -> None:
    done = run(repository, "repro", *more)
    assert done.returncode == 0 and "7 passed" in done.stdout, done.stdout + done.stderr
    document = results.read(repository.root / "faultline-out")
    assert len(document["cells"]) == 7 and document["complete"]


def test_a_failed_cell_says_why(empty: Repository) -> None:
    empty.add("foreign", RUNTIME_BUG, {**GOOD_RUNTIME, "whole": "die:6"})
    done = run(empty, "repro", "-k", "whole")
    assert done.returncode == 1 and "1 failed" in done.stdout
    assert "crash, expected clean" in done.stdout and "symptom   died of SIGABRT" in done.stdout
    assert "read      runtime/os/linux/sigtramp.S:33" in done.stdout and "Traceback" not in done.stdout


def test_selections_and_marks(repository: Repository) -> None:
    assert "3 passed" in run(repository, "repro/foreign").stdout
    assert "4 passed" in run(repository, "repro", "-m", "restart").stdout
    assert "3 passed" in run(repository, "repro", "-m", "immune", "--strict-markers").stdout
    assert "5 passed" in run(repository, "repro", f"--faultline-target={NATIVE}").stdout
    assert "1 passed" in run(repository, f"repro/foreign/BUILD.bazel::whole on {NATIVE}").stdout


def test_wrong_options_are_usage_errors(repository: Repository) -> None:
    done = run(repository, "repro", "--faultline-bug=foriegn")
    assert done.returncode == 4 and "Did you mean foreign?" in done.stderr and "Traceback" not in done.stderr


def test_a_fault_of_the_driver_is_broken_and_not_a_verdict(repository: Repository) -> None:
    (repository.root / "bad.py").write_text(
        "from faultline import conductor\n"
        "def conduct(self, cell):\n"
        "    raise ZeroDivisionError('sums')\n"
        "conductor.Conductor.conduct = conduct\n"
    )
    done = run(repository, "repro/foreign", "-p", "bad")
    assert done.returncode == 1 and "3 failed" in done.stdout, done.stdout + done.stderr
    for cell in results.read(repository.root / "faultline-out")["cells"]:
        assert (
            cell["verdict"] == "broken" and "the driver failed: ZeroDivisionError('sums')" in cell["reason"]
        )
        assert not cell["passed"]
