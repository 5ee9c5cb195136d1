"""Where a program can run: one small class per kind of place.

A target is written `os-arch@where`, with the faults that its kernel gets after it:
`linux-amd64@native+restart.fast-return,mode=any`. A new kind of place is one subclass of
`Target` with a `where`; the registry finds it by that name.
"""

from __future__ import annotations

import abc
import ctypes
import dataclasses
import functools
import os
import platform
import re
import struct
import subprocess
from pathlib import Path
from typing import ClassVar, Sequence

from .errors import MissingError, UsageError, unknown

OSES = ("linux", "freebsd", "netbsd", "openbsd", "darwin", "windows")
ARCHES = ("amd64", "386", "arm64", "arm", "riscv64")

_SYNTAX = re.compile(r"^(?P<os>[a-z]+)-(?P<arch>[a-z0-9]+)@(?P<where>[a-z][^+]*)(?P<faults>(\+[^+]+)*)$")


@dataclasses.dataclass(frozen=True)
class Availability:
    """Whether a target can be used here; if not, why and what would help."""

    ready: bool
    reason: str
    remedy: str = ""


@dataclasses.dataclass(frozen=True)
class Toolbox:
    """The tree that holds what Bazel built: bazel-bin, or the runfiles of a test."""

    root: Path

    @property
    def jail(self) -> Path:
        """The launcher that leaves nothing behind."""
        return self.root / "tools/jail/jail"

    @property
    def inject(self) -> Path:
        """The kernel tracer."""
        return self.root / "kernel/inject"

    def program(self, bug: str, variant: str, port: str, hosted: bool, defect: str = "") -> Path:
        """The program of one variant for one os-arch; `defect` is one put into the default runtime."""
        name = f"{bug}.{variant}.{port}{'.hosted' if hosted else ''}{'.with-' + defect if defect else ''}"
        return self.root / "repro" / bug / name


@dataclasses.dataclass(frozen=True)
class Recording:
    """Files for what the tracer has to say about a run; both may stay unwritten."""

    faults: Path
    postmortem: Path


class Target(abc.ABC):
    """One place where programs run. Subclasses say how; the runner does it."""

    where: ClassVar[str] = ""
    _kinds: ClassVar[dict[str, type[Target]]] = {}

    def __init__(self, os_name: str, arch: str, faults: Sequence[str] = ()) -> None:
        self.os_name = os_name
        self.arch = arch
        self.faults = tuple(faults)

    def __init_subclass__(cls) -> None:
        if cls.where:
            Target._kinds[cls.where] = cls

    @classmethod
    def kinds(cls) -> dict[str, type[Target]]:
        """Every kind of place, by its name."""
        return dict(Target._kinds)

    @property
    def port(self) -> str:
        """os-arch: which build of a program runs here."""
        return f"{self.os_name}-{self.arch}"

    @property
    def name(self) -> str:
        """The whole target, as it is written everywhere."""
        return f"{self.port}@{self.where}" + "".join("+" + fault for fault in self.faults)

    @property
    def traced(self) -> bool:
        """Whether programs run under the kernel tracer here in any case."""
        return bool(self.faults)

    @abc.abstractmethod
    def availability(self) -> Availability:
        """Whether this machine can run it. Cheap: called for every target of the catalogue."""

    def prepare(self, toolbox: Toolbox) -> None:
        """Makes what every run needs (images, roots); cached. Raises MissingError."""
        for tool, needed in ((toolbox.jail, True), (toolbox.inject, self.traced)):
            if needed and not os.access(tool, os.X_OK):
                raise MissingError(f"{tool} is not there. Build it: bazel build //tools/jail //kernel:inject")

    @abc.abstractmethod
    def command(
        self,
        toolbox: Toolbox,
        program: Path,
        arguments: Sequence[str],
        seed: int,
        recording: Recording | None,
    ) -> list[str]:
        """The command that runs `program` here, below the jail.

        With a recording the tracer writes its log and a postmortem into it, also where no fault is told.
        """

    def diagnose(self, toolbox: Toolbox, pids: Sequence[int], folder: Path) -> list[Path]:
        """Writes what the live processes of a hung run stand in, before they are killed; the files made."""
        return []

    def clean_up(self) -> None:
        """Takes away what `prepare` and the runs left outside the jail."""


def parse(text: str) -> Target:
    """The target that `text` names. Raises UsageError."""
    match = _SYNTAX.match(text)
    if not match:
        raise UsageError(
            f"'{text}' is not a target. A target is OS-ARCH@WHERE[+FAULT[,key=value…]]…, "
            "for example linux-amd64@native+restart.fast-return,mode=any"
        )
    if match["os"] not in OSES:
        raise unknown("operating system", match["os"], OSES)
    if match["arch"] not in ARCHES:
        raise unknown("architecture", match["arch"], ARCHES)
    kind = Target.kinds().get(match["where"])
    if kind is None:
        raise unknown("kind of target", match["where"], Target.kinds())
    faults = [fault for fault in match["faults"].split("+") if fault]
    return kind(match["os"], match["arch"], faults)


# The smallest i386 program: _exit(0) by INT 0x80. ELF header, one program header, five instructions' bytes.
_EXIT_0_386 = b"\x31\xdb\xb8\x01\x00\x00\x00\xcd\x80"


def _elf_386(code: bytes) -> bytes:
    base, headers = 0x08048000, 52 + 32
    elf = struct.pack(
        "<16sHHIIIIIHHHHHH",
        b"\x7fELF\x01\x01\x01" + bytes(9),
        2,  # ET_EXEC
        3,  # EM_386
        1,
        base + headers,
        52,
        0,
        0,
        52,
        32,
        1,
        40,
        0,
        0,
    )
    size = headers + len(code)
    return elf + struct.pack("<8I", 1, 0, base, base, size, size, 5, 0x1000) + code


@functools.lru_cache(maxsize=None)
def runs_386() -> bool:
    """Whether this kernel runs 386 programs. Asked by running one: a kernel may be built or booted without."""
    libc = ctypes.CDLL(None, use_errno=True)
    if not hasattr(libc, "memfd_create"):
        return False
    # A real file descriptor, so that nothing stays on a disk.
    fd = libc.memfd_create(b"probe-386", 0)
    if fd < 0:
        return False
    try:
        os.write(fd, _elf_386(_EXIT_0_386))
        return subprocess.run([f"/proc/{os.getpid()}/fd/{fd}"], check=False).returncode == 0
    except OSError:
        return False
    finally:
        os.close(fd)


class Native(Target):
    """This machine's own kernel, with or without the tracer's lies."""

    where = "native"

    def availability(self) -> Availability:
        host = f"{platform.system()} {platform.release()}, {platform.machine()}"
        if self.os_name != platform.system().lower():
            return Availability(False, f"this machine runs {host}", f"a {self.os_name} machine")
        if self.arch == "amd64" and platform.machine() == "x86_64":
            return Availability(True, host)
        if self.arch == "386" and platform.machine() in ("x86_64", "i686"):
            if runs_386():
                return Availability(True, f"{host}, runs 386 programs")
            return Availability(
                False,
                "this kernel refuses 386 programs",
                "a kernel with CONFIG_IA32_EMULATION, booted with ia32_emulation=1",
            )
        return Availability(False, f"this machine is {platform.machine()}", f"a {self.arch} machine")

    def command(
        self,
        toolbox: Toolbox,
        program: Path,
        arguments: Sequence[str],
        seed: int,
        recording: Recording | None,
    ) -> list[str]:
        plain = [str(program), *arguments]
        if not self.traced and recording is None:
            return plain
        tracer = [str(toolbox.inject)]
        for fault in self.faults:
            tracer += ["--fault", fault]
        tracer += ["--seed", str(seed)]
        if recording is not None:
            tracer += ["--log", str(recording.faults), "--postmortem", str(recording.postmortem)]
        return [*tracer, "--", *plain]

    def diagnose(self, toolbox: Toolbox, pids: Sequence[int], folder: Path) -> list[Path]:
        made = []
        for pid in pids:
            snapshot = folder / f"snapshot-{pid}.json"
            try:
                with snapshot.open("wb") as out:
                    done = subprocess.run(
                        [str(toolbox.inject), "--snapshot", str(pid)],
                        stdin=subprocess.DEVNULL,
                        stdout=out,
                        stderr=subprocess.DEVNULL,
                        timeout=10,
                        check=False,
                    )
            except (FileNotFoundError, PermissionError, subprocess.TimeoutExpired):
                snapshot.unlink(missing_ok=True)
                continue
            if done.returncode == 0 and snapshot.stat().st_size:
                made.append(snapshot)
            else:
                snapshot.unlink(missing_ok=True)
        return made
