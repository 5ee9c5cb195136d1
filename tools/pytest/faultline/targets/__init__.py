"""Where a program can run: one small class per kind of place, a module each.

A target is written `os-arch@where`, with the faults that its kernel gets after it:
`linux-amd64@native+restart.fast-return,mode=any`. A new kind of place is one subclass of
`Target` with a `where`, imported here; the registry finds it by that name.
"""

from __future__ import annotations

from .base import ARCHES, OSES, Availability, Recording, Target, Toolbox, offered, parse, stand_in
from .elsewhere import Kit
from .emulators import Gvisor, QemuUser, Valgrind
from .model import Model
from .native import Native
from .ssh import MACHINES, Ssh, machine_facts
from .through import Cmd, Through
from .uml import Uml
from .vm import Vm
from .wine import Wine

__all__ = [
    "ARCHES",
    "OSES",
    "Availability",
    "Cmd",
    "Gvisor",
    "Kit",
    "MACHINES",
    "Model",
    "Native",
    "QemuUser",
    "Recording",
    "Ssh",
    "Target",
    "Through",
    "Toolbox",
    "Uml",
    "Valgrind",
    "Vm",
    "Wine",
    "machine_facts",
    "offered",
    "parse",
    "stand_in",
]
