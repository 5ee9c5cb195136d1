"""Targets on another machine: against an sshd of the test's own on this one."""

from __future__ import annotations

import os
import re
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest
from conftest import (
    GOOD_KERNEL,
    GOOD_RUNTIME,
    KERNEL_BUG,
    NATIVE,
    RUNTIME_BUG,
    Repository,
    programs_below,
    with_names_of_their_own,
)
from faultline import processes, runner, targets
from faultline.errors import MissingError
from faultline.targets import Toolbox, ssh
from sshd import HOST, Sshd, free_port, running_sshd
from test_conductor import cell_of, conductor_of, first
from test_run import cells_in, gone, start, wait_for

__all__ = ["running_sshd"]

# Seconds within which a loaded machine comes to what has to come.
PATIENCE = 120

FAR = f"linux-amd64@ssh:{HOST}"


@pytest.fixture(autouse=True)
def fresh() -> None:
    """Each test has a machine of its own behind the one name."""
    ssh._ask.cache_clear()


def add(repository: Repository, **behaviours: str) -> Repository:
    """The runtime's bug, with programs that keep their own name like a compiled program does."""
    repository.add("foreign", RUNTIME_BUG, {**GOOD_RUNTIME, **behaviours})
    repository.add("lost-argument", KERNEL_BUG, GOOD_KERNEL)
    return with_names_of_their_own(repository)


def conduct(repository: Repository, bug: str, variant: str) -> Any:
    one = conductor_of(repository)
    try:
        return one.conduct(cell_of(repository, bug, variant, FAR))
    finally:
        one.clean_up()


def running(sshd: Sshd, word: str = "") -> list[int]:
    """The programs on the far side whose command lines hold a word."""
    return programs_below(sshd.far, word)


def nothing_left(sshd: Sshd) -> bool:
    return not running(sshd) and not sshd.left()


def test_the_same_verdicts_as_native(empty: Repository, sshd: Sshd) -> None:
    add(empty)
    native = empty.cells("--quick", "--target", NATIVE, code=0)
    far = empty.cells("--quick", "--target", FAR, code=0)
    assert [cell["verdict"] for cell in far] == [cell["verdict"] for cell in native]
    assert [case["verdict"] for cell in far for case in cell["cases"]] == [
        case["verdict"] for cell in native for case in cell["cases"]
    ]
    assert {cell["target"] for cell in far} == {FAR} and {cell["judged_as"] for cell in far} == {NATIVE}
    assert nothing_left(sshd)


def test_faulted_targets_here_calibrate_but_do_not_run_there(empty: Repository, sshd: Sshd) -> None:
    add(empty)
    done = empty.run("run", "--no-build", "--quick", "--bug", "lost-argument", "--target", FAR)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{FAR}: Linux {os.uname().release}" in done.stdout and f"expected of {NATIVE}" in done.stdout


@pytest.mark.parametrize(
    "behaviour,verdict,said",
    [
        ("die:6", "crash", "died of SIGABRT, nothing on fd 2"),
        ("die-talking", "crash", 'died of SIGSEGV, fd 2: "fatal error"'),
        ("refuse", "broken", 'refused its arguments (64), fd 2: "no such option"'),
        ("mute:255", "broken", "exited with 255 before its first line"),
    ],
)
def test_other_endings(empty: Repository, sshd: Sshd, behaviour: str, verdict: str, said: str) -> None:
    result = conduct(add(empty, whole=behaviour), "foreign", "whole")
    assert (result.verdict, result.passed) == (verdict, False)
    assert said in (first(result).symptom or first(result).reason)
    assert nothing_left(sshd)


@pytest.mark.parametrize("behaviour,said", [("sleep", "it sleeps"), ("spin", "it (spins|crawls)")])
def test_a_hang_is_described_and_ended(
    empty: Repository, sshd: Sshd, monkeypatch: pytest.MonkeyPatch, behaviour: str, said: str
) -> None:
    # Longer than the far side's reports are apart.
    monkeypatch.setattr(runner, "silence_limit", lambda: 2.5)
    result = conduct(add(empty, whole=f"by-case:self={behaviour};key=clean"), "foreign", "whole")
    assert result.verdict == "hang" and re.search(said, first(result).symptom)
    (path,) = [path for path in first(result).evidence if path.endswith("far-processes.txt")]
    assert "thread" in (empty.out / path).read_text() and behaviour in (empty.out / path).read_text()
    assert nothing_left(sshd)


def test_stragglers_are_counted_and_ended(
    empty: Repository, sshd: Sshd, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(empty)
    program = empty.bin / "repro/foreign/foreign.whole.linux-amd64"
    program.write_text(
        program.read_text().replace("\nexec ", '\n(exec -a "$0" sleep 1000) >&- 2>&- & exec ', 1)
    )
    left: list[int] = []
    run = runner.run

    def counting(*words: Any) -> runner.Observation:
        seen = run(*words)
        left.append(seen.left_behind)
        # Ended with the program's own run, not only with the connection.
        assert not running(sshd)
        return seen

    monkeypatch.setattr(runner, "run", counting)
    assert conduct(empty, "foreign", "whole").verdict == "clean"
    assert 1 in left and set(left) <= {0, 1}


def endless(sshd: Sshd, driver: int) -> list[int]:
    """The endless program on the far side, and the driver's own processes."""
    far = running(sshd, "endless")
    return [*far, *processes.descendants(driver)] if far else []


@pytest.mark.parametrize("number,code", [(signal.SIGINT, 130), (signal.SIGTERM, 130), (signal.SIGKILL, -9)])
def test_nothing_stays_behind(empty: Repository, sshd: Sshd, number: int, code: int) -> None:
    add(empty, whole="endless")
    wanted = ("--variant", "saying", "--variant", "whole", "--target", FAR)
    with start(empty, "--quick", "--bug", "foreign", *wanted) as driver:
        live: list[int] = wait_for(lambda: endless(sshd, driver.pid), PATIENCE)
        driver.send_signal(number)
        out, err = driver.communicate(timeout=PATIENCE)
    assert driver.returncode == code and "Traceback" not in out + err
    wait_for(lambda: gone(live) and nothing_left(sshd), PATIENCE)
    assert [cell["verdict"] for cell in cells_in(empty)] == ["diagnosed"]


def test_a_dropped_connection_is_broken_and_leaves_nothing(empty: Repository, sshd: Sshd) -> None:
    add(empty, whole="endless")
    with start(empty, "--quick", "--bug", "foreign", "--variant", "whole", "--target", FAR) as driver:
        live: list[int] = wait_for(lambda: endless(sshd, driver.pid), PATIENCE)
        sshd.drop()
        out, err = driver.communicate(timeout=PATIENCE)
        wait_for(lambda: gone(live) and nothing_left(sshd), PATIENCE)
    assert driver.returncode == 1, out + err
    (cell,) = cells_in(empty)
    assert cell["verdict"] == "broken" and f"the connection to {HOST} was lost" in cell["reason"]


def test_equal_programs_are_copied_once(empty: Repository, sshd: Sshd) -> None:
    target = targets.parse(FAR)
    toolbox = Toolbox(empty.bin)
    programs = [empty.bin / name for name in ("one", "two", "other")]
    for path, words in zip(programs, ("same", "same", "different")):
        path.write_text(words)
    try:
        target.prepare(toolbox)
        for path in [*programs, *programs]:
            target.bring(toolbox, path)
        (folder,) = sshd.left()
        assert len(os.listdir(sshd.far / folder)) == 3, "far.sh and two programs"
    finally:
        target.clean_up()
    assert nothing_left(sshd)


def test_a_full_far_side_is_told(empty: Repository, sshd: Sshd, monkeypatch: pytest.MonkeyPatch) -> None:
    script = ssh.script
    monkeypatch.setattr(ssh, "script", lambda *names: script(*names).replace('cat >"$here/$1"', "head -c 3"))
    target = targets.parse(FAR)
    program = empty.bin / "program"
    program.write_text("more than that")
    try:
        target.prepare(Toolbox(empty.bin))
        with pytest.raises(MissingError, match="cannot copy program to 127.0.0.1: "):
            target.bring(Toolbox(empty.bin), program)
    finally:
        target.clean_up()


def test_availability(sshd: Sshd, monkeypatch: pytest.MonkeyPatch) -> None:
    state = targets.parse(FAR).availability()
    assert state.ready and state.machine["release"] == os.uname().release
    assert targets.parse(FAR.replace("amd64", "386")).availability().ready == targets.native.runs_386()
    state = targets.parse(FAR.replace("linux", "freebsd")).availability()
    assert not state.ready and f"{HOST} runs Linux" in state.reason
    assert not targets.parse(FAR.replace("amd64", "riscv64")).availability().ready
    monkeypatch.setattr(ssh, "EXIT_0_386", b"\x7fELF rubbish")
    ssh._ask.cache_clear()
    state = targets.parse(FAR.replace("amd64", "386")).availability()
    assert not state.ready and "refuses 386" in state.reason
    assert sshd.left() == []


def test_an_unreachable_machine_is_told(empty: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    add(empty)
    monkeypatch.setenv("FAULTLINE_SSH", f"ssh -F none -p {free_port()}")
    done = empty.run("run", "--no-build", "--target", FAR)
    assert done.returncode == 3 and "cannot reach 127.0.0.1: " in done.stderr and "refused" in done.stderr
    done = empty.run("doctor", "--target", FAR)
    assert done.returncode == 3 and "missing: " in done.stdout
    monkeypatch.setenv("FAULTLINE_SSH", "/nonexistent/ssh")
    assert "does not run" in empty.run("run", "--no-build", "--target", FAR).stderr


@pytest.mark.parametrize("host", ["-oProxyCommand=x", "a b", "$(x)", ""])
def test_hosts_that_are_none(empty: Repository, host: str) -> None:
    add(empty)
    done = empty.run("run", "--no-build", "--target", f"linux-amd64@ssh:{host}")
    assert done.returncode == 2, done.stderr


def test_no_lies_are_told_there(empty: Repository) -> None:
    add(empty)
    done = empty.run("run", "--no-build", "--target", f"{FAR}+restart.fast-return")
    assert done.returncode == 2 and "no faults can be told at ssh:HOST" in done.stderr


def test_the_command_in_the_evidence_works(empty: Repository, sshd: Sshd) -> None:
    result = conduct(add(empty, whole="die:6"), "foreign", "whole")
    words = first(result).command.replace("ssh ", f"{sshd.command} ", 1)
    done = subprocess.run(["sh", "-c", words], cwd=empty.root, capture_output=True, text=True, check=False)
    assert done.returncode == 128 + 6 and done.stdout.startswith("start bug=fake")
