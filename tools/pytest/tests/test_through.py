"""Targets behind something: any command, emulators and sandboxes; here as fakes, and as they are where installed."""

from __future__ import annotations

import os
import shlex
import shutil
from pathlib import Path
from typing import Any

import pytest
from conftest import (
    GOOD_KERNEL,
    GOOD_RUNTIME,
    KERNEL_BUG,
    NATIVE,
    RUNTIME_BUG,
    Repository,
    programs_below,
    script,
    with_names_of_their_own,
)
from faultline import cells, runner, targets
from faultline.catalogue import read
from faultline.cells import Selection
from faultline.errors import MissingError, UsageError
from faultline.targets import Availability, Toolbox, probe, through
from test_conductor import cell_of, conductor_of, first
from test_run import wait_for

pytestmark = pytest.mark.skipif(os.uname().machine != "x86_64", reason="runs programs for x86-64")

PROGRAM = Path("/b/a program")


@pytest.fixture(autouse=True)
def fresh() -> None:
    """Each test asks anew what there is."""
    through._ask.cache_clear()
    through.version_of.cache_clear()


def between(template: str, program: Path = PROGRAM) -> list[str]:
    """The command that a template makes of a program."""
    target = targets.parse(f"linux-amd64@cmd:{template}")
    return target.command(Toolbox(Path("/b")), program, ["--case", "a'b"], 7, None)


# What a template means.


@pytest.mark.parametrize(
    "template,command",
    [
        ("/e/emu {}", ["/e/emu", "/b/a program", "--case", "a'b"]),
        ("/e/emu --cpu 'a b' {} end", ["/e/emu", "--cpu", "a b", "/b/a program", "--case", "a'b", "end"]),
        ("/e/emu --args={}", ["/e/emu", "--args='/b/a program' --case 'a'\"'\"'b'"]),
        ("/e/g++ +1 {}", ["/e/g++", "+1", "/b/a program", "--case", "a'b"]),
        ("/e/a@b:c {}", ["/e/a@b:c", "/b/a program", "--case", "a'b"]),
    ],
)
def test_a_template(template: str, command: list[str]) -> None:
    assert between(template) == command
    assert targets.parse(f"linux-amd64@cmd:{template}").name == f"linux-amd64@cmd:{template}"


def test_no_path_is_searched_for_a_program() -> None:
    assert between("/e/emu {}", Path("program"))[1] == "./program"


def test_within_a_word_a_shell_reads_the_same(tmp_path: Path) -> None:
    shown = tmp_path / "show it"
    script(shown, 'printf "%s|" "$@"')
    made = between("sh -c 'exec {}'", shown)
    assert made[0] == shutil.which("sh")
    done = through.run_to_end(made, 30)
    assert done.stdout == b"--case|a'b|"


@pytest.mark.parametrize(
    "template,said",
    [
        ("myemu", "needs a {}"),
        ("myemu '{}", "cannot be split into words: No closing quotation"),
        ("myemu {", "needs a {}"),
    ],
)
def test_no_template(template: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        targets.parse(f"linux-amd64@cmd:{template}")


# Whether it works is tried.


def test_availability(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script(tmp_path / "emu", 'exec "$@"')
    script(tmp_path / "deaf", '"$@"; exit 0')
    script(tmp_path / "mute", '"$@" >/dev/null')
    script(tmp_path / "angry", 'echo "no such CPU" >&2; exit 9')
    script(tmp_path / "slow", "sleep 600 & echo $! >$0.pid; wait")

    def asked(command: str, port: str = "linux-amd64") -> Availability:
        return targets.parse(f"{port}@cmd:{tmp_path}/{command} {{}}").availability()

    state = asked("emu")
    assert state.ready and state.machine["release"] == os.uname().release
    assert state.reason.endswith(f"through {tmp_path}/emu")
    assert "exited with 0 instead of 42" in asked("deaf").reason
    assert not asked("mute").ready
    assert asked("angry").reason.endswith("exited with 9 instead of 42: no such CPU")
    assert "there is no" in asked("nothing").reason
    # There is nothing so small for other systems.
    assert asked("emu", "freebsd-amd64").reason.endswith("untried")
    monkeypatch.setattr(through, "PROBE_SECONDS", 0.5)
    assert "did not end within 0.5 s" in asked("slow").reason
    assert wait_for(lambda: not Path(f"/proc/{(tmp_path / 'slow.pid').read_text().strip()}").exists())


def test_386_programs_say_where_they_are_too() -> None:
    if not targets.native.runs_386():
        pytest.skip("this kernel runs no 386 programs")
    state = targets.parse("linux-386@cmd:{}").availability()
    assert state.ready and state.machine["release"] == os.uname().release


def test_what_is_no_introduction() -> None:
    assert probe.introduction(b"Linux") == {} and probe.introduction(bytes(391)) == {}


# Cells.


def add(repository: Repository, **behaviours: str) -> Repository:
    """Both bugs, with programs that keep their own names."""
    repository.add("foreign", RUNTIME_BUG, {**GOOD_RUNTIME, **behaviours})
    repository.add("lost-argument", KERNEL_BUG, GOOD_KERNEL)
    return with_names_of_their_own(repository)


def emulator(repository: Repository, words: str) -> str:
    """The target behind a fake emulator that does as `words` say."""
    path = repository.root / "an emulator"
    script(path, words)
    return f"linux-amd64@cmd:{shlex.quote(str(path))} --cpu=max {{}}"


# As emulators and sandboxes do: the signal comes back as a shell's status.
STATUS = '[ "$1" = --cpu=max ] || exit 1; shift; "$@"; exit $?'


def test_the_same_verdicts_as_native(empty: Repository) -> None:
    add(empty)
    target = emulator(empty, STATUS)
    native = empty.cells("--quick", "--target", NATIVE, code=0)
    behind = empty.cells("--quick", "--target", target, code=0)
    assert [case["verdict"] for cell in behind for case in cell["cases"]] == [
        case["verdict"] for cell in native for case in cell["cases"]
    ]
    assert {cell["target"] for cell in behind} == {target} and {cell["judged_as"] for cell in behind} == {
        NATIVE
    }
    for cell in behind:
        for path in cell["evidence"]:
            assert (empty.out / path).is_file()
    assert "died of SIGSEGV" in behind[0]["cases"][0]["symptom"]


def conduct(repository: Repository, variant: str, target: str) -> Any:
    one = conductor_of(repository)
    try:
        return one.conduct(cell_of(repository, "foreign", variant, target))
    finally:
        one.clean_up()


def test_a_place_that_fails_is_broken(empty: Repository) -> None:
    add(empty)
    result = conduct(empty, "whole", emulator(empty, 'echo "no such CPU" >&2; exit 1'))
    assert result.verdict == "broken" and 'before its first line, fd 2: "no such CPU"' in first(result).reason


def test_a_hang_is_described_and_ended(empty: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "silence_limit", lambda: 1.0)
    add(empty, whole="by-case:self=sleep;key=clean")
    result = conduct(empty, "whole", emulator(empty, STATUS))
    assert result.verdict == "hang" and "it sleeps" in first(result).symptom
    (path,) = [path for path in first(result).evidence if path.endswith("processes.txt")]
    said = (empty.out / path).read_text()
    assert "an emulator" in said and "foreign.whole.linux-amd64" in said
    assert not programs_below(empty.root)


def test_two_templates_have_two_folders(empty: Repository) -> None:
    add(empty)
    names = ["linux-amd64@cmd:a b {}", "linux-amd64@cmd:a_b {}", f"linux-amd64@cmd:{'x' * 300} {{}}", NATIVE]
    bug = read(empty.root).bugs[0]
    slugs = [cells.make(bug, "whole", name, judged_as=NATIVE).slug for name in names]
    assert len(set(slugs)) == len(names) and max(map(len, slugs)) < 120
    assert slugs[-1] == "foreign/whole/linux-amd64_native"


# Which targets a selection means.


class Elsewhere(targets.Cmd):
    """A kind for this test: beside the catalogue's targets."""

    where = "elsewhere"
    sign = ""
    verbatim = False
    offered = ("linux-amd64", "linux-arm64")


@pytest.fixture(name="kinds", autouse=True)
def only_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """The kind is known, and no other beside the catalogue's, in the process of the test."""
    known = {name: kind for name, kind in targets.Target._kinds.items() if not kind.offered}
    monkeypatch.setattr(targets.Target, "_kinds", {**known, "elsewhere": Elsewhere})


del targets.Target._kinds["elsewhere"]


def chosen(repository: Repository, *wanted: str, ready: bool = True) -> list[str]:
    def here(name: str) -> Availability:
        return Availability(ready or not name.endswith("elsewhere"), "so it is")

    plan = cells.select(read(repository.root), Selection(targets=wanted), here)
    return sorted({cell.target.split("@")[1] for cell in plan.cells})


FAULTED = "native+restart.fast-return,mode=any"


def test_what_stands_beside_the_catalogue_has_to_be_asked_for(repository: Repository) -> None:
    assert (
        chosen(repository) == chosen(repository, "*") == chosen(repository, "linux-*") == ["native", FAULTED]
    )
    assert chosen(repository, "all") == ["elsewhere", "native", FAULTED]
    assert chosen(repository, "elsewhere") == chosen(repository, "linux-*@elsewhere") == ["elsewhere"]
    assert chosen(repository, "native") == ["native"]
    assert chosen(repository, "native", "linux-amd64@elsewhere") == ["elsewhere", "native"]


def test_what_is_not_ready_is_left_out_of_all(repository: Repository) -> None:
    assert chosen(repository, "all", ready=False) == ["native", FAULTED]
    for wanted in ("elsewhere", "linux-amd64@elsewhere"):
        with pytest.raises(MissingError, match="so it is"):
            chosen(repository, wanted, ready=False)


def test_doctor_knows_the_kinds(repository: Repository) -> None:
    done = repository.run("doctor", "--target", "linux-amd64@cmd:/no/such/emu {}")
    assert "OS-ARCH@cmd:TEMPLATE" in done.stdout and "there is no /no/such/emu here" in done.stdout
    assert done.returncode == 3


def test_doctor_has_it_installed(repository: Repository) -> None:
    script(repository.root / "setup/install", 'echo "installing $*"; [ "$1" = run ]')
    done = repository.run("doctor", "--fix")
    assert done.returncode == 3 and "installing run\ninstalling targets\n" in done.stdout
    assert "setup/install targets did not do all" in done.stderr


# What the place says of a death.


@pytest.mark.parametrize(
    "words",
    [
        "Segmentation fault",
        "Segmentation fault (core dumped)",
        "emu: line 3: 24492 Trace/breakpoint trap   (core dumped) myemu prog --case x",
        "qemu: uncaught target signal 11 (Segmentation fault) - core dumped",
    ],
)
def test_an_obituary_is_no_word_of_the_program(empty: Repository, words: str) -> None:
    add(empty)
    target = emulator(
        empty, f"shift; \"$@\" 2>/dev/null; s=$?; [ $s -lt 128 ] || echo '{words}' >&2; exit $s"
    )
    cell = conduct(empty, "trusting", target)
    assert (cell.verdict, cell.passed) == ("reproduced", True)
    (path,) = [path for path in first(cell).evidence if path.endswith("aside.txt")]
    assert (empty.out / path).read_text() == f"{words}\n"


def test_a_program_that_talks_has_its_own_words(empty: Repository) -> None:
    add(empty, trusting="die-talking")
    cell = conduct(empty, "trusting", emulator(empty, STATUS))
    assert cell.verdict == "crash" and 'fd 2: "fatal error"' in first(cell).symptom
