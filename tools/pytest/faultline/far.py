"""What the far side of a connection says of a program that runs there: lines on fd 2 behind a token.

    TOKEN activity 130 1       hundredths of seconds of CPU time so far; whether a thread wants to run
    TOKEN exited 0 left 0      how it ended (or: killed SEGV), and how many processes had to be ended after it
    TOKEN failed why           it could not be started
"""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path
from typing import Callable

from .processes import Activity

SCRIPTS = Path(__file__).with_name("sh")


def script(*names: str) -> str:
    """Shell scripts of this package, one behind the other."""
    return "".join((SCRIPTS / name).read_text(encoding="utf-8") for name in names)


@dataclasses.dataclass(frozen=True)
class Channel:
    """Where a far side reports: the machine's name, and the token of its lines."""

    machine: str
    token: str


class Reports:
    """Takes the reports out of fd 2, and passes the program's own words on."""

    def __init__(self, channel: Channel, sink: Callable[[bytes], None]) -> None:
        self._channel = channel
        self._token = channel.token.encode() + b" "
        self._sink = sink
        self._partial = bytearray()
        self._activity: Activity | None = None
        self.ending = ""
        self.failed = ""
        self.left = 0

    def add(self, data: bytes) -> None:
        """Takes in the next bytes."""
        self._partial += data
        *lines, rest = self._partial.split(b"\n")
        self._partial = bytearray(rest)
        for line in lines:
            self._line(bytes(line) + b"\n")
        if len(self._partial) > 65536 and self._token not in self._partial:
            self._sink(bytes(self._partial))
            self._partial.clear()

    def close(self) -> None:
        """Passes on what came without an end of line."""
        self._sink(bytes(self._partial))
        self._partial.clear()

    def _line(self, line: bytes) -> None:
        # A report may stand behind a line that the program has not ended.
        said, token, report = line.partition(self._token)
        self._sink(said)
        if not token:
            return
        words = report.decode("utf-8", "replace").strip()
        activity = re.fullmatch(r"activity (\d+) ([01])", words)
        ending = re.fullmatch(r"((?:exited|killed) \S+) left (\d+)", words)
        if activity:
            self._activity = Activity(int(activity[1]) / 100, activity[2] == "1")
        elif ending:
            self.ending, self.left = ending[1], int(ending[2])
        else:
            self.failed = words.removeprefix("failed ")

    def look(self) -> Activity | None:
        """What the program did so far, when that was reported anew since the last look."""
        seen, self._activity = self._activity, None
        return seen
