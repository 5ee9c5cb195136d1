"""The target wine, by fakes: a loader that runs scripts, and a server that notes what it is asked."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from conftest import Repository, script
from faultline import runner, targets
from faultline.targets import Toolbox, wine

pytestmark = pytest.mark.skipif(os.uname().machine != "x86_64", reason="it is used on x86-64")

NAME = "windows-amd64@wine"

# Notes the prefix that it was given, and what lies in it.
LOADER = """[ "$1" != --version ] || { echo wine-1.2; exit 0; }
ls "$WINEPREFIX/drive_c/windows/system32" >"${0%/*}/seen"; echo "$WINEPREFIX" >>"${0%/*}/prefixes"
"$@" """


@pytest.fixture(name="place")
def fake_wine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that looks like Wine's."""
    place = tmp_path / "usr" / "bin"
    script(place / "wine64", LOADER)
    script(place / "wineserver", 'echo "$1 $WINEPREFIX" >>"${0%/*}/asked"')
    libraries = tmp_path / "usr" / wine.LIBRARIES["amd64"][1]
    libraries.mkdir(parents=True)
    (libraries / "kernel32.dll").touch()
    monkeypatch.setattr(wine, "FOLDERS", (str(place),))
    monkeypatch.setattr(wine, "ROOTS", (str(tmp_path / "usr"),))
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    wine._version.cache_clear()
    return place


def run(repository: Repository, tmp_path: Path, body: str) -> tuple[runner.Observation, targets.Target]:
    """Runs a program there, as a run does."""
    target = targets.parse(NAME)
    program = tmp_path / "program"
    script(program, body)
    target._scratch = tmp_path / "scratch"  # type: ignore[attr-defined]
    (tmp_path / "scratch").mkdir()
    command = target.command(Toolbox(tmp_path), program, ["--a b"], 1, None)
    order = runner.Order(
        repository.bin / "tools/jail/jail",
        command,
        1,
        5,
        signals_are_exits=target.signals_are_exits,
        own_words=target.own_words,
        deaths=target.deaths,
    )
    return runner.run(order), target


def test_availability(place: Path) -> None:
    state = targets.parse(NAME).availability()
    assert state.ready and "wine-1.2" in state.reason
    state = targets.parse("linux-amd64@wine").availability()
    assert not state.ready and "windows-amd64" in state.reason
    (place / "wine64").unlink()
    state = targets.parse(NAME).availability()
    assert not state.ready and "apt-get install wine64" in state.remedy


def test_each_run_has_a_prefix_that_goes(repository: Repository, place: Path, tmp_path: Path) -> None:
    seen, target = run(repository, tmp_path, 'echo "[$1]"; exit 7')
    assert (seen.exit_code, seen.stdout) == (7, "[--a b]\n"), seen
    assert (place / "seen").read_text(encoding="utf-8") == "kernel32.dll\n"
    prefix = (place / "prefixes").read_text(encoding="utf-8").strip()
    assert (place / "asked").read_text(encoding="utf-8") == f"-k {prefix}\n-w {prefix}\n"
    assert not list((tmp_path / "scratch").iterdir())
    target.clean_up()
    assert not (tmp_path / "scratch").exists()


@pytest.mark.parametrize("status", [0, 3])
def test_an_exception_that_nobody_handled_is_a_signal(
    repository: Repository, place: Path, tmp_path: Path, status: int
) -> None:
    said = (
        "wine: Unhandled exception 0x80000003 in thread 24 at address 1 (thread 0024), starting debugger..."
    )
    seen, _ = run(repository, tmp_path, f"echo '{said}' >&2; exit {status}")
    assert (seen.signal, seen.exit_code, seen.stderr) == ("SIGTRAP", None, "")
    assert seen.aside == said + "\n"


def test_words_of_the_program_are_its_own(repository: Repository, place: Path, tmp_path: Path) -> None:
    seen, _ = run(repository, tmp_path, "echo 'runtime: signal received' >&2; exit 2")
    assert (seen.signal, seen.exit_code, seen.stderr) == ("", 2, "runtime: signal received\n")
