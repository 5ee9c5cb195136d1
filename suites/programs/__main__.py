"""Real programs under the tracer: with no lie told they must not notice; with one, they show what it does to them.

  ci/programs                              both
  ci/programs --only 'stress-ng*' --seconds 1
  ci/programs --fault restart.fast-return,nth=1000000000 --fault handler.mask,nth=1000000000

Without --fault, each program runs untraced and traced: results, exit status and what it leaves behind must be the
same. Then each known symptom must show (kernel/README.md, "What real runtimes show"). With --fault, the traced runs
have these rules, which must never fire, and the symptoms are left out.

Exit: 0 all as it must be; 1 something was not (what it printed is kept); 2 the call was wrong; 3 something needed is
missing; 130 interrupted.
"""

from __future__ import annotations

import argparse
import dataclasses
import difflib
import fnmatch
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Iterable, Sequence

from faultline import build
from faultline.errors import (
    EXIT_FAILED,
    EXIT_INTERRUPTED,
    EXIT_PASSED,
    FaultlineError,
    MissingError,
    UsageError,
)
from rich.console import Console
from rich.table import Table

from . import symptoms, table
from .run import End, environment, run

ROOT = Path(__file__).resolve().parent.parent.parent
DIFFERENCES = 20  # lines that are shown of each


class Bench:
    """The tools, the folders and the words that commands are made of."""

    def __init__(self, tools: Path, work: Path, seconds: int, faults: Sequence[str]) -> None:
        self.jail = tools / "tools/jail/jail"
        self.inject = tools / "kernel/inject"
        self.work = work
        self.seconds = seconds
        self.faults = list(faults)
        for tool in (self.jail, self.inject):
            if not os.access(tool, os.X_OK):
                raise MissingError(f"{tool} is not there: bazel build //kernel:inject //tools/jail")

    def words(self, template: Iterable[str]) -> list[str]:
        """A command of the tables with its words filled in."""
        places = {"work": self.work, "sources": table.SOURCES, "seconds": self.seconds}
        return [word if word == table.TRACED else word.format(**places) for word in template]

    def tracer(self, log: Path, faults: Sequence[str]) -> list[str]:
        """The words before a program that is traced."""
        rules = [word for fault in faults for word in ("--fault", fault)]
        return [str(self.inject), "--log", str(log), *rules, "--"]

    def build(self, command: Sequence[str]) -> None:
        """Makes a program from its source."""
        home = self.work / "build"
        caches = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "faultline"
        home.mkdir(exist_ok=True)
        done = subprocess.run(
            self.words(command),
            cwd=home,
            env={**environment(home), "CGO_ENABLED": "0", "GOCACHE": str(caches / "go")},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
        )
        if done.returncode != 0:
            raise MissingError(f"cannot build: {' '.join(command)}\n{done.stdout.decode('utf-8', 'replace')}")

    def run(self, program: table.Program, name: str, prefix: Sequence[str]) -> End:
        """Runs a program with these words before it."""
        command = self.words(program.command)
        at = command.index(table.TRACED) if table.TRACED in command else 0
        command[at : at + (table.TRACED in command)] = prefix
        folder = self.work / program.name.replace("/", "-").replace(" ", "-") / name
        end = run(self.jail, command, folder, program.cwd or self.work, program.given, program.patience)
        # The tracer stays as long as anything that it traces.
        return dataclasses.replace(end, left=end.left - 1) if prefix and end.left else end


def lies(log: Path) -> int:
    """How many were told and not taken back. A log begins with a line on the run, which is none."""
    lines = [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []
    return sum(-1 if line.get("withdrawn") else 1 for line in lines if "fault" in line)


def compare(bench: Bench, program: table.Program) -> tuple[str, End, End, str]:
    """Both runs, and what is wrong with them or "". First: how much was the same."""
    if program.build:
        bench.build(program.build)
    log = bench.work / "lies"
    log.unlink(missing_ok=True)
    untraced = bench.run(program, "untraced", [])
    traced = bench.run(program, "traced", bench.tracer(log, bench.faults))
    wanted, got = (program.relevant(end.out, end.err) for end in (untraced, traced))
    amount = f"{len(wanted.splitlines())} lines"
    if untraced.how != program.ends:
        return (
            amount,
            untraced,
            traced,
            f"untraced, it should have ended with {program.ends}:\n{untraced.err[-2000:]}",
        )
    if not wanted.strip():
        return amount, untraced, traced, "untraced, it said nothing that could be compared"
    if told := lies(log):
        return amount, untraced, traced, f"{told} lies were told: rules that fire show nothing here"
    if (untraced.how, untraced.left, wanted) == (traced.how, traced.left, got):
        return amount, untraced, traced, ""
    difference = list(
        difflib.unified_diff(wanted.splitlines(), got.splitlines(), "untraced", "traced", n=1, lineterm="")
    )
    return (
        amount,
        untraced,
        traced,
        "\n".join([f"untraced {untraced}, traced {traced}", *difference[:DIFFERENCES]]),
    )


def compare_all(bench: Bench, programs: Sequence[table.Program], console: Console) -> int:
    """The first half. Returns how many programs noticed something."""
    shown = Table(box=None, pad_edge=False)
    for heading in ("program", "ends with", "compared", "untraced s", "traced s", ""):
        shown.add_column(heading, justify="right" if heading.endswith(" s") else "left", no_wrap=True)
    wrong = []
    for number, program in enumerate(programs, 1):
        console.print(f"[{number}/{len(programs)}] {program.name}", markup=False, highlight=False)
        amount, untraced, traced, problem = compare(bench, program)
        word = "[red]DIFFERS[/]" if problem else "[green]alike[/]"
        shown.add_row(
            program.name, str(untraced), amount, f"{untraced.seconds:.1f}", f"{traced.seconds:.1f}", word
        )
        if problem:
            wrong.append(f"{program.name}: {problem}")
            console.print(wrong[-1], markup=False, highlight=False)
    console.print(shown)
    return len(wrong)


def show_all(bench: Bench, chosen: Sequence[symptoms.Symptom], console: Console) -> int:
    """The second half. Returns how many symptoms did not show."""
    shown = Table(box=None, pad_edge=False)
    for heading in ("fault", "program", "ends with", "lies", "s", ""):
        shown.add_column(heading, no_wrap=heading != "fault")
    page = (ROOT / "kernel/README.md").read_text(encoding="utf-8")
    wrong = 0
    built = set()
    for number, symptom in enumerate(chosen, 1):
        program = symptom.program
        console.print(f"[{number}/{len(chosen)}] {symptom}", markup=False, highlight=False)
        if program.build and program.name not in built:
            bench.build(program.build)
        # Without the lie first: what follows is then the lie's doing.
        problem = ""
        if program.name not in built:
            control = bench.run(program, "control", [])
            if control.how != program.ends:
                problem = f"without a fault, it ended with {control.how}:\n{control.out}{control.err}"
        built.add(program.name)
        log = bench.work / f"lies-{number}"
        end = bench.run(program, f"fault-{number}", bench.tracer(log, [symptom.fault]))
        told = lies(log)
        problem = problem or symptom.missing(end, told)
        if symptom.row() not in page:
            problem = problem or f"kernel/README.md lacks its row:\n{symptom.row()}"
        word = "[red]NOT SEEN[/]" if problem else "[green]seen[/]"
        shown.add_row(symptom.fault, program.name, end.how, str(told), f"{end.seconds:.1f}", word)
        if problem:
            wrong += 1
            console.print(f"{symptom}: {problem}", markup=False, highlight=False)
    console.print(shown)
    return wrong


def need(programs: Iterable[table.Program]) -> None:
    """Raises MissingError if something is not there, naming the package that brings it."""
    absent = {
        f"{path} is not there: package {table.PACKAGES[path]}"
        for program in programs
        for path in program.needs
        if not Path(path).exists()
    }
    if absent:
        raise MissingError("; ".join(sorted(absent)) + " (setup/install programs installs what is missing)")


def chosen_by(patterns: Sequence[str], names: Iterable[str]) -> set[str]:
    """The names that match any pattern; all without one. Raises UsageError for a pattern that matches none."""
    names = list(names)
    for pattern in patterns:
        if not fnmatch.filter(names, pattern):
            raise UsageError(f"no program is called '{pattern}'; ci/programs --list names all")
    return {
        name for name in names if not patterns or any(fnmatch.fnmatchcase(name, each) for each in patterns)
    }


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="ci/programs", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--fault",
        action="append",
        default=[],
        metavar="FAULT",
        help="a rule of inject that never fires; may be repeated",
    )
    parser.add_argument(
        "--only",
        action="append",
        default=[],
        metavar="PATTERN",
        help="programs whose names match; may be repeated",
    )
    parser.add_argument("--seconds", type=int, default=10, metavar="N", help="of each stressor (default: 10)")
    parser.add_argument("--list", action="store_true", help="name all programs and symptoms")
    parser.add_argument("--rows", action="store_true", help="print the symptoms as kernel/README.md has them")
    parser.add_argument("--bin", type=Path, metavar="DIR", help="where inject and the jail are built already")
    options = parser.parse_args(arguments)
    if options.seconds < 1:
        parser.error("--seconds must be 1 or more")
    return options


def work(options: argparse.Namespace, folder: Path) -> int:
    """Does what was asked, in `folder`; returns how much was wrong."""
    console = Console(width=None if sys.stdout.isatty() else 120)
    if options.list:
        for program in table.PROGRAMS:
            console.print(program.name, markup=False, highlight=False)
        for symptom in symptoms.SYMPTOMS:
            console.print(str(symptom), markup=False, highlight=False)
        return 0
    if options.rows:
        print("\n".join(symptom.row() for symptom in symptoms.SYMPTOMS))
        return 0
    names = chosen_by(
        options.only,
        [each.name for each in table.PROGRAMS] + [each.program.name for each in symptoms.SYMPTOMS],
    )
    programs = [each for each in table.PROGRAMS if each.name in names]
    shown = [each for each in symptoms.SYMPTOMS if each.program.name in names and not options.fault]
    need([*programs, *(each.program for each in shown)])
    tools = options.bin
    if tools is None:
        build.build(ROOT, build.TOOLS)
        tools = ROOT / "bazel-bin"
    bench = Bench(tools.resolve(), folder, options.seconds, options.fault)
    began = time.monotonic()
    wrong = compare_all(bench, programs, console) if programs else 0
    unseen = show_all(bench, shown, console) if shown else 0
    console.print(
        f"{len(programs)} programs, {len(programs) - wrong} alike; {len(shown)} symptoms, {len(shown) - unseen} seen; "
        f"{time.monotonic() - began:.0f} s",
        highlight=False,
    )
    return wrong + unseen


def main(arguments: Sequence[str]) -> int:
    """The command; returns its exit status."""
    options = parse(arguments)
    folder = Path(tempfile.mkdtemp(prefix="faultline-programs."))
    folder.chmod(0o755)  # some tests go on as another user
    keep = False
    try:
        keep = work(options, folder) > 0
    except FaultlineError as error:
        print(f"ci/programs: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print("ci/programs: interrupted", file=sys.stderr)
        return EXIT_INTERRUPTED
    finally:
        if not keep:
            shutil.rmtree(folder, ignore_errors=True)
    if keep:
        print(f"ci/programs: what they printed is in {folder}", file=sys.stderr)
    return EXIT_FAILED if keep else EXIT_PASSED


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
