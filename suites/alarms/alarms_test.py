"""Every alarm is seen to go off: put each defect back into the default runtime, or make the kernel tracer deaf,
and `faultline run` goes red and names the cell, the symptom and the line to read.

Runs from a tree that holds one bug or more and what Bazel built (the runfiles of a test that abi_bug made).
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from faultline import catalogue

ROOT = Path.cwd()
BUGS = catalogue.read(ROOT).bugs
LINE = re.compile(r"\b(repro|runtime)/[\w./-]+\.(cc|S|h):\d+\b")


# Of the models one release is enough, the one that has the kernel's bug: the defects are the runtime's.
MODEL = "freebsd-amd64@model-9.1"


def natives_and(bug: catalogue.Bug, *models: str) -> list[str]:
    """The options that choose the bug's targets on this kernel, and these models."""
    chosen = [target for target in bug.targets if "@native" in target or target in models]
    return [word for target in chosen for word in ("--target", target)]


def run(tools: Path, out: Path, *arguments: str) -> tuple[int, str, dict[str, Any]]:
    """`faultline run` with what was built under `tools`: exit status, what it printed, results.json."""
    command = [sys.executable, "-m", "faultline", "run", "--no-build", "--bin", str(tools), "--out", str(out)]
    done = subprocess.run([*command, *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
    results = out / "results.json"
    return (
        done.returncode,
        done.stdout + done.stderr,
        json.loads(results.read_text()) if results.exists() else {},
    )


def assert_names(cell: dict[str, Any], said: str) -> None:
    """A red cell says which it is, what was seen, what was expected, and where to read."""
    assert cell["bug"] in said and cell["variant"] in said and cell["target"] in said
    assert cell["symptom"] and cell["symptom"] in said.replace("\n", " ") or cell["reason"]
    assert cell["verdict"] in said and all(word in said for word in cell["expected"])
    assert LINE.search(cell["at"]), f"no line to read in {cell['at']!r}"
    assert cell["at"].split(" ")[0] in said


@pytest.mark.parametrize("bug,defect", [(bug, defect) for bug in BUGS for defect in bug.breaks], ids=str)
def test_a_defect_in_the_default_runtime_turns_the_run_red(
    bug: catalogue.Bug, defect: str, tmp_path: Path
) -> None:
    code, said, results = run(ROOT, tmp_path, "--bug", bug.name, "--defect", defect, *natives_and(bug, MODEL))
    assert code == 1, said
    red = [cell for cell in results["cells"] if not cell["passed"]]
    assert red, said
    # The default runtime must be what turned, on every port; a variant with a defect of its own is as ever.
    assert all(cell["variant"] not in bug.defects for cell in red), said
    ports = {cell["target"].split("@")[0] for cell in results["cells"]}
    if bug.seat == "kernel":
        # The defect lets the kernel's bug through again: only where the kernel has it.
        ports = {"linux-amd64", "freebsd-amd64"}
        assert all(bug.fault in cell["target"] or cell["target"] == MODEL for cell in red), said
    assert {cell["target"].split("@")[0] for cell in red} == ports, said
    for cell in red:
        assert_names(cell, said)
        if defect == "trust-m":
            # The line that uses m, not the assembly that called it.
            assert "/sigtramp.cc:" in cell["at"], cell["at"]
    assert (tmp_path / "report.html").stat().st_size and (tmp_path / "junit.xml").stat().st_size
    assert "failure" in (tmp_path / "junit.xml").read_text()


@pytest.mark.parametrize("bug", [bug for bug in BUGS if bug.fault], ids=str)
def test_a_deaf_tracer_turns_the_run_red(bug: catalogue.Bug, tmp_path: Path) -> None:
    """A fault that is never told: the vulnerable variant is clean, and that must be noticed."""
    tools = tmp_path / "tools"
    for built in ("repro", "tools/jail"):
        shutil.copytree(ROOT / built, tools / built, symlinks=False, dirs_exist_ok=True)
    deaf = tools / "kernel/inject"
    deaf.parent.mkdir(parents=True)
    deaf.write_text('#!/bin/sh\nwhile [ "$1" != -- ]; do shift; done\nshift\nexec "$@"\n')
    deaf.chmod(0o755)
    vulnerable = [variant for variant, kind in bug.variants.items() if kind == "vulnerable"]
    chosen = [word for variant in vulnerable for word in ("--variant", variant)]
    code, said, results = run(
        tools, tmp_path / "out", "--bug", bug.name, *chosen, "--quick", *natives_and(bug)
    )
    assert code == 1, said
    red = [cell for cell in results["cells"] if not cell["passed"]]
    assert red and all(bug.fault in cell["target"] and cell["verdict"] == "clean" for cell in red), said
    silent = [cell for cell in results["cells"] if bug.fault in cell["target"] and cell["passed"]]
    assert all(cell["verdict"] == "inapplicable" for cell in silent), said


@pytest.mark.skipif(all(bug.name != "wait4-restart" for bug in BUGS), reason="another bug's test")
def test_arguments_of_int80_can_be_lost_too(tmp_path: Path) -> None:
    """The 386 oracle is alive: lose the register that carries the fourth argument there, and it sees it."""
    target = "linux-386@native+restart.fast-return,mode=any,registers=rsi"
    code, said, results = run(
        ROOT, tmp_path, "--bug", "wait4-restart", "--variant", "int80", "--target", target
    )
    assert code == 1, said
    assert [cell["verdict"] for cell in results["cells"]] == ["reproduced"], said
    assert "errno=14" in said or "errno 14" in said, said


if __name__ == "__main__":
    sys.exit(pytest.main([__file__, "-q", "-p", "no:cacheprovider", "-n", str(min(2, os.cpu_count() or 1))]))
