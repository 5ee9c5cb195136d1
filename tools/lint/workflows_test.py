"""The check of workflow files says what is wrong with a file that is wrong, and nothing of the one that is there."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any, Callable

import pytest
import workflows

ROOT = Path(__file__).absolute().parents[2]
PORTS = workflows.ports((ROOT / "bazel/ports.bzl").read_text(encoding="utf-8"))
FILE = ROOT / ".github/workflows/gate.yml"


def _job(name: str) -> Callable[[Any], Any]:
    return lambda document: document["jobs"][name]


def _drop_port(document: Any) -> None:
    document["jobs"]["gate"]["strategy"]["matrix"]["port"].remove("linux/386")


def _add_port(document: Any) -> None:
    document["jobs"]["gate"]["strategy"]["matrix"]["port"].append("plan9/mips")


def _second_gate(document: Any) -> None:
    document["jobs"]["gate"]["steps"].append({"run": "ci/gate linux/amd64"})


def _no_gate(document: Any) -> None:
    document["jobs"]["kit"]["steps"] = [{"run": "true"}]


def _forgiving(document: Any) -> None:
    document["jobs"]["gate"]["steps"][-2]["run"] += " || true"


def _unknown_need(document: Any) -> None:
    document["jobs"]["judge"]["needs"] = ["plan9"]


def _unknown_key(document: Any) -> None:
    document["jobs"]["kit"]["continue-on-error"] = True


def _no_limit(document: Any) -> None:
    del document["jobs"]["kit"]["timeout-minutes"]


def _moving_action(document: Any) -> None:
    document["jobs"]["kit"]["steps"][1]["uses"] = "actions/checkout@main"


def _writes(document: Any) -> None:
    document["permissions"]["contents"] = "write"


def test_the_files_that_are_there() -> None:
    assert workflows.main(ROOT) == 0 and len(PORTS) >= 6


@pytest.mark.parametrize(
    "change,words",
    [
        (_drop_port, "linux/386 has no job"),
        (_add_port, "plan9/mips has a gate and is no port"),
        (_second_gate, "jobs/gate: is not one call"),
        (_no_gate, "jobs/kit: is not one call"),
        (_forgiving, "may hide a failure"),
        (_unknown_need, "needs plan9, which is no job"),
        (_unknown_key, "jobs/kit: Additional properties"),
        (_no_limit, "'timeout-minutes' is a required property"),
        (_moving_action, "does not match"),
        (_writes, "'write' is not one of"),
    ],
)
def test_a_file_that_is_wrong(change: Callable[[Any], None], words: str) -> None:
    document = copy.deepcopy(workflows.load(FILE.read_text(encoding="utf-8")))
    change(document)
    assert words in "\n".join(workflows.problems(document, PORTS))
