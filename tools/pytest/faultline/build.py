"""Bazel: builds what a run needs, and runs the whole test suite."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, Iterable, Sequence

from .cells import Cell
from .errors import MissingError
from .targets import Toolbox, parse

TOOLS = ("//kernel:inject", "//tools/jail")


def tools(cells: Iterable[Cell]) -> list[str]:
    """The labels of what stands around the programs of these cells."""
    needed = [
        label
        for name in {cell.target for cell in cells}
        for label in parse(name).tools(Toolbox(Path())).values()
    ]
    return sorted({*TOOLS, *needed})


# Bazel's own exit codes: guide/scripts in its documentation.
BAZEL_TESTS_FAILED = 3
BAZEL_NO_TESTS = 4
BAZEL_INTERRUPTED = 8


def programs(cells: Iterable[Cell]) -> list[str]:
    """The labels of all programs that these cells, and what calibrates them, run."""
    labels: dict[str, None] = {}
    cells = list(cells)
    bugs = {cell.bug.name: cell for cell in cells}
    for cell in bugs.values():
        bug = cell.bug
        # Targets elsewhere are of ports that no target of the catalogue may have.
        named = [target.split("@")[0] for target in bug.targets]
        ports = dict.fromkeys([*named, *(other.port for other in cells if other.bug.name == bug.name)])
        for variant in bug.variants:
            defect = "" if variant in bug.defects else cell.defect
            for port in ports:
                if bug.why_not_built(variant, port):
                    continue
                for hosted in [False, True] if bug.has_hosted(port) else [False]:
                    form = (".hosted" if hosted else "") + (f".with-{defect}" if defect else "")
                    labels[f"//repro/{bug.name}:{bug.name}.{variant}.{port}{form}"] = None
    return list(labels)


def _bazel() -> str:
    path = shutil.which("bazel")
    if not path:
        raise MissingError("bazel is not there; ./faultline installs it unless --no-install is given")
    return path


def _quiet() -> list[str]:
    """Options for a log file: only what went wrong."""
    if sys.stderr.isatty():
        return []
    return ["--noshow_progress", "--noshow_loading_progress", "--color=no", "--curses=no"]


def build(root: Path, labels: Sequence[str]) -> None:
    """Builds the labels; the compiler's words go to the terminal. Raises MissingError when that fails."""
    command = [_bazel(), "build", "--show_result=0", "--ui_event_filters=-info,-debug", *_quiet(), *labels]
    status = _run(command, root)
    if status == BAZEL_INTERRUPTED:
        raise KeyboardInterrupt
    if status != 0:
        raise MissingError(f"the build failed (bazel's status {status}); its words stand above")


def build_quietly(root: Path, labels: Sequence[str]) -> None:
    """Builds the labels, and says something only when that fails. Raises MissingError then."""
    command = [
        _bazel(),
        "build",
        "--show_result=0",
        "--color=no",
        "--curses=no",
        "--noshow_progress",
        *labels,
    ]
    done = subprocess.run(
        command,
        cwd=root,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    if done.returncode == BAZEL_INTERRUPTED:
        raise KeyboardInterrupt
    if done.returncode != 0:
        sys.stderr.write(done.stdout.decode("utf-8", "replace"))
        raise MissingError(f"the build failed (bazel's status {done.returncode}); its words stand above")


def _run(command: Sequence[str], root: Path) -> int:
    """Runs Bazel in the foreground. On Ctrl-C it gets the signal too, and is waited for."""
    with subprocess.Popen(command, cwd=root) as process:
        try:
            return process.wait()
        except KeyboardInterrupt:
            process.terminate()
            process.wait()
            raise


def test(root: Path, patterns: Sequence[str], extra: Sequence[str]) -> tuple[int, list[dict[str, Any]]]:
    """Runs `bazel test`; its status, and one {"label", "status", "seconds"} for each test target."""
    descriptor, name = tempfile.mkstemp(prefix="faultline-events-", suffix=".json")
    os.close(descriptor)
    events = Path(name)
    try:
        command = [_bazel(), "test", *_quiet(), f"--build_event_json_file={events}", *extra, "--", *patterns]
        status = _run(command, root)
        return status, _tests(events)
    finally:
        events.unlink(missing_ok=True)


def _tests(events: Path) -> list[dict[str, Any]]:
    """The test targets in a build event file. A target whose test never ran has the status NO_STATUS."""
    found: dict[str, dict[str, Any]] = {}
    for line in events.read_text(encoding="utf-8", errors="replace").splitlines():
        try:
            event = json.loads(line)
        except ValueError:
            continue
        identity = event.get("id", {})
        if "targetConfigured" in identity and "test" in event.get("configured", {}).get("targetKind", ""):
            if "_test rule" in event["configured"]["targetKind"]:
                label = identity["targetConfigured"]["label"]
                found.setdefault(label, {"label": label, "status": "NO_STATUS", "seconds": 0.0})
        if "testSummary" in identity:
            label = identity["testSummary"]["label"]
            summary = event.get("testSummary", {})
            seconds = int(summary.get("totalRunDurationMillis", 0)) / 1000
            found[label] = {
                "label": label,
                "status": summary.get("overallStatus", "NO_STATUS"),
                "seconds": seconds,
            }
    return list(found.values())
