"""A model of another system's kernel: one release of it, as far as this project has it as data."""

from __future__ import annotations

import ast
import functools
import platform
import re
from pathlib import Path
from typing import Sequence

from ..errors import MissingError, UsageError
from .base import Availability, Recording, Target, Toolbox
from .native import runs_386, snapshots


@functools.cache
def systems() -> tuple[str, ...]:
    """The systems that //kernel/model has: those of bazel/ports.bzl whose model is exercised. Which releases of them
    it knows it says itself."""
    table = Path(__file__).parents[4] / "bazel/ports.bzl"
    for node in ast.parse(table.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and [ast.unparse(name) for name in node.targets] == ["OSES"]:
            return tuple(name for name, of in ast.literal_eval(node.value).items() if "exercised_on" in of)
    raise MissingError(f"{table} does not say OSES")


class Model(Target):
    """//kernel/model on this machine. Whatever runs there, it says nothing certain about the real kernel."""

    where = "model"
    sign = "-"
    parameter_name = "RELEASE"
    kernel = "model"

    @classmethod
    def check_parameter(cls, parameter: str) -> None:
        if not re.fullmatch(r"\d+(\.\d+)?", parameter):
            raise UsageError(f"'{parameter}' is not a release of a model, for example model-9.1 or model-13")

    @property
    def traced(self) -> bool:
        return True

    @property
    def system(self) -> str:
        """What is modelled, as the model is told it: freebsd-9.1."""
        return f"{self.os_name}-{self.parameter}"

    def tools(self, toolbox: Toolbox) -> dict[Path, str]:
        return {toolbox.jail: "//tools/jail", toolbox.model: "//kernel/model"}

    def availability(self) -> Availability:
        if self.os_name not in systems():
            return Availability(
                False,
                f"there is no model of {self.os_name}",
                f"a model: there is one of {', '.join(systems())}",
            )
        host = f"{platform.system()} {platform.release()}, {platform.machine()}"
        if (
            platform.system() != "Linux"
            or platform.machine() != "x86_64"
            or self.arch not in ("amd64", "386")
        ):
            return Availability(
                False,
                f"the model of {self.os_name} runs amd64 and 386 programs on Linux on x86_64; this is {host}",
                "such a machine",
            )
        if self.arch == "386" and not runs_386():
            return Availability(
                False, "this kernel refuses 386 programs", "a kernel with CONFIG_IA32_EMULATION"
            )
        return Availability(True, f"a model of {self.os_name} {self.parameter} on {host}")

    def command(
        self,
        toolbox: Toolbox,
        program: Path,
        arguments: Sequence[str],
        seed: int,
        recording: Recording | None,
    ) -> list[str]:
        # Hostile: the losing interleaving wherever the real kernel could take it, so that a cell is soon decided.
        model = [str(toolbox.model), "--system", self.system, "--schedule", "hostile", "--seed", str(seed)]
        if recording is not None:
            model += ["--log", str(recording.faults), "--postmortem", str(recording.postmortem)]
        return [*model, "--", str(program), *arguments]

    def diagnose(self, toolbox: Toolbox, pids: Sequence[int], folder: Path) -> list[Path]:
        return snapshots(toolbox, pids, folder)
