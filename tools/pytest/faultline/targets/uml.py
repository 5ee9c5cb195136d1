"""User-Mode Linux: a Linux kernel as a process, booted once for all cells of a run."""

from __future__ import annotations

import os
import platform
import secrets
import select
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Sequence

from ..errors import MissingError
from ..far import SCRIPTS, Channel, script
from ..guest_client import Line
from .base import Availability, Recording, Target, Toolbox
from .through import version_of

KERNEL = "linux.uml"

# A guest boots in 3 s; a machine that does nothing but swap may need longer.
BOOT_SECONDS = 120.0
LOOK_SECONDS = 30.0

# The lines between host and guest: FIFOs, of which the guest's kernel holds both ends, so that none ever ends.
_LINES = ("out", "err", "looks")


class Uml(Target):
    """Debian's user-mode-linux. Its root is this machine's, for reading alone: programs need not be copied."""

    where = "uml"
    # UML on x86-64 is built without the 386 system calls.
    offered = ("linux-amd64",)

    def __init__(self, os_name: str, arch: str, faults: Sequence[str] = (), parameter: str = "") -> None:
        super().__init__(os_name, arch, faults, parameter)
        self._token = ""
        self._scratch: Path | None = None
        self._guest: subprocess.Popen[bytes] | None = None

    @property
    def channel(self) -> Channel:
        return Channel("the guest", self._token)

    def availability(self) -> Availability:
        host = f"{platform.system()} {platform.release()}, {platform.machine()}"
        if self.port not in self.offered:
            return Availability(False, "uml runs linux-amd64 programs", "another kind of target")
        if platform.system() != "Linux" or platform.machine() != "x86_64":
            return Availability(False, f"uml is used on Linux on x86_64; this is {host}", "such a machine")
        if not shutil.which(KERNEL):
            remedy = "apt-get install user-mode-linux (./faultline doctor --fix does it)"
            return Availability(False, f"there is no {KERNEL} here", remedy)
        release = version_of(KERNEL)
        if not release:
            return Availability(False, f"{KERNEL} --version says nothing", f"a {KERNEL} that runs")
        facts = {"system": "Linux", "release": release, "machine": "x86_64", "through": "User-Mode Linux"}
        return Availability(True, f"Linux {release}, x86_64, through User-Mode Linux", machine=facts)

    def prepare(self, toolbox: Toolbox) -> None:
        super().prepare(toolbox)
        self._token = f"faultline-{secrets.token_hex(12)}"
        self._scratch = scratch = Path(tempfile.mkdtemp(prefix="faultline-uml-"))
        (scratch / "far.sh").write_text(script("supervise.sh", "far.sh"), encoding="utf-8")
        for name in ("control", *_LINES):
            os.mkfifo(scratch / name, 0o600)
        fds = [os.open(scratch / name, os.O_RDWR) for name in ("control", *_LINES)]
        try:
            self._boot(toolbox, scratch, fds)
        finally:
            for fd in fds:
                os.close(fd)

    def _boot(self, toolbox: Toolbox, scratch: Path, fds: Sequence[int]) -> None:
        control, *lines = fds
        serial = [f"ssl{place}=null,fd:{fd}" for place, fd in enumerate(lines)]
        root = ["root=/dev/root", "rootfstype=hostfs", "rootflags=/", "ro", f"init={SCRIPTS / 'guest.sh'}"]
        own = [
            f"uml_dir={scratch}",
            f"faultline={scratch}",
            "mem=512M",
            "quiet",
            "con0=fd:0,fd:1",
            "con=null",
        ]
        with open(os.devnull, "wb") as nowhere:
            # Below the jail: the guest ends with the driver, however that ends.
            self._guest = subprocess.Popen(
                [str(toolbox.jail), "--result", str(nowhere.fileno()), "--"]
                + [shutil.which(KERNEL) or KERNEL, *own, *root, "ssl=null", *serial],
                stdin=control,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                pass_fds=[nowhere.fileno(), *lines],
                start_new_session=True,
                env={**os.environ, "TMPDIR": str(scratch)},
            )
        assert self._guest.stdout
        said = b""
        deadline = time.monotonic() + BOOT_SECONDS
        while b"guest ready" not in said:
            ready, _, _ = select.select([self._guest.stdout], [], [], max(0.0, deadline - time.monotonic()))
            data = os.read(self._guest.stdout.fileno(), 65536) if ready else b""
            if not data:
                why = "it ended" if ready else f"no answer within {BOOT_SECONDS:g} s"
                words = said.decode("utf-8", "replace").strip().splitlines() or ["it said nothing"]
                raise MissingError(f"cannot boot {KERNEL}: {why}: {words[-1].strip()[:200]}")
            said += data

    def _request(self, *words: str) -> tuple[str, str]:
        """A mark of its own, and the words as the guest reads them."""
        return f"mark-{secrets.token_hex(8)}", shlex.join(words)

    def command(
        self,
        toolbox: Toolbox,
        program: Path,
        arguments: Sequence[str],
        seed: int,
        recording: Recording | None,
    ) -> list[str]:
        words = list(arguments)
        seconds = int(words[words.index("--seconds") + 1]) if "--seconds" in words else 600
        # The watchdog stands on this side; that one is for when nobody here can.
        mark, request = self._request(
            "run", self._token, str(10 * seconds + 60), str(program.absolute()), *words
        )
        client = str(SCRIPTS.with_name("guest_client.py"))
        return [sys.executable, "-I", "-S", client, str(self._scratch), mark, request]

    def again(self, toolbox: Toolbox, program: Path, arguments: Sequence[str], seed: int) -> str:
        inner = shlex.join([str(program.absolute()), *arguments])
        return (
            f"f=$(mktemp) && printf '#!/bin/sh\\n%s\\npoweroff -f\\n' {shlex.quote(inner)} >$f && chmod 755 $f && "
            f"{KERNEL} mem=512M root=/dev/root rootfstype=hostfs rootflags=/ ro init=$f con0=fd:0,fd:1 con=null"
        )

    def _ask(self, word: str) -> bytes:
        """What the guest answers to a request that is no run; as far as it came in time."""
        if not self._scratch or not self._guest or self._guest.poll() is not None:
            return b""
        mark, request = self._request(word)
        fd = os.open(self._scratch / "looks", os.O_RDONLY | os.O_NONBLOCK)
        try:
            line, said, ended = Line(fd, mark), b"", False
            with open(self._scratch / "control", "wb", buffering=0) as control:
                control.write(f"{mark} {request}\n".encode())
            deadline = time.monotonic() + LOOK_SECONDS
            while not ended and select.select([fd], [], [], max(0.0, deadline - time.monotonic()))[0]:
                more, ended = line.add(os.read(fd, 65536))
                said += more
            return said
        finally:
            os.close(fd)

    def diagnose(self, toolbox: Toolbox, pids: Sequence[int], folder: Path) -> list[Path]:
        said = self._ask("look")
        if not said:
            return []
        path = folder / "guest-processes.txt"
        path.write_bytes(said)
        return [path]

    def settle(self, toolbox: Toolbox) -> None:
        self._ask("sweep")

    def clean_up(self) -> None:
        if self._guest:
            self._guest.terminate()
            self._guest.wait()
            if self._guest.stdout:
                self._guest.stdout.close()
            self._guest = None
        if self._scratch:
            shutil.rmtree(self._scratch, ignore_errors=True)
            self._scratch = None
