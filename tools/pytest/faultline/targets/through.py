"""Linux programs that run here through something in between: an emulator, a sandbox, a command of the user's."""

from __future__ import annotations

import abc
import functools
import os
import platform
import re
import shlex
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path
from typing import Any, ClassVar, Mapping, Sequence

from ..errors import UsageError
from .base import Availability, Recording, Target, Toolbox
from .native import snapshots
from .probe import INTRODUCED, INTRODUCTIONS, introduction

# What those between say on fd 2 of a program that died of a signal: dash and others, bash, QEMU.
_DEATHS = (
    "Aborted|Bus error|Bad system call|Floating point exception|Illegal instruction|Killed|Segmentation fault|"
    "Terminated|Trace/breakpoint trap"
)
OBITUARY = (
    rf"^(?:(?:{_DEATHS})(?: \(core dumped\))?|\S+: line \d+: +\d+ (?:{_DEATHS})(?: \(core dumped\))? .*|"
    r"qemu: uncaught target signal \d+ \(.*\) - core dumped)\n"
)

# An emulator under load; a place that takes longer to run the smallest program is none.
PROBE_SECONDS = 60.0


def _last_line(said: bytes) -> str:
    lines = [line for line in said.decode("utf-8", "replace").splitlines() if line.strip()]
    return lines[-1].strip()[:200] if lines else "it said nothing"


def _end_of(status: int) -> str:
    return f"was killed by signal {-status}" if status < 0 else f"exited with {status}"


def run_to_end(command: Sequence[str], seconds: float) -> subprocess.CompletedProcess[bytes]:
    """Runs a command in a session of its own, which ends with it. Raises OSError, TimeoutExpired."""
    with subprocess.Popen(
        list(command),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    ) as process:
        try:
            out, err = process.communicate(timeout=seconds)
        finally:
            try:
                os.killpg(process.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
    return subprocess.CompletedProcess(list(command), process.returncode, out, err)


@functools.lru_cache(maxsize=None)
def _ask(target: Through) -> tuple[Mapping[str, Any], str]:
    """The facts of the kernel that programs see there, and why none can run."""
    with tempfile.TemporaryDirectory(prefix="faultline-probe-") as folder:
        program = Path(folder) / "introduction"
        program.write_bytes(INTRODUCTIONS[target.arch])
        program.chmod(0o755)
        try:
            done = run_to_end(target.between(program, [], Path(folder)), PROBE_SECONDS)
        except subprocess.TimeoutExpired:
            return {}, f"the smallest program did not end within {PROBE_SECONDS:g} s"
        except OSError as error:
            return {}, f"{error.filename}: {error.strerror}"
    facts = introduction(done.stdout)
    if done.returncode != INTRODUCED or not facts:
        return {}, (
            f"the smallest program {_end_of(done.returncode)} instead of {INTRODUCED}: {_last_line(done.stderr)}"
        )
    return facts, ""


class Through(Target):
    """This machine's kernel seen through something in between, whose version is part of the verdict.

    The smallest program is run there before anything else is: it tells that the exit status comes back, and
    of which kernel programs believe to be.
    """

    signals_are_exits = True
    own_words = OBITUARY
    costly = True
    # What is between, as a package to install; "" when it is the user's own.
    package: ClassVar[str] = ""

    def __init__(self, os_name: str, arch: str, faults: Sequence[str] = (), parameter: str = "") -> None:
        super().__init__(os_name, arch, faults, parameter)
        self._scratch: Path | None = None

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Through) and other.name == self.name

    def __hash__(self) -> int:
        return hash(self.name)

    @abc.abstractmethod
    def words(self, scratch: Path | None = None) -> list[str]:
        """The command that is between, as far as it is the same for every program; its executable first.

        What it writes goes into `scratch`, a folder of its own that is removed afterwards.
        """

    def between(self, program: Path, arguments: Sequence[str], scratch: Path | None = None) -> list[str]:
        """The command that runs the program there."""
        return [*self.words(scratch), str(program), *arguments]

    def version(self) -> str:
        """What is between says of itself, in a line; "" when it cannot be asked."""
        return version_of(self.words()[0])

    def availability(self) -> Availability:
        host = f"{platform.system()} {platform.release()}, {platform.machine()}"
        if self.offered and self.port not in self.offered:
            return Availability(
                False, f"{self.where} runs {' and '.join(self.offered)} programs", "another kind of target"
            )
        if self.offered and (platform.system() != "Linux" or platform.machine() != "x86_64"):
            return Availability(
                False, f"{self.where} is used on Linux on x86_64; this is {host}", "such a machine"
            )
        name = self.words()[0]
        if not shutil.which(name):
            remedy = f"apt-get install {self.package} (./faultline doctor --fix does it)"
            return Availability(
                False, f"there is no {name} here", remedy if self.package else f"{name}, on the PATH"
            )
        if self.os_name != "linux" or self.arch not in INTRODUCTIONS:
            # No program of ours is so small there.
            return Availability(True, f"through {self.version() or name}, untried")
        facts, problem = _ask(self)
        if problem:
            return Availability(
                False, f"{name} runs no {self.arch} program here: {problem}", self.what_it_takes()
            )
        through = self.version() or name
        says = f"{facts['system']} {facts['release']}, {facts['machine']}, through {through}"
        return Availability(True, says, machine={**facts, "through": through})

    def what_it_takes(self) -> str:
        """What would help where it is installed and runs nothing."""
        return f"a machine where {shlex.join(self.words())} works"

    def command(
        self,
        toolbox: Toolbox,
        program: Path,
        arguments: Sequence[str],
        seed: int,
        recording: Recording | None,
    ) -> list[str]:
        first, *rest = self.between(program, arguments, self._scratch)
        # The jail takes a path.
        return [shutil.which(first) or first, *rest]

    def prepare(self, toolbox: Toolbox) -> None:
        super().prepare(toolbox)
        self._scratch = Path(tempfile.mkdtemp(prefix=f"faultline-{self.where}-"))

    def clean_up(self) -> None:
        if self._scratch:
            shutil.rmtree(self._scratch, ignore_errors=True)
            self._scratch = None

    def again(self, toolbox: Toolbox, program: Path, arguments: Sequence[str], seed: int) -> str:
        return shlex.join(self.between(program, arguments))

    def diagnose(self, toolbox: Toolbox, pids: Sequence[int], folder: Path) -> list[Path]:
        return snapshots(toolbox, pids, folder)


@functools.lru_cache(maxsize=None)
def version_of(name: str) -> str:
    """What a command says of its version, in a line; "" when it says nothing."""
    try:
        done = run_to_end([name, "--version"], PROBE_SECONDS)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    line = (done.stdout.decode("utf-8", "replace").strip().splitlines() or [""])[0]
    return re.sub(r"^(\S+) version ", r"\1 ", line.strip()) if done.returncode == 0 else ""


class Cmd(Through):
    """Any command that runs a program: cmd:'myemu --fast {}'.

    TEMPLATE is split into words like a shell does, but no shell runs it. A word {} becomes the program and its
    arguments; within a longer word {} becomes the same as one text that a shell reads: cmd:"sh -c 'exec {}'".
    """

    where = "cmd"
    sign = ":"
    parameter_name = "TEMPLATE"
    verbatim = True

    @classmethod
    def check_parameter(cls, parameter: str) -> None:
        try:
            words = shlex.split(parameter)
        except ValueError as error:
            raise UsageError(f"cmd:{parameter} cannot be split into words: {error}") from None
        if not any("{}" in word for word in words):
            raise UsageError(
                f"cmd:{parameter} does not say where the program stands: it needs a {{}}, as in cmd:'myemu {{}}'"
            )

    def words(self, scratch: Path | None = None) -> list[str]:
        words = shlex.split(self.parameter)
        return words if words[0] != "{}" else ["env", *words]

    def between(self, program: Path, arguments: Sequence[str], scratch: Path | None = None) -> list[str]:
        # A path, so that no PATH is searched for it.
        plain = [str(program if program.is_absolute() else Path(".") / program), *arguments]
        if "/" not in plain[0]:
            plain[0] = f"./{plain[0]}"
        made: list[str] = []
        for word in self.words():
            made += plain if word == "{}" else [word.replace("{}", shlex.join(plain))]
        return made

    def what_it_takes(self) -> str:
        return f"a machine where {self.parameter} runs programs and passes their exit status on"

    def version(self) -> str:
        # Not every command knows --version; some would run for ever, or do something.
        return shutil.which(self.words()[0]) or ""
