"""A kernel of its own beside this machine's, booted once for all cells of a run: what such targets have in common."""

from __future__ import annotations

import abc
import os
import queue
import secrets
import select
import shlex
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Sequence

from ..errors import MissingError
from ..far import SCRIPTS, Channel
from ..guest_client import Line
from .base import Recording, Target, Toolbox

# Guests boot in 3 to 15 s; a machine that does nothing but swap may need longer.
BOOT_SECONDS = 180.0
LOOK_SECONDS = 60.0

# The lines between host and guest: FIFOs, of which the guest's kernel holds both ends, so that none ever ends.
LINES = ("out", "err", "looks", "asks")

# What the first process of a guest says when it takes requests.
READY = "guest ready"

# How much of what a guest's console said is kept, in lines.
_KEPT_LINES = 200


class Console:
    """Reads what the guest says on its console, as long as it lives, so that it can always say more."""

    def __init__(self, stream: int) -> None:
        self._stream = stream
        self._ready: queue.Queue[bool] = queue.Queue()
        self.lines: list[str] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        with open(self._stream, "rb") as stream:
            for line in stream:
                text = line.decode("utf-8", "replace").strip()
                self.lines = [*self.lines, text][-_KEPT_LINES:] if text else self.lines
                if text.endswith(READY):
                    self._ready.put(True)
        self._ready.put(False)

    def wait(self, seconds: float) -> str:
        """Waits until the guest is ready; else why it is not."""
        try:
            if self._ready.get(timeout=seconds):
                return ""
            why = "it ended"
        except queue.Empty:
            why = f"no answer within {seconds:g} s"
        return f"{why}: {(self.lines or ['it said nothing'])[-1][:200]}"

    def close(self) -> None:
        """Waits for the end of what an ended guest said."""
        self._reader.join()


class Guest(Target):
    """A kernel that runs as a process here. Its first process is sh/guest.sh, which says how requests travel."""

    costly = True

    def __init__(self, os_name: str, arch: str, faults: Sequence[str] = (), parameter: str = "") -> None:
        super().__init__(os_name, arch, faults, parameter)
        self._token = ""
        self._scratch: Path | None = None
        self._guest: subprocess.Popen[bytes] | None = None
        self._console: Console | None = None

    @property
    def channel(self) -> Channel:
        return Channel("the guest", self._token)

    @abc.abstractmethod
    def kernel_command(self, toolbox: Toolbox, scratch: Path, lines: Sequence[int]) -> list[str]:
        """The command that boots the guest: console on fd 0 and 1, the lines on these descriptors, or by their names
        in `scratch`. Raises MissingError."""

    @abc.abstractmethod
    def in_guest(self, program: Path) -> str:
        """Where the guest has a program that was brought."""

    def inherited(self) -> Sequence[int]:
        """Further descriptors that the command of the guest gets."""
        return ()

    def prepare(self, toolbox: Toolbox) -> None:
        super().prepare(toolbox)
        self._token = f"faultline-{secrets.token_hex(12)}"
        self._scratch = scratch = Path(tempfile.mkdtemp(prefix=f"faultline-{self.where}-"))
        for name in ("control", *LINES):
            os.mkfifo(scratch / name, 0o600)

    def _boot(self, toolbox: Toolbox) -> None:
        """Boots the guest unless it runs. Raises MissingError."""
        if self._guest and self._guest.poll() is None:
            return
        self._halt()
        assert self._scratch
        fds = [os.open(self._scratch / name, os.O_RDWR) for name in ("control", *LINES)]
        try:
            command = self.kernel_command(toolbox, self._scratch, fds[1:])
            with open(os.devnull, "wb") as nowhere:
                # Below the jail: the guest ends with the driver, however that ends.
                self._guest = subprocess.Popen(
                    [str(toolbox.jail), "--result", str(nowhere.fileno()), "--", *command],
                    stdin=fds[0],
                    stdout=subprocess.PIPE,
                    stderr=subprocess.STDOUT,
                    pass_fds=[nowhere.fileno(), *fds[1:], *self.inherited()],
                    start_new_session=True,
                    env={**os.environ, "TMPDIR": str(self._scratch)},
                )
        finally:
            for fd in fds:
                os.close(fd)
        assert self._guest.stdout
        self._console = Console(os.dup(self._guest.stdout.fileno()))
        problem = self._console.wait(BOOT_SECONDS)
        if problem:
            self._halt()
            raise MissingError(f"cannot boot {Path(command[0]).name}: {problem}")

    def _halt(self) -> None:
        if self._guest:
            self._guest.terminate()
            self._guest.wait()
            if self._console:
                self._console.close()
            if self._guest.stdout:
                self._guest.stdout.close()
        self._guest = self._console = None

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
        self._boot(toolbox)
        words = list(arguments)
        seconds = int(words[words.index("--seconds") + 1]) if "--seconds" in words else 600
        # The watchdog stands on this side; that one is for when nobody here can.
        mark, request = self._request(self._token, str(10 * seconds + 60), self.in_guest(program), *words)
        client = str(SCRIPTS.with_name("guest_client.py"))
        return [sys.executable, "-I", "-S", client, str(self._scratch), mark, request]

    def ask(self, word: str) -> tuple[bytes, bool]:
        """What the guest answers to a request that is no run, as far as it came in time; whether that is all."""
        if not self._scratch or not self._guest or self._guest.poll() is not None:
            return b"", False
        mark, request = self._request(word)
        fd = os.open(self._scratch / "looks", os.O_RDONLY | os.O_NONBLOCK)
        line, said, ended = Line(fd, mark), b"", False
        try:
            try:
                # Without waiting: a guest that is gone reads nothing any more.
                control = os.open(self._scratch / "asks", os.O_WRONLY | os.O_NONBLOCK)
            except OSError:
                return b"", False
            with open(control, "wb", buffering=0) as stream:
                stream.write(f"{mark} {request}\n".encode())
            deadline = time.monotonic() + LOOK_SECONDS
            while not ended and select.select([fd], [], [], max(0.0, deadline - time.monotonic()))[0]:
                data = os.read(fd, 65536)
                if not data:
                    break
                more, ended = line.add(data)
                said += more
            return said, ended
        finally:
            os.close(fd)

    def diagnose(self, toolbox: Toolbox, pids: Sequence[int], folder: Path) -> list[Path]:
        """The guest's own view of its processes; of a guest that does not answer, what its console said last."""
        said, _ = self.ask("look")
        if said:
            path = folder / "guest-processes.txt"
            path.write_bytes(said)
        elif self._console and self._console.lines:
            path = folder / "guest-console.txt"
            path.write_text("\n".join(self._console.lines) + "\n", encoding="utf-8")
        else:
            return []
        return [path]

    def settle(self, toolbox: Toolbox) -> None:
        """Ends what a run left in the guest; a guest that cannot do that is ended, and the next run boots another."""
        _, ended = self.ask("sweep")
        if not ended:
            self._halt()

    def clean_up(self) -> None:
        self._halt()
        if self._scratch:
            shutil.rmtree(self._scratch, ignore_errors=True)
            self._scratch = None
