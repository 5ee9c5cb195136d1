"""Every alarm of ci/programs is seen to go off: tracers that change something, and symptoms that do not show."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path

import pytest
from faultline.errors import MissingError, UsageError
from programs import __main__ as command
from programs import symptoms, table
from rich.console import Console

TREE = Path.cwd()
# What a tracer is given before the program's own words: as in Bench.tracer.
HONEST = """log=$2; while [ "$1" != -- ]; do shift; done; shift
lie() { echo '{"fault":"restart.eintr","rule":1,"n":1'"$1"'}' >>"$log"; }
echo '{"log":"faultline.log/1","seed":1}' >"$log"
"""
PROGRAM = table.Program(
    "speaker", ("/bin/sh", "-c", "cat; echo two >&2; exit 3"), (), table.everything, "exit 3"
)


def bench(folder: Path, tracer: str) -> command.Bench:
    """With the real jail, and this shell script for a tracer."""
    tools = folder / "tools"
    (tools / "tools").mkdir(parents=True)
    (tools / "tools/jail").symlink_to(TREE / "tools/jail")
    inject = tools / "kernel/inject"
    inject.parent.mkdir()
    inject.write_text(f"#!/bin/sh\n{HONEST}{tracer}\n")
    inject.chmod(0o755)
    work = folder / "work"
    work.mkdir()
    return command.Bench(tools, work, 1, [])


def given(text: bytes) -> table.Program:
    """The program with this on its standard input."""
    return dataclasses.replace(PROGRAM, given=text)


def test_alike(tmp_path: Path) -> None:
    amount, untraced, traced, problem = command.compare(bench(tmp_path, 'exec "$@"'), given(b"one\n"))
    assert problem == ""
    assert (amount, untraced.how, traced.how, traced.out, traced.err) == (
        "2 lines",
        "exit 3",
        "exit 3",
        "one\n",
        "two\n",
    )


@pytest.mark.parametrize(
    "tracer,said",
    [
        ('"$@"; exit 4', "traced exit 4"),
        ('"$@"; kill -TERM $$', "traced SIGTERM"),
        ('exec "$@" </dev/null', "-one"),
        ('echo more; exec "$@"', "+more"),
        ('"$@"; code=$?; setsid sleep 1000 >&- 2>&- & setsid sleep 1000 >&- 2>&- & exit 3', "left 1"),
        ('lie; exec "$@"', "1 lies were told"),
        ('lie; lie; lie ,\\"withdrawn\\":true; exec "$@"', "1 lies were told"),
        ("exec sleep 1000", "traced no end in 1 s"),
    ],
)
def test_differences_are_seen(tmp_path: Path, tracer: str, said: str) -> None:
    program = dataclasses.replace(given(b"one\n"), patience=1)
    assert said in command.compare(bench(tmp_path, tracer), program)[3]


def test_a_program_that_fails_untraced_is_no_comparison(tmp_path: Path) -> None:
    work = bench(tmp_path, 'exec "$@"')
    assert (
        "should have ended with exit 0"
        in command.compare(work, dataclasses.replace(PROGRAM, ends="exit 0"))[3]
    )


def test_silence_is_no_comparison(tmp_path: Path) -> None:
    program = dataclasses.replace(PROGRAM, relevant=lambda out, err: "\n")
    assert "nothing that could be compared" in command.compare(bench(tmp_path, 'exec "$@"'), program)[3]


def test_a_left_process_is_counted_without_the_tracer(tmp_path: Path) -> None:
    # The stand-in for a tracer that goes on for what the program left.
    stays = 'setsid sleep 1000 >&- 2>&- & exec "$@"'
    left = dataclasses.replace(
        PROGRAM, command=("/bin/sh", "-c", "sleep 1000 >&- 2>&- & exit 3"), relevant=lambda *_: "x"
    )
    _, untraced, traced, problem = command.compare(bench(tmp_path, stays), left)
    assert (untraced.left, traced.left, problem) == (1, 1, "")


@pytest.mark.parametrize(
    "tracer,wrong",
    [
        ("lie; echo lost; exit 5", 0),
        ("echo lost; exit 5", 1),
        ("lie; echo lost; exit 6", 1),
        ("lie; echo found; exit 5", 1),
    ],
)
def test_a_symptom_has_to_show(
    tmp_path: Path, tracer: str, wrong: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    symptom = symptoms.Symptom("restart.eintr", PROGRAM, "exit 5", "^lost$", "it is lost")
    monkeypatch.setattr(command, "ROOT", tmp_path)
    (tmp_path / "kernel").mkdir()
    page = tmp_path / "kernel/README.md"
    page.write_text(symptom.row())
    work = bench(tmp_path / "bench", tracer)
    assert command.show_all(work, [symptom], Console(quiet=True)) == wrong
    if wrong == 0:
        page.write_text("another page")
        assert command.show_all(bench(tmp_path / "again", tracer), [symptom], Console(quiet=True)) == 1


def test_the_page_has_every_symptom() -> None:
    page = (TREE / "kernel/README.md").read_text(encoding="utf-8")
    assert [symptom.row() for symptom in symptoms.SYMPTOMS if symptom.row() not in page] == []


def test_what_is_absent_is_named_with_its_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(table.PACKAGES, "/no/such/program", "such-package")
    program = dataclasses.replace(PROGRAM, needs=("/no/such/program",))
    with pytest.raises(MissingError, match="/no/such/program is not there: package such-package"):
        command.need([program])
    with pytest.raises(MissingError, match="jail is not there: bazel build"):
        command.Bench(Path("/no/such/folder"), Path(os.devnull), 1, [])


def test_a_pattern_that_matches_nothing_is_a_mistake() -> None:
    with pytest.raises(UsageError, match="no program is called 'jva"):
        command.chosen_by(["jva*"], ["Java: threads"])


def test_what_counts_as_a_result() -> None:
    said = "test_a (test.x.Y.test_a) ... ok\ntest_b (test.x.Y.test_b) ... noise\nFAIL\nRan 2 tests in 1.5s\nFAILED\n"
    assert table.verdicts_of_python("", said).splitlines() == [
        "test_a (test.x.Y.test_a)",
        "... ok",
        "test_b (test.x.Y.test_b)",
        "FAIL",
        "Ran 2 tests",
        "FAILED",
    ]
    assert (
        table.verdicts_of_go("--- PASS: B (0.1s)\n--- FAIL: A (0.2s)\nFAIL\n", "")
        == "--- FAIL: A\n--- PASS: B\nFAIL"
    )
    assert table.findings_of_stress_ng(
        "", "stress-ng: fail:  [12] fork: lost\nstress-ng: metrc: [12] fork 5\n"
    ) == ("fail: fork: lost")


def test_what_load_does_is_no_difference() -> None:
    too_slow = "skipped 'timeout: likely cause: machine too slow or load too high'"
    for result, counts in (("ok", "OK"), (too_slow, "OK (skipped=1)")):
        said = f"test_a (test.x.Y.test_a) ... {result}\nRan 1 tests in 1s\n{counts}\n"
        assert table.verdicts_of_python("", said) == "test_a (test.x.Y.test_a)\n... ok\nRan 1 tests\nOK"
    assert "skipped 'no root'" in table.verdicts_of_python(
        "", "test_a (test.x.Y.test_a) ... skipped 'no root'\n"
    )
    assert "--- FAIL: A/part" in table.verdicts_of_go("--- FAIL: A\n    --- FAIL: A/part\n", "")
