"""This machine's own kernel, with or without the tracer's lies."""

from __future__ import annotations

import ctypes
import functools
import os
import platform
import subprocess
from pathlib import Path
from typing import Sequence

from .base import Availability, Recording, Target, Toolbox
from .probe import EXIT_0_386


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
        os.write(fd, EXIT_0_386)
        return subprocess.run([f"/proc/{os.getpid()}/fd/{fd}"], check=False).returncode == 0
    except OSError:
        return False
    finally:
        os.close(fd)


def snapshots(toolbox: Toolbox, pids: Sequence[int], folder: Path) -> list[Path]:
    """Has the tracer write where the threads of these processes stand; the files made."""
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


class Native(Target):
    """This machine's own kernel, with or without the tracer's lies."""

    where = "native"
    takes_faults = True
    can_trace = True

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
        return snapshots(toolbox, pids, folder)
