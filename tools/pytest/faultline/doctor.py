"""`faultline doctor`: what is ready on this machine, and what it takes to get the rest ready."""

from __future__ import annotations

import dataclasses
import importlib.util
import os
import platform
import shutil
import subprocess
from pathlib import Path
from typing import Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from . import cells
from .catalogue import read
from .errors import EXIT_MISSING, EXIT_PASSED, FaultlineError, MissingError
from .targets import Cmd, Kit, Ssh, Toolbox, offered

# Programs that a run needs, and the arguments that make them say their version.
_TOOLS = (
    ("bazel", "--version", "apt-get install bazel-bootstrap"),
    ("clang-19", "--version", "apt-get install clang-19"),
    ("ld.lld-19", "--version", "apt-get install lld-19"),
)

_MODULES = (
    ("pytest", "python3-pytest"),
    ("xdist", "python3-pytest-xdist"),
    ("rich", "python3-rich"),
    ("markdown_it", "python3-markdown-it"),
    ("jinja2", "python3-jinja2"),
    ("jsonschema", "python3-jsonschema"),
)


@dataclasses.dataclass(frozen=True)
class Finding:
    """One line of the table. What is not needed may be missing: it is made when it is used."""

    what: str
    ready: bool
    says: str
    needed: bool = True


def _tool(name: str, argument: str, remedy: str) -> Finding:
    path = shutil.which(name)
    if not path:
        return Finding(name, False, remedy)
    try:
        done = subprocess.run([path, argument], capture_output=True, text=True, timeout=60, check=False)
        said = (done.stdout or done.stderr).strip().splitlines()
    except (OSError, subprocess.TimeoutExpired) as error:
        return Finding(name, False, f"{path} does not run: {error}")
    return Finding(name, done.returncode == 0, said[0] if said else path)


def _namespaces() -> Finding:
    what = "PID namespaces"
    try:
        # The jail's first choice as root, and its second for others.
        options = ["--pid", "--fork"] if os.geteuid() == 0 else ["--user", "--pid", "--fork"]
        done = subprocess.run(["unshare", *options, "true"], capture_output=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        return Finding(what, False, f"cannot be tried: {error}", needed=False)
    if done.returncode == 0:
        return Finding(what, True, "the jail uses them")
    return Finding(what, False, "not allowed here: the jail falls back to a process group", needed=False)


def _ptrace() -> Finding:
    try:
        scope = Path("/proc/sys/kernel/yama/ptrace_scope").read_text(encoding="ascii").strip()
    except OSError:
        return Finding("ptrace", True, "no Yama: a process may trace its children")
    if scope == "3":
        return Finding("ptrace", False, "kernel.yama.ptrace_scope is 3: nobody may trace until the next boot")
    return Finding("ptrace", True, f"kernel.yama.ptrace_scope is {scope}: a process may trace its children")


def _ssh() -> Finding:
    what = f"OS-ARCH@{Ssh.form()}"
    path = shutil.which("ssh")
    if not path:
        return Finding(what, False, "ssh is not here; it takes apt-get install openssh-client", needed=False)
    return Finding(
        what, True, f"{path}; try a machine: faultline doctor --target linux-amd64@ssh:HOST", False
    )


def _kit() -> Finding:
    what = f"OS-ARCH@{Kit.form()}"
    return Finding(
        what, True, "no driver there: faultline kit, and report --import of what it brings back", False
    )


def _cmd() -> Finding:
    what = f"OS-ARCH@{Cmd.form()}"
    return Finding(what, True, "any command that runs a program: linux-amd64@cmd:'myemu {}'", False)


def _target(name: str) -> Finding:
    state = cells.availability(name)
    says = state.reason if state.ready else f"{state.reason}; it takes {state.remedy}"
    return Finding(name, state.ready, says, needed=False)


def findings(root: Path, asked: Sequence[str] = ()) -> list[Finding]:
    """Everything that doctor looks at, the targets of the catalogue and those asked for last."""
    found = [Finding("kernel", True, f"{platform.system()} {platform.release()}, {platform.machine()}")]
    found += [_tool(*tool) for tool in _TOOLS]
    for module, package in _MODULES:
        there = importlib.util.find_spec(module) is not None
        found.append(Finding(f"python: {module}", there, "there" if there else f"apt-get install {package}"))
    toolbox = Toolbox(root / "bazel-bin")
    for name, path, label in (
        ("jail", toolbox.jail, "//tools/jail"),
        ("inject", toolbox.inject, "//kernel:inject"),
        ("model", toolbox.model, "//kernel/model"),
    ):
        built = os.access(path, os.X_OK)
        found.append(
            Finding(name, built, "built" if built else f"bazel build {label} (run does it)", needed=False)
        )
    found += [_namespaces(), _ptrace()]
    try:
        catalogue = read(root)
    except FaultlineError as error:
        found.append(Finding("catalogue", False, str(error)))
        return found
    ports = {port for bug in catalogue.bugs for port in bug.ports}
    beside = [name for name in offered() if name.split("@")[0] in ports]
    found += [_target(name) for name in dict.fromkeys([*catalogue.targets(), *beside, *asked])]
    found += [_cmd(), _ssh(), _kit()]
    return found


def fix(root: Path) -> None:
    """Installs what every command, and every target here, needs. Raises MissingError."""
    for stage in ("run", "targets"):
        if subprocess.run([str(root / "setup/install"), stage], check=False).returncode != 0:
            raise MissingError(f"setup/install {stage} did not do all of its work; its words stand above")


def examine(console: Console, root: Path, asked: Sequence[str] = ()) -> int:
    """Prints the table; the exit code says whether `run` can work here, also on the targets asked for."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for column in ("what", "state", ""):
        table.add_column(column, header_style="bold", overflow="fold")
    found = findings(root, asked)
    for finding in found:
        if finding.ready:
            state = Text("ready", style="green")
        else:
            state = Text(
                "missing" if finding.needed else "not ready", style="red" if finding.needed else "yellow"
            )
        table.add_row(finding.what, state, finding.says)
    console.print(table)
    missing = [
        finding.what for finding in found if not finding.ready and (finding.needed or finding.what in asked)
    ]
    if missing:
        console.print(Text(f"missing: {', '.join(missing)}", style="bold red"))
        return EXIT_MISSING
    return EXIT_PASSED
