"""The driver with the real jail and the real tracer: what fakes cannot show.

FAULTLINE_TOOLS names the tree that has tools/jail/jail and kernel/inject; without it these tests are skipped.
"""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path
from typing import Any

import pytest
from conftest import FAULTED, GOOD_RUNTIME, KERNEL_BUG, NATIVE, RUNTIME_BUG, Repository
from faultline import processes, runner
from test_conductor import conduct, first
from test_run import cells_in, endless, gone, start, wait_for

TOOLS = Path(os.environ.get("FAULTLINE_TOOLS", "/nonexistent")).absolute()

pytestmark = pytest.mark.skipif(not (TOOLS / "kernel/inject").exists(), reason="FAULTLINE_TOOLS is not set")


@pytest.fixture(name="real")
def real_tools(empty: Repository) -> Repository:
    """A repository without a bug, whose tools are the built ones."""
    for tool in ("tools/jail/jail", "kernel/inject"):
        (empty.bin / tool).unlink()
        (empty.bin / tool).symlink_to(TOOLS / tool)
    return empty


def with_runtime_bug(repository: Repository, **behaviours: str) -> Repository:
    repository.add("foreign", {**RUNTIME_BUG, "hosted_cases": {}}, {**GOOD_RUNTIME, **behaviours})
    return repository


def test_verdicts(real: Repository) -> None:
    cells = with_runtime_bug(real).cells("--quick", code=0)
    assert [cell["verdict"] for cell in cells] == ["reproduced", "diagnosed", "clean"]
    assert all(not case["reason"] for cell in cells for case in cell["cases"])


def test_a_death_has_a_postmortem(real: Repository) -> None:
    result = conduct(with_runtime_bug(real), "foreign", "trusting")
    (path,) = [path for path in first(result).evidence if path.endswith("postmortem.json")]
    report = json.loads((real.out / path).read_text())
    assert report["signal"]["name"] == "SIGSEGV" and report["threads"]


def test_a_hang_has_a_snapshot(real: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "silence_limit", lambda: 0.6)
    result = conduct(with_runtime_bug(real, whole="sleep"), "foreign", "whole")
    assert result.verdict == "hang"
    names = {path.rsplit("/", 1)[1]: real.out / path for path in first(result).evidence}
    assert "program.py" in names["processes.txt"].read_text()
    snapshots = [path for name, path in names.items() if name.startswith("snapshot-")]
    assert snapshots and json.loads(snapshots[0].read_text())["threads"]


def test_a_hang_below_the_tracer_is_described_and_ended(
    real: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner, "silence_limit", lambda: 0.6)
    real.add("lost-argument", KERNEL_BUG, {"direct": "sleep", "looped": "clean"})
    result = conduct(real, "lost-argument", "direct", FAULTED)
    assert result.verdict == "hang" and first(result).evidence
    wait_for(lambda: not processes.descendants(os.getpid()))


def below(driver: int, name: str) -> list[int]:
    """The processes of a driver whose command line holds a word; the program's own come last."""
    found = []
    for pid in processes.descendants(driver):
        try:
            words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if words[0].endswith(name.encode()):
            found.append(pid)
    return found


@pytest.mark.parametrize(
    "victim,verdict,said",
    [("kernel/inject", "broken", "the tracer was killed"), ("/usr/bin/python3", "crash", "died of SIGKILL")],
)
def test_a_killed_tracer_and_a_killed_program_are_told_apart(
    real: Repository, victim: str, verdict: str, said: str
) -> None:
    real.add("lost-argument", KERNEL_BUG, {"direct": "endless", "looped": "clean"})
    with start(real, "--quick", "--variant", "direct", "--target", FAULTED) as driver:
        wait_for(lambda: endless(driver.pid))
        os.kill(below(driver.pid, victim)[-1], signal.SIGKILL)
        out, err = driver.communicate(timeout=30)
    (cell,) = cells_in(real)
    assert (driver.returncode, cell["verdict"]) == (1, verdict), out + err
    assert said in cell["reason"] and said in out


@pytest.mark.parametrize("target", [NATIVE, FAULTED])
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_nothing_stays_behind(real: Repository, target: str, number: int) -> None:
    real.add("lost-argument", KERNEL_BUG, {"direct": "endless", "looped": "clean"})
    with start(real, "--quick", "--variant", "direct", "--target", target) as driver:
        live: list[int] = wait_for(lambda: endless(driver.pid))
        assert len(live) >= 3
        driver.send_signal(number)
        driver.communicate(timeout=30)
        wait_for(lambda: gone(live))


def test_a_killed_jail_is_broken_and_leaves_nothing(real: Repository) -> None:
    with_runtime_bug(real, whole="endless")
    with start(real, "--quick", "--variant", "whole") as driver:
        live: list[int] = wait_for(lambda: endless(driver.pid))
        os.kill(live[0], signal.SIGKILL)
        out, _ = driver.communicate(timeout=30)
        wait_for(lambda: gone(live))
    cells: list[dict[str, Any]] = cells_in(real)
    assert cells[0]["verdict"] == "broken" and "the jail was killed by SIGKILL" in out


def test_stragglers_are_counted_and_ended(real: Repository) -> None:
    program = real.bin / "repro/foreign/foreign.whole.linux-amd64"
    with_runtime_bug(real)
    good = program.read_text()
    program.write_text(good.replace("\nexec ", "\nsleep 1000 & exec ", 1))
    result = conduct(real, "foreign", "whole")
    assert result.verdict == "clean", result.reason
    wait_for(lambda: not processes.descendants(os.getpid()))
