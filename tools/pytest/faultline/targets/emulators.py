"""Emulators and sandboxes that run Linux programs on this machine: QEMU's user mode, gVisor, Valgrind."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import time
from pathlib import Path
from typing import Sequence

from ..errors import MissingError
from .base import Toolbox
from .through import OBITUARY, Through, run_to_end

X86 = ("linux-amd64", "linux-386")

# What QEMU calls each arch.
QEMU_NAMES = {"amd64": "x86_64", "386": "i386", "arm64": "aarch64", "arm": "arm", "riscv64": "riscv64"}

# How long something that hangs may take to say where it stands.
DIAGNOSE_SECONDS = 30.0


class QemuUser(Through):
    """QEMU's user mode: every instruction translated, every system call passed on to this machine's kernel."""

    where = "qemu-user"
    offered = tuple(f"linux-{arch}" for arch in QEMU_NAMES)
    package = "qemu-user"

    def words(self, scratch: Path | None = None) -> list[str]:
        return [f"qemu-{QEMU_NAMES.get(self.arch, self.arch)}"]


class Gvisor(Through):
    """gVisor's own kernel, with ptrace as its platform: that needs neither KVM nor root."""

    where = "gvisor"
    # gVisor runs no 386 programs.
    offered = ("linux-amd64",)
    package = "runsc"

    def words(self, scratch: Path | None = None) -> list[str]:
        # `do` keeps its state below TMPDIR, and leaves it there when it is killed.
        place = ["env", f"TMPDIR={scratch}"] if scratch else []
        panics = [f"--panic-log={scratch}/panic.log", f"--panic-signal={signal.SIGUSR2}"] if scratch else []
        sandbox = ["--rootless", "--network=none", "--platform=ptrace", "--ignore-cgroups"]
        return [*place, "runsc", *sandbox, *panics, "do"]

    def diagnose(self, toolbox: Toolbox, pids: Sequence[int], folder: Path) -> list[Path]:
        """The stacks of gVisor's kernel, in which each thread of the program is a goroutine.

        The program's own threads are traced by that kernel, and cannot be by anybody else.
        """
        sandbox = next((pid for pid in pids if _title(pid).startswith("runsc-sandbox")), None)
        if sandbox is None or not self._scratch:
            return []
        log = self._scratch / "panic.log"
        os.kill(sandbox, signal.SIGUSR2)
        deadline = time.monotonic() + DIAGNOSE_SECONDS
        # It writes its stacks as the last thing it does.
        while _title(sandbox) and time.monotonic() < deadline:
            time.sleep(0.05)
        if not log.exists() or not log.stat().st_size:
            return []
        return [Path(shutil.move(log, folder / "sentry-stacks.txt"))]


class Valgrind(Through):
    """Valgrind without a tool: every instruction translated, signals and threads run by its own scheduler."""

    where = "valgrind"
    offered = X86
    package = "valgrind"
    # Where the program died.
    own_words = rf"{OBITUARY}|^==\d+==.*\n"
    # It then sends itself that signal. Where another thread of it takes that, this one may be first to exit, with 1.
    signal_words = r"^==\d+== Process terminating with default action of signal (\d+) "

    def __init__(self, os_name: str, arch: str, faults: Sequence[str] = (), parameter: str = "") -> None:
        super().__init__(os_name, arch, faults, parameter)
        self._stripped: dict[Path, Path] = {}

    def words(self, scratch: Path | None = None) -> list[str]:
        pipes = [f"--vgdb-prefix={scratch}/vgdb"] if scratch else []
        # By default the registers in a fault's frame are those of some instruction before it.
        exact = "--vex-iropt-register-updates=allregs-at-each-insn"
        return ["valgrind", "--tool=none", "-q", exact, *pipes]

    def between(self, program: Path, arguments: Sequence[str], scratch: Path | None = None) -> list[str]:
        # Only what runs now has a copy.
        return super().between(
            self._stripped.get(program, program) if scratch else program, arguments, scratch
        )

    def bring(self, toolbox: Toolbox, program: Path) -> None:
        if program in self._stripped:
            return
        # Valgrind 3.19 gives up over Clang's DWARF 5: it gets a copy without debug information.
        assert self._scratch
        copy = self._scratch / str(len(self._stripped)) / program.name
        copy.parent.mkdir()
        strip = shutil.which("llvm-strip-19") or "strip"
        try:
            done = run_to_end([strip, "--strip-debug", "-o", str(copy), str(program)], 60)
        except (OSError, subprocess.TimeoutExpired) as error:
            raise MissingError(f"cannot take the debug information out of {program.name}: {error}") from None
        if done.returncode != 0:
            # It is no ELF file, and has none.
            shutil.copy(program, copy)
        self._stripped[program] = copy

    def again(self, toolbox: Toolbox, program: Path, arguments: Sequence[str], seed: int) -> str:
        strip = f"llvm-strip-19 --strip-debug -o /tmp/stripped {program}"
        return f"sh -c '{strip} && exec \"$0\" \"$@\"' {super().again(toolbox, Path('/tmp/stripped'), arguments, seed)}"

    def clean_up(self) -> None:
        super().clean_up()
        self._stripped.clear()

    def diagnose(self, toolbox: Toolbox, pids: Sequence[int], folder: Path) -> list[Path]:
        """The stack of each thread of the program, as Valgrind knows it."""
        made = []
        for pid in pids:
            inner = _inner_pid(pid)
            if not self._scratch or not inner or not list(self._scratch.glob(f"vgdb-from-*-to-{inner}-*")):
                continue
            # The FIFOs' names hold these variables, which programs here run without (runner._environment).
            same = ["env", "-u", "LOGNAME", "-u", "USER", "-u", "HOST"]
            # Where the jail has a namespace of its own, so that the number is the same for both.
            inside = ["nsenter", f"--target={pid}", "--pid", "--"] if inner != pid else []
            ask = ["vgdb", f"--vgdb-prefix={self._scratch}/vgdb", f"--pid={inner}", "v.info", "scheduler"]
            try:
                done = run_to_end([*same, *inside, *ask], DIAGNOSE_SECONDS)
            except (OSError, subprocess.TimeoutExpired):
                continue
            if done.stdout:
                path = folder / f"valgrind-{pid}.txt"
                path.write_bytes(done.stdout)
                made.append(path)
        return made


def _title(pid: int) -> str:
    """The command line of a process, as it shows it; "" when it has none any more."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().decode("utf-8", "replace")
    except OSError:
        return ""


def _inner_pid(pid: int) -> int:
    """A process's number in the innermost namespace that it is in; 0 when it is gone."""
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    except OSError:
        return 0
    numbers = re.search(r"^NSpid:.*\t(\d+)$", status, re.MULTILINE)
    return int(numbers[1]) if numbers else pid
