"""Targets: their names, whether they can run, and the commands they make."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from conftest import FAULTED, NATIVE, Repository
from faultline import targets
from faultline.errors import MissingError, UsageError
from faultline.targets import Recording, Toolbox

SEVERAL = "linux-386@native+signal.sibling+restart.fast-return,mode=handlerless"


@pytest.mark.parametrize("name", [NATIVE, FAULTED, SEVERAL])
def test_a_name_survives(name: str) -> None:
    assert targets.parse(name).name == name


def test_the_parts_of_a_name() -> None:
    target = targets.parse(SEVERAL)
    assert (target.port, target.where) == ("linux-386", "native")
    assert target.faults == ("signal.sibling", "restart.fast-return,mode=handlerless")


@pytest.mark.parametrize(
    "name", ["", "linux", "linux-amd64", "linux-amd64@", "linux-amd64@native++x", "@native"]
)
def test_no_target(name: str) -> None:
    with pytest.raises(UsageError, match="is not a target"):
        targets.parse(name)


def test_a_plain_target_runs_the_program_itself() -> None:
    target = targets.parse(NATIVE)
    assert not target.traced
    assert target.command(Toolbox(Path("/b")), Path("/p"), ["--case", "x"], 7, None) == ["/p", "--case", "x"]


def test_faults_and_recordings_go_through_the_tracer() -> None:
    toolbox = Toolbox(Path("/b"))
    recording = Recording(Path("/e/f"), Path("/e/p"))
    assert targets.parse(SEVERAL).command(toolbox, Path("/p"), ["--list"], 7, None) == [
        "/b/kernel/inject",
        *("--fault", "signal.sibling", "--fault", "restart.fast-return,mode=handlerless"),
        *("--seed", "7", "--", "/p", "--list"),
    ]
    assert targets.parse(NATIVE).command(toolbox, Path("/p"), [], 7, recording) == [
        *("/b/kernel/inject", "--seed", "7", "--log", "/e/f", "--postmortem", "/e/p", "--", "/p"),
    ]


def test_programs_have_the_names_that_bazel_gives_them() -> None:
    toolbox = Toolbox(Path("/b"))
    program = toolbox.program("bug", "variant", "linux-386", True, "trust-m")
    assert program == Path("/b/repro/bug/bug.variant.linux-386.hosted.with-trust-m")
    assert toolbox.program("bug", "variant", "linux-386", False) == Path("/b/repro/bug/bug.variant.linux-386")


@pytest.mark.skipif(os.uname().machine != "x86_64", reason="asks about this machine")
def test_what_this_machine_can_run(monkeypatch: pytest.MonkeyPatch) -> None:
    assert targets.parse(NATIVE).availability().ready
    assert not targets.parse("linux-arm64@native").availability().ready
    assert "runs Linux" in targets.parse("freebsd-amd64@native").availability().reason
    monkeypatch.setattr(targets.native, "runs_386", lambda: False)
    state = targets.parse("linux-386@native").availability()
    assert not state.ready and "refuses 386" in state.reason and "CONFIG_IA32_EMULATION" in state.remedy


def test_the_386_probe_tells_a_program_from_rubbish(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where 386 programs run at all, the probe fails once its program is none."""
    targets.native.runs_386.cache_clear()
    works = targets.native.runs_386()
    monkeypatch.setattr(targets.native, "EXIT_0_386", b"\x7fELF rubbish")
    targets.native.runs_386.cache_clear()
    assert not targets.native.runs_386()
    targets.native.runs_386.cache_clear()
    if os.path.exists("/lib/ld-linux.so.2"):
        assert works


def test_missing_tools_are_named(repository: Repository) -> None:
    toolbox = Toolbox(repository.bin)
    targets.parse(FAULTED).prepare(toolbox)
    toolbox.inject.unlink()
    targets.parse(NATIVE).prepare(toolbox)
    with pytest.raises(MissingError, match="kernel/inject is not there"):
        targets.parse(FAULTED).prepare(toolbox)
    toolbox.jail.unlink()
    with pytest.raises(MissingError, match="tools/jail/jail is not there"):
        targets.parse(NATIVE).prepare(toolbox)


def test_a_new_place_is_one_class() -> None:
    class Nowhere(targets.Native):
        """A place for this test."""

        where = "nowhere"

    try:
        assert isinstance(targets.parse("linux-amd64@nowhere"), Nowhere)
    finally:
        del targets.Target._kinds["nowhere"]
