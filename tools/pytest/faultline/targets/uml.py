"""User-Mode Linux: a Linux kernel as a process."""

from __future__ import annotations

import platform
import shlex
import shutil
from pathlib import Path
from typing import Sequence

from ..far import SCRIPTS, script
from .base import Availability, Toolbox
from .guest import Guest
from .through import version_of

KERNEL = "linux.uml"


class Uml(Guest):
    """Debian's user-mode-linux. Its root is this machine's, for reading alone: programs need not be copied."""

    where = "uml"
    # UML on x86-64 is built without the 386 system calls.
    offered = ("linux-amd64",)

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
        assert self._scratch
        (self._scratch / "far.sh").write_text(script("supervise.sh", "far.sh"), encoding="utf-8")
        self._boot(toolbox)

    def kernel_command(self, toolbox: Toolbox, scratch: Path, lines: Sequence[int]) -> list[str]:
        out, err, looks, asks = lines
        serial = [f"ssl0=null,fd:{out}", f"ssl1=null,fd:{err}", f"ssl2=fd:{asks},fd:{looks}"]
        root = ["root=/dev/root", "rootfstype=hostfs", "rootflags=/", "ro", f"init={SCRIPTS / 'guest.sh'}"]
        own = [f"uml_dir={scratch}", f"faultline={scratch}", "mem=512M", "quiet"]
        return [
            shutil.which(KERNEL) or KERNEL,
            *own,
            *root,
            *("con0=fd:0,fd:1", "con=null", "ssl=null"),
            *serial,
        ]

    def in_guest(self, program: Path) -> str:
        return str(program.absolute())

    def again(self, toolbox: Toolbox, program: Path, arguments: Sequence[str], seed: int) -> str:
        inner = shlex.join([str(program.absolute()), *arguments])
        return (
            f"f=$(mktemp) && printf '#!/bin/sh\\n%s\\npoweroff -f\\n' {shlex.quote(inner)} >$f && chmod 755 $f && "
            f"{KERNEL} mem=512M root=/dev/root rootfstype=hostfs rootflags=/ ro init=$f con0=fd:0,fd:1 con=null"
        )
