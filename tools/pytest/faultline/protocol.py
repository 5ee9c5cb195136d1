"""The lines that a program prints on fd 1: one event a line, a word and key=value after it.

    start bug=wait4-restart variant=syscall case=pair target=linux-amd64 …
    control ok=1
    progress attempts=100 opportunities=31 hits=0
    hit what=wait4 want=1234 got=-14 at=repro/wait4-restart/wait4_restart.cc:88
    note text=…
    end attempts=… opportunities=… hits=…

Values hold no blanks: a blank is written %20, a percent sign %25.
"""

from __future__ import annotations

import dataclasses
import re
from typing import Mapping

EVENTS = ("start", "control", "progress", "hit", "note", "end")

_FIELD = re.compile(r"([A-Za-z0-9_.-]+)=(\S*)")


@dataclasses.dataclass(frozen=True)
class Event:
    """One line that a program meant for the driver."""

    word: str
    fields: Mapping[str, str]

    def number(self, name: str) -> int:
        """A field as a number; 0 when it is missing or no number."""
        try:
            return int(self.fields.get(name, "0"))
        except ValueError:
            return 0

    def text(self) -> str:
        """The fields in words, for people."""
        return " ".join(f"{name}={value}" for name, value in self.fields.items())


def unescape(value: str) -> str:
    """A value as it was before it was written."""
    return re.sub(r"%([0-9A-Fa-f]{2})", lambda match: chr(int(match[1], 16)), value)


def parse(line: str) -> Event | None:
    """The event in a line, or None: other lines are kept as evidence and mean nothing."""
    words = line.split()
    if not words or words[0] not in EVENTS:
        return None
    fields = {}
    for word in words[1:]:
        match = _FIELD.fullmatch(word)
        if not match:
            return None
        fields[match[1]] = unescape(match[2])
    return Event(words[0], fields)
