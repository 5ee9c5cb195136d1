"""Wine: Windows programs on this machine, each run in a prefix and with a server of its own."""

from __future__ import annotations

import functools
import os
import platform
import re
import shlex
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Sequence

from ..far import SCRIPTS
from .base import Availability, Recording, Target, Toolbox
from .native import snapshots
from .through import PROBE_SECONDS, run_to_end

# Debian keeps them off the PATH, the loader and the server both.
FOLDERS = ("/usr/lib/wine", "/opt/wine-stable/bin", "/usr/bin")
LOADERS = ("wine64", "wine")
SERVERS = ("wineserver64", "wineserver")

# Where Wine's own DLLs for the arch lie, below one of the roots.
ROOTS = ("/usr/lib", "/opt/wine-stable")
LIBRARIES = {
    "amd64": ("x86_64-linux-gnu/wine/x86_64-windows", "wine/x86_64-windows", "lib64/wine/x86_64-windows"),
}

# What Wine says on fd 2 of a program that ended by an exception which nobody handled, and the signal by which such a
# program dies elsewhere. The exit status keeps eight bits of the exception's code, which say less; and where it was not
# the first thread that died Wine 8.0 may forget even those: two in 25 such programs exited with 0.
_UNHANDLED = r"^wine: Unhandled {} .*\n"
DEATHS = {
    _UNHANDLED.format("(?:exception 0x80000003|breakpoint)"): "SIGTRAP",
    _UNHANDLED.format("(?:exception 0xc0000005|page fault)"): "SIGSEGV",
    _UNHANDLED.format("(?:exception 0xc00000fd|stack overflow)"): "SIGSEGV",
    _UNHANDLED.format("(?:exception 0xc000001d|illegal instruction)"): "SIGILL",
    _UNHANDLED.format("(?:exception 0xc0000094|division by zero)"): "SIGFPE",
}
OBITUARY = "|".join(DEATHS)

# How long the debugger may take to say where a program stands.
DIAGNOSE_SECONDS = 30.0


def _find(names: Sequence[str]) -> str:
    for name in names:
        for folder in FOLDERS:
            path = shutil.which(name, path=folder)
            if path:
                return path
        path = shutil.which(name)
        if path:
            return path
    return ""


def _libraries(arch: str, loader: str) -> str:
    """The folder with Wine's kernel32 of an arch; "" when there is none."""
    for root in (*map(Path, ROOTS), Path(loader).resolve().parent.parent):
        for name in LIBRARIES.get(arch, ()):
            if (root / name / "kernel32.dll").is_file():
                return str(root / name)
    return ""


@functools.lru_cache(maxsize=None)
def _version(loader: str) -> str:
    """What Wine says of its version; "" when it does not start."""
    try:
        done = run_to_end([loader, "--version"], PROBE_SECONDS)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.decode("utf-8", "replace").strip() if done.returncode == 0 else ""


class Wine(Target):
    """Wine's Windows: its ntdll and kernel32 on this machine's kernel."""

    where = "wine"
    offered = ("windows-amd64",)
    # Each run starts a server of its own.
    costly = True
    deaths = DEATHS
    own_words = OBITUARY

    def __init__(self, os_name: str, arch: str, faults: Sequence[str] = (), parameter: str = "") -> None:
        super().__init__(os_name, arch, faults, parameter)
        self._scratch: Path | None = None

    def availability(self) -> Availability:
        if self.port not in self.offered:
            return Availability(
                False, f"wine runs {' and '.join(self.offered)} programs", "another kind of target"
            )
        if platform.system() != "Linux" or platform.machine() != "x86_64":
            host = f"{platform.system()} {platform.release()}, {platform.machine()}"
            return Availability(False, f"wine is used on Linux on x86_64; this is {host}", "such a machine")
        loader, server = _find(LOADERS), _find(SERVERS)
        remedy = "apt-get install wine64 (./faultline doctor --fix does it)"
        if not loader or not server:
            return Availability(False, f"there is no {'wine' if not loader else 'wineserver'} here", remedy)
        if not _libraries(self.arch, loader):
            return Availability(False, f"{loader} has no DLLs for {self.arch}", remedy)
        version = _version(loader)
        if not version:
            return Availability(False, f"{loader} --version says nothing", f"a {loader} that runs")
        return Availability(True, f"through {version}")

    def prepare(self, toolbox: Toolbox) -> None:
        super().prepare(toolbox)
        self._scratch = Path(tempfile.mkdtemp(prefix="faultline-wine-"))

    def _words(self, scratch: str, program: Path, arguments: Sequence[str]) -> list[str]:
        loader = _find(LOADERS)
        place = [loader, _find(SERVERS), _libraries(self.arch, loader), scratch]
        return ["/bin/sh", str(SCRIPTS / "wine.sh"), *place, str(program), *arguments]

    def command(
        self,
        toolbox: Toolbox,
        program: Path,
        arguments: Sequence[str],
        seed: int,
        recording: Recording | None,
    ) -> list[str]:
        return self._words(str(self._scratch), program, arguments)

    def again(self, toolbox: Toolbox, program: Path, arguments: Sequence[str], seed: int) -> str:
        return shlex.join(self._words("/tmp", program, arguments))

    def diagnose(self, toolbox: Toolbox, pids: Sequence[int], folder: Path) -> list[Path]:
        """Each thread of the program as Wine's debugger sees it, and, below that, as this kernel does."""
        made = []
        for pid in pids:
            prefix = _prefix_of(pid)
            if prefix:
                made += self._debug(pid, prefix, folder)
                break
        return made + snapshots(toolbox, pids, folder)

    def _debug(self, pid: int, prefix: str, folder: Path) -> list[Path]:
        environment = [
            f"WINEPREFIX={prefix}",
            "WINEDEBUG=-all",
            "WINEDLLOVERRIDES=wineboot.exe=d",
        ]
        # Where the jail has a namespace of its own, so that the server knows its processes by the same numbers.
        inside = ["nsenter", f"--target={pid}", "--pid", "--"] if os.geteuid() == 0 else []
        ask = [*inside, "env", *environment, _find(LOADERS), "winedbg", "--command"]
        try:
            listed = run_to_end([*ask, "info process"], DIAGNOSE_SECONDS)
            found = re.search(rb"^ *([0-9a-f]{8}) +\d+ +'[^'\n]*\.windows-", listed.stdout, re.MULTILINE)
            if not found:
                return []
            orders = Path(prefix) / "debugger"
            orders.write_text(
                f"attach 0x{found[1].decode()}\nbacktrace all\ndetach\nquit\n", encoding="utf-8"
            )
            done = run_to_end([*ask[:-1], "--file", str(orders)], DIAGNOSE_SECONDS)
        except (OSError, subprocess.TimeoutExpired):
            return []
        if not done.stdout.strip():
            return []
        path = folder / "wine-stacks.txt"
        path.write_bytes(done.stdout)
        return [path]

    def clean_up(self) -> None:
        if self._scratch:
            shutil.rmtree(self._scratch, ignore_errors=True)
            self._scratch = None


def _prefix_of(pid: int) -> str:
    """The prefix that a process of Wine's runs in; "" when it is none."""
    try:
        variables = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    except OSError:
        return ""
    found = [word for word in variables if word.startswith(b"WINEPREFIX=")]
    return found[0].partition(b"=")[2].decode("utf-8", "replace") if found else ""
