"""Programs for BSDs that other people built, on the models of their kernels: they do what their builds for here do.

  ci/foreign                              each job once, natural and hostile schedule
  ci/foreign --repeat 20 --only esbuild   each job with 20 seeds
  ci/foreign --system netbsd-7            on another release
  ci/foreign --fetch                      only bring the programs

The programs come from the npm registry, at pinned versions and checked against pinned hashes; they are kept in
~/.cache/faultline/foreign and are no part of this repository. Each job runs in a fresh folder, once natively with the
build for here, then on the model with the build for its system: what it prints, its exit status and all that it leaves in
the folder must be the same, byte for byte, and the model must have nothing to say.

Exit: 0 all alike; 1 something differed; 2 the call was wrong; 3 something needed is missing; 130 interrupted.
"""

from __future__ import annotations

import argparse
import base64
import dataclasses
import fnmatch
import hashlib
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tarfile
import tempfile
import time
from pathlib import Path
from typing import Sequence

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

from . import table

ROOT = Path(__file__).resolve().parent.parent.parent
MODEL = "kernel/model/model"
PATIENCE = 60  # seconds, after which a run is hung
SHOWN = 600  # characters of a difference
SCHEDULES = ("natural", "hostile")
SYSTEMS = ("freebsd-13", "netbsd-8")


# ---- Where they come from ---------------------------------------------------------------------------------------------


def cache() -> Path:
    """Where fetched programs are kept."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "faultline/foreign"


def _pack(package: table.Package, folder: Path) -> Path:
    npm = shutil.which("npm")
    if not npm:
        raise MissingError("npm is not there: it brings the programs (package npm)")
    name = f"{package.name}@{package.version}"
    done = subprocess.run(
        [npm, "pack", "--silent", "--ignore-scripts", name],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        check=False,
    )
    archives = list(folder.glob("*.tgz"))
    if done.returncode != 0 or len(archives) != 1:
        raise MissingError(f"npm cannot fetch {name}: {done.stderr.decode('utf-8', 'replace').strip()}")
    return archives[0]


def integrity(data: bytes) -> str:
    """The hash of an archive, as lock files spell it."""
    return "sha512-" + base64.b64encode(hashlib.sha512(data).digest()).decode()


def fetch(package: table.Package, kept: Path) -> Path:
    """The package's program, fetched unless it is there. Raises MissingError."""
    place = kept / package.name.replace("/", "+") / package.version
    program = place / Path(package.program).name
    if program.exists():
        return program
    place.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=place.parent) as name:
        folder = Path(name)
        archive = _pack(package, folder)
        found = integrity(archive.read_bytes())
        if found != package.integrity:
            raise MissingError(
                f"{package.name}@{package.version} is another one than was pinned: {found}, not {package.integrity}"
            )
        ready = folder / "ready"
        ready.mkdir()
        with tarfile.open(archive) as members:
            member = members.extractfile(package.program)
            if member is None:
                raise MissingError(f"{package.name}@{package.version} holds no {package.program}")
            (ready / program.name).write_bytes(member.read())
        (ready / program.name).chmod(0o755)
        try:
            ready.rename(place)
        except OSError:
            if not program.exists():  # else somebody else was faster
                raise
    return program


def kind(system: str) -> str:
    """A system's name without its release."""
    return system.rpartition("-")[0]


# ---- Running ----------------------------------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class End:
    """How a job ended, and all that it said and left."""

    how: str
    out: bytes
    err: bytes
    left: dict[str, bytes]
    seconds: float


def _left(folder: Path) -> dict[str, bytes]:
    """Everything in a folder: modes and contents."""
    found = {}
    for path in sorted(folder.rglob("*")):
        if path.is_symlink():
            content = b"-> " + os.fsencode(os.readlink(path))
        else:
            content = path.read_bytes() if path.is_file() else b""
        found[str(path.relative_to(folder))] = f"{path.lstat().st_mode:o}:".encode() + content
    return found


def run(job: table.Job, command: Sequence[str], folder: Path) -> End:
    """Runs a job in a fresh `folder`, which is in the same place each time."""
    shutil.rmtree(folder, ignore_errors=True)
    for name, text in job.files.items():
        path = folder / "work" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    (folder / "work").mkdir(parents=True, exist_ok=True)
    home = folder / "home"
    home.mkdir()
    # Other programs would be of the wrong system: there are none.
    environment = {
        "PATH": "/nonexistent",
        "HOME": str(home),
        "TMPDIR": str(home),
        "LC_ALL": "C.UTF-8",
        "TERM": "dumb",
    }
    began = time.monotonic()
    with subprocess.Popen(
        [*command, *job.command],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=folder / "work",
        env=environment,
        start_new_session=True,
    ) as process:
        try:
            out, err = process.communicate(job.given, PATIENCE)
            how = (
                f"exit {process.returncode}"
                if process.returncode >= 0
                else signal.Signals(-process.returncode).name
            )
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            out, err = process.communicate()
            how = f"no end in {PATIENCE} s"
        except BaseException:
            os.killpg(process.pid, signal.SIGKILL)
            raise
    return End(how, out, err, _left(folder / "work"), time.monotonic() - began)


def difference(job: table.Job, native: End, foreign: End) -> str:
    """What is not the same, in words; "" if all is."""
    if native.how != f"exit {job.ends}":
        return f"natively it ended with {native.how}, not with exit {job.ends}: {native.err[:SHOWN]!r}"
    if foreign.how != native.how:
        return f"on the model {foreign.how}, natively {native.how}: {(foreign.err or foreign.out)[:SHOWN]!r}"
    if foreign.err != native.err:
        return f"standard error: {foreign.err[:SHOWN]!r}, natively {native.err[:SHOWN]!r}"
    if job.relevant(foreign.out) != job.relevant(native.out):
        return f"standard output: {foreign.out[:SHOWN]!r}, natively {native.out[:SHOWN]!r}"
    for name in sorted({*native.left, *foreign.left}):
        one, other = foreign.left.get(name), native.left.get(name)
        if one != other:
            return f"the file {name}: {(one or b'not there')[:SHOWN]!r}, natively {(other or b'not there')[:SHOWN]!r}"
    return ""


def check(
    options: argparse.Namespace,
    program: table.Program,
    system: str,
    model: Path,
    folder: Path,
    console: Console,
    shown: Table,
) -> int:
    """Runs the program's jobs on `system`; returns in how many runs something differed."""
    package = program.foreign[kind(system)]
    native_program, foreign_program = fetch(program.native, cache()), fetch(package, cache())
    wrong = 0
    for job in program.jobs:
        native = run(job, [str(native_program)], folder)
        said = len(job.relevant(native.out)) + len(native.err) if native.how == f"exit {job.ends}" else 0
        amount = said + sum(len(each) for name, each in native.left.items() if name not in job.files)
        times: list[float] = []
        problems: list[str] = []
        for schedule in options.schedule:
            for seed in range(1, options.repeat + 1):
                words = ["--system", system, "--schedule", schedule, "--seed", str(seed), "--"]
                foreign = run(job, [str(model), *words, str(foreign_program)], folder)
                times.append(foreign.seconds)
                if problem := difference(job, native, foreign):
                    problems.append(
                        f"{program.name} {job.name}, {system}, {schedule}, seed {seed}: {problem}"
                    )
        if not amount:
            problems.append(f"{program.name} {job.name}: natively it did nothing that could be compared")
        for problem in problems[:3]:
            console.print(problem, markup=False, highlight=False)
        wrong += len(problems)
        shown.add_row(
            f"{program.name} {package.version}",
            system,
            job.name,
            f"{amount}",
            f"{native.seconds:.2f}",
            f"{statistics.median(times):.2f}",
            f"{len(times)}",
            f"[red]{len(problems)} DIFFER[/]" if problems else "[green]alike[/]",
        )
    return wrong


# ---- The command ------------------------------------------------------------------------------------------------------


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="ci/foreign", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--only",
        action="append",
        default=[],
        metavar="PATTERN",
        help="programs whose names match; may be repeated",
    )
    parser.add_argument(
        "--repeat", type=int, default=1, metavar="N", help="seeds 1 to N of each (default: 1)"
    )
    parser.add_argument(
        "--schedule", action="append", choices=SCHEDULES, help="of the model; may be repeated (default: both)"
    )
    parser.add_argument(
        "--system",
        action="append",
        metavar="NAME",
        help=f"of the model; may be repeated (default: {', '.join(SYSTEMS)})",
    )
    parser.add_argument("--fetch", action="store_true", help="only fetch the programs")
    parser.add_argument("--list", action="store_true", help="name all programs, their builds and their jobs")
    parser.add_argument("--bin", type=Path, metavar="DIR", help="where the model is built already")
    options = parser.parse_args(arguments)
    options.schedule = options.schedule or list(SCHEDULES)
    options.system = options.system or list(SYSTEMS)
    if options.repeat < 1:
        parser.error("--repeat must be 1 or more")
    return options


def chosen_by(patterns: Sequence[str]) -> list[table.Program]:
    """The programs that match any pattern; all without one. Raises UsageError for a pattern that matches none."""
    names = [program.name for program in table.PROGRAMS]
    for pattern in patterns:
        if not fnmatch.filter(names, pattern):
            raise UsageError(f"no program is called '{pattern}'; there are {', '.join(names)}")
    return [
        program
        for program in table.PROGRAMS
        if not patterns or any(fnmatch.fnmatchcase(program.name, each) for each in patterns)
    ]


def work(options: argparse.Namespace, folder: Path) -> int:
    """Does what was asked, in `folder`; returns how much was wrong."""
    console = Console(width=None if sys.stdout.isatty() else 120)
    programs = chosen_by(options.only)
    if options.list:
        for program in programs:
            for package in (*program.foreign.values(), program.native):
                console.print(
                    f"{program.name}: {package.name}@{package.version}", markup=False, highlight=False
                )
            console.print(f"  {', '.join(job.name for job in program.jobs)}", markup=False, highlight=False)
        return 0
    if options.fetch:
        for program in programs:
            for package in (*program.foreign.values(), program.native):
                console.print(str(fetch(package, cache())), markup=False, highlight=False)
        return 0
    tools = options.bin
    if tools is None:
        build.build(ROOT, ["//kernel/model"])
        tools = ROOT / "bazel-bin"
    model = (tools / MODEL).resolve()
    if not os.access(model, os.X_OK):
        raise MissingError(f"{model} is not there: bazel build //kernel/model")
    shown = Table(box=None, pad_edge=False)
    for heading in ("program", "system", "job", "bytes", "native s", "model s", "runs", ""):
        shown.add_column(
            heading, justify="left" if heading in ("program", "system", "job", "") else "right", no_wrap=True
        )
    wrong = 0
    for system in options.system:
        # A program that was not built for it is not asked for.
        able = [program for program in programs if kind(system) in program.foreign]
        if not able:
            raise UsageError(f"none of {', '.join(each.name for each in programs)} was built for {system}")
        for program in able:
            wrong += check(options, program, system, model, folder / "job", console, shown)
    console.print(shown)
    return wrong


def main(arguments: Sequence[str]) -> int:
    """The command; returns its exit status."""
    options = parse(arguments)
    folder = Path(tempfile.mkdtemp(prefix="faultline-foreign."))
    try:
        return EXIT_FAILED if work(options, folder) else EXIT_PASSED
    except FaultlineError as error:
        print(f"ci/foreign: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print("ci/foreign: interrupted", file=sys.stderr)
        return EXIT_INTERRUPTED
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
