"""The far side of a connection: its scripts in every shell at hand, and what is understood of its reports."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Iterator

import pytest
from faultline import far, runner, targets
from faultline.far import SCRIPTS, Channel, Reports
from faultline.runner import Observation
from test_run import wait_for

CHANNEL = Channel("box", "token-1")
SHELLS = {"dash": ["dash"], "busybox": ["busybox", "sh"], "bash": ["bash", "--posix"]}


@pytest.fixture(name="shell", params=sorted(SHELLS))
def each_shell(request: pytest.FixtureRequest) -> list[str]:
    """The command of a shell."""
    name: str = request.param
    assert shutil.which(name), f"{name} is not installed"
    return SHELLS[name]


def say(shell: list[str], words: str) -> str:
    """What commands print behind supervise.sh."""
    done = subprocess.run(
        [*shell, "-c", f'. "{SCRIPTS}/supervise.sh"\n{words}'],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 0 and not done.stderr, done.stderr
    return done.stdout


@pytest.fixture(name="busy")
def busy_program(tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A program of its own folder that uses CPU time."""
    program = tmp_path / "with spaces" / "busy"
    program.parent.mkdir()
    program.symlink_to(sys.executable)
    process = subprocess.Popen([str(program), "-S", "-c", "while True: pass"])
    yield process
    process.kill()
    process.wait()


# The scripts.


def test_processes_are_known_by_their_path(
    shell: list[str], busy: subprocess.Popen[bytes], tmp_path: Path
) -> None:
    folder = tmp_path / "with spaces"
    wait_for(lambda: say(shell, f'pids_below "{folder}"') == f"{busy.pid}\n")
    assert say(shell, f'pids_by_ps "{folder}"') == f"{busy.pid}\n"
    assert say(shell, f'pids_below "{tmp_path}/with"') == ""


@pytest.mark.parametrize("how", ["activity_below", "activity_by_proc", "activity_by_ps"])
def test_activity(shell: list[str], busy: subprocess.Popen[bytes], tmp_path: Path, how: str) -> None:
    def look() -> tuple[int, int]:
        used, runnable = say(shell, f'{how} "{tmp_path}/with spaces"').split()
        return int(used), int(runnable)

    used, runnable = wait_for(lambda: (seen := look())[0] >= 20 and seen)
    assert runnable == 1 and used < 6000
    assert say(shell, f'{how} "{tmp_path}/elsewhere"').split() == ["0", "0"]


def test_a_sleeper_is_not_runnable(shell: list[str], tmp_path: Path) -> None:
    program = tmp_path / "sleeper"
    program.symlink_to(sys.executable)
    with subprocess.Popen([str(program), "-S", "-c", "import time; time.sleep(60)"]) as process:
        wait_for(lambda: say(shell, f'activity_below "{tmp_path}"').split()[1] == "0")
        assert f"process {process.pid}: {program}" in say(shell, f'describe_below "{tmp_path}"')
        process.kill()


def test_programs_are_ended_and_counted(
    shell: list[str], busy: subprocess.Popen[bytes], tmp_path: Path
) -> None:
    assert say(shell, f'kill_below "{tmp_path}/with spaces"; echo "$killed"') == "1\n"
    assert busy.wait(10) == -9
    assert say(shell, f'kill_below "{tmp_path}/with spaces"; echo "$killed"') == "0\n"


@pytest.mark.parametrize(
    "time_,hundredths",
    [
        ("0:00.05", 5),
        ("00:00:09", 900),
        ("1:08.99", 6899),
        ("1-02:03:04", 9378400),
        ("0:00", 0),
        ("100:00.08", 600008),
    ],
)
def test_times_as_ps_writes_them(shell: list[str], time_: str, hundredths: int) -> None:
    assert say(shell, f"hundredths {time_}") == f"{hundredths}\n"


@pytest.mark.parametrize(
    "status,ending",
    [(0, "exited 0"), (2, "exited 2"), (127, "exited 127"), (139, "killed SEGV"), (133, "killed TRAP")],
)
def test_endings(shell: list[str], status: int, ending: str) -> None:
    assert say(shell, f"ending {status}") == f"{ending}\n"


def test_the_machine(shell: list[str]) -> None:
    facts = targets.machine_facts(say(shell, "machine").splitlines())
    assert set(facts) == {"system", "release", "version", "machine", "node", "cpus"}
    assert facts["system"] == "Linux" and facts["cpus"] >= 1


def test_the_shells_own_words_are_not_the_programs(shell: list[str], tmp_path: Path) -> None:
    """A shell that says "Segmentation fault", or a tool of the watchdog that dies, must not stand on fd 2."""
    script = tmp_path / "far.sh"
    script.write_text(far.script("supervise.sh", "far.sh"))
    program = tmp_path / "program"
    program.write_text("#!/bin/sh\necho out\necho err >&2\nkill -s SEGV $$\n")
    program.chmod(0o755)
    done = subprocess.run(
        [*shell, str(script), "run", "T", "10", "program"],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert (done.stdout, done.stderr) == ("out\n", "err\nT killed SEGV left 0\n")


def test_far_programs_ignore_no_signal(shell: list[str], tmp_path: Path) -> None:
    (tmp_path / "far.sh").write_text(far.script("supervise.sh", "far.sh"))
    program = tmp_path / "program"
    program.write_text("#!/bin/sh\ngrep SigIgn /proc/self/status\n")
    program.chmod(0o755)
    done = subprocess.run(
        [*shell, str(tmp_path / "far.sh"), "run", "T", "10", "program"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert int(done.stdout.split()[1], 16) & 0b110 == 0


# What is understood of them.


def reports(*pieces: bytes) -> tuple[Reports, bytes]:
    said = bytearray()
    seen = Reports(CHANNEL, said.extend)
    for piece in pieces:
        seen.add(piece)
    seen.close()
    return seen, bytes(said)


def test_reports_are_taken_out_of_the_programs_words() -> None:
    seen, said = reports(
        b"runtime: ha", b"lf a linetok", b"en-1 activity 130 1\nmore\ntoken-1 killed SEGV left 2\n"
    )
    assert said == b"runtime: half a linemore\n"
    assert (seen.ending, seen.left, seen.failed) == ("killed SEGV", 2, "")
    assert seen.look() == far.Activity(1.3, True)


def test_a_failure_is_told() -> None:
    seen, _ = reports(b"token-1 failed the programs are gone\n")
    assert seen.failed == "the programs are gone" and not seen.ending


def test_each_report_is_one_look() -> None:
    seen, _ = reports(b"token-1 activity 130 0\n")
    assert seen.look() == far.Activity(1.3, False)
    assert seen.look() is None


def test_who_is_not_heard_of_is_not_said_to_sleep() -> None:
    """A connection that stalls, or a far side that gets no CPU itself, says nothing of the program."""
    heard: list[far.Activity | None] = []
    dog = runner.Watchdog(2.0, 100.0, lambda: heard.pop() if heard else None, 0.0)
    assert [dog.verdict(now) for now in (1.0, 3.0, 19.0)] == ["", "", ""]
    assert "nothing was heard of it meanwhile" in dog.verdict(20.5)
    heard.append(far.Activity(0.0, False))
    assert "it sleeps" in dog.verdict(20.6)


@pytest.mark.parametrize(
    "ending,code,signal",
    [
        ("exited 3", 3, ""),
        ("killed SEGV", None, "SIGSEGV"),
        ("killed sigbus", None, "SIGBUS"),
        ("", None, ""),
    ],
)
def test_endings_are_understood(ending: str, code: int | None, signal: str) -> None:
    seen = Observation([], 1)
    assert runner.fill_in_ending(seen, ending) == bool(ending)
    assert (seen.exit_code, seen.signal) == (code, signal)


@pytest.mark.parametrize(
    "release,judged_as",
    [
        ("9.1-RELEASE-p3", "freebsd-amd64@model-9.1"),
        ("9.3-RELEASE", "freebsd-amd64@native"),
        ("13.2-STABLE", "freebsd-amd64@model-13"),
        ("7.4", "freebsd-amd64@model-7"),
        ("15", "freebsd-amd64@native"),
        ("rubbish", "freebsd-amd64@native"),
    ],
)
def test_a_real_kernel_is_judged_as_its_release(release: str, judged_as: str) -> None:
    declared = [f"freebsd-amd64@model-{version}" for version in ("7", "8.1", "9.1", "13")]
    assert targets.stand_in("freebsd-amd64", release, declared) == judged_as
