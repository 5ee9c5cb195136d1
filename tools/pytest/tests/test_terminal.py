"""What a person sees who sits at a terminal."""

from __future__ import annotations

import re

import pytest
from conftest import Repository, environment

pexpect = pytest.importorskip("pexpect")


def spawn(repository: Repository, *arguments: str, width: int = 150) -> "pexpect.spawn[str]":
    command, *rest = repository.command(
        "run", "--no-build", "--quick", "--out", str(repository.out), *arguments
    )
    return pexpect.spawn(
        command,
        rest,
        cwd=str(repository.root),
        env=environment(TERM="xterm-256color", LC_ALL="C.UTF-8"),
        dimensions=(40, width),
        encoding="utf-8",
        timeout=30,
    )


def test_colours_progress_and_matrix(repository: Repository) -> None:
    terminal = spawn(repository)
    terminal.expect_exact("[1/7]")
    terminal.expect("7 cells: 7 passed, 0 failed")
    terminal.expect(pexpect.EOF)
    terminal.close()
    assert terminal.exitstatus == 0


def test_the_live_line_shows_what_runs_and_goes_away(repository: Repository) -> None:
    terminal = spawn(repository)
    said = terminal.read()
    terminal.close()
    assert "\x1b[35mreproduced" in said and "\x1b[32mclean" in said
    assert re.search(r"foreign \w+/self on linux-amd64@native", said)
    assert "\x1b[?25l" in said and said.rindex("\x1b[?25h") > said.rindex("\x1b[?25l")


def test_ctrl_c_at_the_terminal(slow: Repository) -> None:
    terminal = spawn(slow)
    terminal.expect_exact("[4/7]")
    terminal.expect("b-endless trusting/self")
    terminal.sendcontrol("c")
    terminal.expect("interrupted: 4 of 7 cells ran; their results are in out/results.json")
    terminal.expect(pexpect.EOF)
    terminal.close()
    assert terminal.exitstatus == 130
