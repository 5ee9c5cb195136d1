"""What every kind of place where a program can run has in common, and the names of targets."""

from __future__ import annotations

import abc
import dataclasses
import os
import re
import shlex
from pathlib import Path
from typing import Any, ClassVar, Mapping, Sequence

from ..errors import MissingError, UsageError, unknown
from ..far import Channel

OSES = ("linux", "freebsd", "netbsd", "openbsd", "darwin", "windows")
ARCHES = ("amd64", "386", "arm64", "arm", "riscv64")

_SYNTAX = re.compile(r"^(?P<os>[a-z]+)-(?P<arch>[a-z0-9]+)@(?P<place>[a-z].*)$", re.DOTALL)


@dataclasses.dataclass(frozen=True)
class Availability:
    """Whether a target can be used here; if not, why and what would help."""

    ready: bool
    reason: str
    remedy: str = ""
    # What uname says at a place with a kernel that is not this machine's: system, release, version, machine.
    machine: Mapping[str, Any] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class Toolbox:
    """The tree that holds what Bazel built: bazel-bin, or the runfiles of a test."""

    root: Path

    @property
    def jail(self) -> Path:
        """The launcher that leaves nothing behind."""
        return self.root / "tools/jail/jail"

    @property
    def inject(self) -> Path:
        """The kernel tracer."""
        return self.root / "kernel/inject"

    @property
    def model(self) -> Path:
        """The models of other systems' kernels."""
        return self.root / "kernel/model/model"

    def program(self, bug: str, variant: str, port: str, hosted: bool, defect: str = "") -> Path:
        """The program of one variant for one os-arch; `defect` is one put into the default runtime."""
        name = f"{bug}.{variant}.{port}{'.hosted' if hosted else ''}{'.with-' + defect if defect else ''}"
        return self.root / "repro" / bug / name


@dataclasses.dataclass(frozen=True)
class Recording:
    """Files for what the tracer has to say about a run; both may stay unwritten."""

    faults: Path
    postmortem: Path


class Target(abc.ABC):
    """One place where programs run. Subclasses say how; the runner does it.

    A kind of place that needs a parameter has in `sign` what stands between its name and that:
    model-9.1, ssh:HOST.
    """

    where: ClassVar[str] = ""
    sign: ClassVar[str] = ""
    parameter_name: ClassVar[str] = ""
    # "model": what runs there says nothing about the system's real kernel.
    kernel: ClassVar[str] = "real"
    # Whether a kernel's lies (+FAULT) can be told there.
    takes_faults: ClassVar[bool] = False
    # Whether a second run there can be traced for a postmortem.
    can_trace: ClassVar[bool] = False
    # Whether the parameter may hold anything, a + as well.
    verbatim: ClassVar[bool] = False
    # Whether a run there costs many times what it costs at home: then cases are sampled less (see conductor.Scale), and
    # a process that runs cells there runs all of that target's, for which it prepares once.
    costly: ClassVar[bool] = False
    # Whether there is such a place without a parameter too.
    bare: ClassVar[bool] = False
    # The os-arch pairs for which `--target all` tries the kind beside the catalogue's targets.
    offered: ClassVar[tuple[str, ...]] = ()
    # Whether a program that died of signal N ends there like one that exited with 128 + N, as in a shell.
    signals_are_exits: ClassVar[bool] = False
    # What it says there of the signal's number, where it may itself end in some other way; the number is group 1.
    signal_words: ClassVar[str] = ""
    # What the place itself says on fd 2 of a program that died of a signal, as a regular expression.
    own_words: ClassVar[str] = ""
    # What the place says on fd 2 of a program that died as others die of a signal -> that signal's name.
    deaths: ClassVar[Mapping[str, str]] = {}
    _kinds: ClassVar[dict[str, type[Target]]] = {}

    def __init__(self, os_name: str, arch: str, faults: Sequence[str] = (), parameter: str = "") -> None:
        self.os_name = os_name
        self.arch = arch
        self.faults = tuple(faults)
        self.parameter = parameter

    def __init_subclass__(cls) -> None:
        if cls.where:
            Target._kinds[cls.where] = cls

    @classmethod
    def kinds(cls) -> dict[str, type[Target]]:
        """Every kind of place, by its name."""
        return dict(Target._kinds)

    @classmethod
    def form(cls) -> str:
        """How the kind is written: native, ssh:HOST."""
        parameter = f"{cls.sign}{cls.parameter_name}"
        return f"{cls.where}[{parameter}]" if cls.bare else f"{cls.where}{parameter}"

    @classmethod
    def check_parameter(cls, parameter: str) -> None:
        """Raises UsageError when `parameter` cannot be one."""

    @property
    def port(self) -> str:
        """os-arch: which build of a program runs here."""
        return f"{self.os_name}-{self.arch}"

    @property
    def place(self) -> str:
        """What stands behind the @, without faults."""
        return f"{self.where}{self.sign}{self.parameter}" if self.parameter else self.where

    @property
    def name(self) -> str:
        """The whole target, as it is written everywhere."""
        return f"{self.port}@{self.place}" + "".join("+" + fault for fault in self.faults)

    @property
    def traced(self) -> bool:
        """Whether programs run under a tracer here in any case, which writes a log and a postmortem."""
        return bool(self.faults)

    @property
    def channel(self) -> Channel | None:
        """What a far side reports through, where the program does not run on this machine."""
        return None

    @abc.abstractmethod
    def availability(self) -> Availability:
        """Whether this machine can run it. Cheap: called for every target of the catalogue."""

    def tools(self, toolbox: Toolbox) -> dict[Path, str]:
        """What has to be built to run programs here, each with its label."""
        tools = {toolbox.jail: "//tools/jail"}
        if self.faults:
            tools[toolbox.inject] = "//kernel:inject"
        return tools

    def prepare(self, toolbox: Toolbox) -> None:
        """Makes what every run needs (images, roots, connections); cached. Raises MissingError."""
        for tool, label in self.tools(toolbox).items():
            if not os.access(tool, os.X_OK):
                raise MissingError(f"{tool} is not there. Build it: bazel build {label}")

    def bring(self, toolbox: Toolbox, program: Path) -> None:
        """Takes a program to where it runs; cached. Raises MissingError."""

    @abc.abstractmethod
    def command(
        self,
        toolbox: Toolbox,
        program: Path,
        arguments: Sequence[str],
        seed: int,
        recording: Recording | None,
    ) -> list[str]:
        """The command that runs `program` here, below the jail.

        With a recording the tracer writes its log and a postmortem into it, also where no fault is told.
        """

    def again(self, toolbox: Toolbox, program: Path, arguments: Sequence[str], seed: int) -> str:
        """The shell command by which people run it once more."""
        return shlex.join(self.command(toolbox, program, arguments, seed, None))

    def diagnose(self, toolbox: Toolbox, pids: Sequence[int], folder: Path) -> list[Path]:
        """Writes what the live processes of a hung run stand in, before they are killed; the files made."""
        return []

    def settle(self, toolbox: Toolbox) -> None:
        """Ends what a run that was cut short may have left outside the jail."""

    def clean_up(self) -> None:
        """Takes away what `prepare` and the runs left outside the jail."""


def parse(text: str) -> Target:
    """The target that `text` names. Raises UsageError."""
    match = _SYNTAX.match(text)
    if not match:
        raise _no_target(text)
    if match["os"] not in OSES:
        raise unknown("operating system", match["os"], OSES)
    if match["arch"] not in ARCHES:
        raise unknown("architecture", match["arch"], ARCHES)
    kind, parameter, faults = _kind(match["place"])
    if not all(faults):
        raise _no_target(text)
    if faults and not kind.takes_faults:
        raise UsageError(
            f"{text}: no faults can be told at {kind.form()}; a fault needs OS-ARCH@native+FAULT"
        )
    return kind(match["os"], match["arch"], faults, parameter)


def _no_target(text: str) -> UsageError:
    return UsageError(
        f"'{text}' is not a target. A target is OS-ARCH@WHERE[+FAULT[,key=value…]]…, "
        "for example linux-amd64@native+restart.fast-return,mode=any"
    )


def _kind(place: str) -> tuple[type[Target], str, list[str]]:
    """The kind of a place, its parameter, and the faults told there."""
    where, *faults = place.split("+")
    for kind in Target.kinds().values():
        if not kind.sign or kind.bare:
            if where == kind.where:
                return kind, "", faults
            if not kind.sign:
                continue
        name, sign, parameter = (place if kind.verbatim else where).partition(kind.sign)
        if name == kind.where and sign and parameter:
            kind.check_parameter(parameter)
            return kind, parameter, [] if kind.verbatim else faults
    raise unknown("kind of target", where, [kind.form() for kind in Target.kinds().values()])


def offered() -> list[str]:
    """The targets that no bug lists and `--target all` tries all the same."""
    return [f"{port}@{kind.where}" for kind in Target.kinds().values() for port in kind.offered]


def stand_in(port: str, release: str, declared: Sequence[str]) -> str:
    """The target whose expectations hold for a real kernel of that release.

    Where the catalogue declares a model of the release (9.1 of 9.1-RELEASE-p3, else 9) they are the model's;
    else those of a healthy kernel, os-arch@native.
    """
    match = re.match(r"(\d+)(?:\.(\d+))?", release)
    if match:
        for version in (f"{match[1]}.{match[2]}", match[1]):
            name = f"{port}@model-{version}"
            if name in declared:
                return name
    return f"{port}@native"
