"""A machine where a kit ran: nothing runs there now, its results are read."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Sequence

from ..errors import MissingError, UsageError
from .base import Availability, Recording, Target, Toolbox

# A host's name, with a user before it for ssh. It is also a word of commands: it cannot begin with a dash.
HOST = r"[A-Za-z0-9_\[][A-Za-z0-9_.@:%\[\]-]*"


class Kit(Target):
    """What the programs of `faultline kit` did on the machine of that name."""

    where = "kit"
    sign = ":"
    parameter_name = "MACHINE"

    @classmethod
    def check_parameter(cls, parameter: str) -> None:
        if not re.fullmatch(HOST, parameter):
            raise UsageError(f"'{parameter}' is not the name of a machine")

    def availability(self) -> Availability:
        return Availability(
            False,
            "a kit runs where no driver is",
            "faultline kit, its run.sh there, and faultline report --import of what that brings back",
        )

    def command(
        self,
        toolbox: Toolbox,
        program: Path,
        arguments: Sequence[str],
        seed: int,
        recording: Recording | None,
    ) -> list[str]:
        raise MissingError(f"{self.name} cannot run here: {self.availability().reason}")
