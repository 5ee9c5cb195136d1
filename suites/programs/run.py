"""Runs one program to its end, in the jail, so that nothing of it stays behind whatever happens."""

from __future__ import annotations

import dataclasses
import os
import signal
import subprocess
import time
from pathlib import Path
from typing import Sequence

from faultline.errors import MissingError

from . import settle


@dataclasses.dataclass(frozen=True)
class End:
    """How a program ended and what it said."""

    how: str  # "exit 0", "SIGTERM", "no end in 60 s"
    left: int  # processes that it left for good, the tracer not counted
    out: str
    err: str
    seconds: float

    def __str__(self) -> str:
        return f"{self.how}, left {self.left}" if self.left else self.how


def environment(home: Path) -> dict[str, str]:
    """The same on each machine."""
    return {
        "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "HOME": str(home),
        "TMPDIR": str(home),
        "LC_ALL": "C.UTF-8",
        "TERM": "dumb",
    }


def _ended(report: str) -> tuple[str, int]:
    """What the jail reports on its descriptor, in the words of End."""
    lines = report.splitlines()
    word, _, number = (lines[0] if lines else "failed").partition(" ")
    left = sum(int(line.split()[1]) for line in lines if line.startswith("left "))
    if word == "exited":
        return f"exit {number}", left
    if word == "killed":
        try:
            return signal.Signals(int(number)).name, left
        except ValueError:
            return f"signal {number}", left
    raise MissingError(f"the jail failed: {report.strip() or 'no report'}")


def run(jail: Path, command: Sequence[str], folder: Path, cwd: Path, given: bytes, patience: float) -> End:
    """Runs `command` with `given` on its standard input; what it prints is kept in `folder`, which is its home.

    `patience`: how long it may take, in seconds, before it is taken for hung and killed.
    """
    folder.mkdir(parents=True)
    (folder / "stdin").write_bytes(given)
    report, said = os.pipe()
    began = time.monotonic()
    with (
        (folder / "stdin").open("rb") as stdin,
        (folder / "stdout").open("wb") as stdout,
        (folder / "stderr").open("wb") as stderr,
        subprocess.Popen(
            [str(jail), "--result", str(said), "--", "/usr/bin/python3", settle.__file__, *command],
            stdin=stdin,
            stdout=stdout,
            stderr=stderr,
            pass_fds=[said],
            cwd=cwd,
            env=environment(folder),
            # The terminal's Ctrl-C is for us; the jail is told below.
            start_new_session=True,
        ) as process,
    ):
        os.close(said)
        hung = False
        try:
            process.wait(patience + settle.PATIENCE)
        except subprocess.TimeoutExpired:
            hung = True
        finally:
            process.terminate()
            process.wait()
    seconds = time.monotonic() - began
    with open(report, encoding="ascii") as pipe:
        how, left = (f"no end in {patience:.0f} s", 0) if hung else _ended(pipe.read())
    texts = [
        (folder / name).read_bytes().decode("utf-8", "backslashreplace") for name in ("stdout", "stderr")
    ]
    return End(how, left, texts[0], texts[1], seconds)
