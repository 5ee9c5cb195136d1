"""The command. Every failure that a user can cause ends in one message and a documented exit code."""

from __future__ import annotations

import argparse
import errno
import io
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Callable, NoReturn, Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from . import __version__, build, cells, results
from .catalogue import Bug, Catalogue, read
from .cells import Plan, Selection
from .conductor import SEEDS
from .errors import (
    EXIT_FAILED,
    EXIT_INTERRUPTED,
    EXIT_MISSING,
    EXIT_PASSED,
    EXIT_USAGE,
    STDOUT_PROBLEM,
    FaultlineError,
    MissingError,
    UsageError,
    unknown,
)
from .targets import Toolbox, parse

# Not resolved: in the tree of a Bazel test this file is a link, and the tree around the link counts.
REPOSITORY = Path(__file__).absolute().parents[3]

EXIT_CODES = """\
exit codes:
  0    every cell passed
  1    some cell did not do what is expected of it
  2    the command was wrong
  3    something that is needed is missing, or could not be built
  130  interrupted; the results so far are kept
"""

Command = Callable[[argparse.Namespace], int]


class _Parser(argparse.ArgumentParser):
    """argparse, with names that are near an unknown command's."""

    def error(self, message: str) -> NoReturn:
        print(f"{self.prog}: {message}", file=sys.stderr)
        print(f"See {self.prog} --help.", file=sys.stderr)
        sys.exit(EXIT_USAGE)


def _console(stderr: bool = False) -> Console:
    console = Console(stderr=stderr, highlight=False)
    if not console.is_terminal and "COLUMNS" not in os.environ:
        # A file or a CI log has no width of its own.
        console = Console(stderr=stderr, highlight=False, width=150)
    return console


def main(arguments: Sequence[str]) -> int:
    """Runs one command; its exit code."""
    for number in INTERRUPTS:
        # One that the caller has had ignored stays so.
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, _interrupt)
    for stream in (sys.stdout, sys.stderr):
        # A terminal that cannot show a letter shows another; it does not end the run.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    try:
        # Everything after `inject` is the tracer's own, --help included.
        if arguments and arguments[0] == "inject":
            return _inject(list(arguments[1:]))
        parser = _parser()
        options = parser.parse_args(list(arguments))
        if "run" not in options:
            parser.print_help()
            return EXIT_PASSED
        command: Command = options.run
        status = command(options)
        sys.stdout.flush()
        return status
    except FaultlineError as error:
        _complain(str(error))
        return error.exit_code
    except KeyboardInterrupt:
        _end_undisturbed()
        _complain("interrupted")
        return EXIT_INTERRUPTED
    except BrokenPipeError:
        # The reader had enough.
        _close_stdout()
        return EXIT_PASSED
    except OSError as error:
        _close_stdout()
        what = f"cannot use {error.filename}" if error.filename else "cannot write its output"
        _complain(f"{what}: {error.strerror or error}")
        return EXIT_MISSING


def _close_stdout() -> None:
    """Nothing more can be said there, not even what Python would say while it shuts down."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


INTERRUPTS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

# A second Ctrl-C within so many seconds is impatience; after that it is for a clean-up that does not end.
IMPATIENCE_SECONDS = 3.0

_interrupted_at: list[float] = []


def _interrupt(_number: int, _frame: Any) -> None:
    now = time.monotonic()
    if _interrupted_at and now < _interrupted_at[-1] + IMPATIENCE_SECONDS:
        return
    _interrupted_at.append(now)
    raise KeyboardInterrupt


def _end_undisturbed() -> None:
    """From here to the end of the process, which is near, no signal interrupts."""
    for number in INTERRUPTS:
        signal.signal(number, signal.SIG_IGN)


def _complain(message: str) -> None:
    try:
        print(f"faultline: {message}", file=sys.stderr, flush=True)
    except OSError:
        pass


# The command line.


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="faultline",
        description="Finds, reproduces and guards against bugs on the line between runtimes and kernels.",
        epilog="examples:\n"
        "  faultline run                           every bug on every target that can run here\n"
        "  faultline show foreign-signal           what the bug is\n"
        "  faultline inject --fault restart.fast-return -- ./my-program\n"
        "  faultline test                          the whole test suite\n\n"
        "./faultline first installs the packages that are missing; with --no-install, anywhere before a --,\n"
        "it only names them.\n\n" + EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"faultline {__version__}")
    parser.add_argument("--root", type=Path, default=REPOSITORY, help=argparse.SUPPRESS)
    commands = parser.add_subparsers(metavar="COMMAND", parser_class=_Parser)

    def add(name: str, run: Command, help_: str, examples: str, **more: Any) -> argparse.ArgumentParser:
        sub: argparse.ArgumentParser = commands.add_parser(
            name,
            help=help_,
            description=help_[0].upper() + help_[1:] + ".",
            epilog=f"examples:\n{examples}",
            formatter_class=argparse.RawDescriptionHelpFormatter,
            **more,
        )
        sub.set_defaults(run=run)
        return sub

    _add_run(add)
    sub = add(
        "cell",
        _cell,
        "run one cell alone (what each Bazel test of the catalogue does)",
        "  faultline cell foreign-signal needm linux-amd64@native\n",
    )
    sub.add_argument("bug")
    sub.add_argument("variant")
    sub.add_argument("target")
    _add_running(sub)
    sub = add(
        "list",
        _list,
        "list bugs, variants, targets and tags",
        "  faultline list\n  faultline list --json | python3 -m json.tool --compact\n",
    )
    sub.add_argument("--json", action="store_true", help="as JSON")
    sub = add("show", _show, "show a bug's page and its cells", "  faultline show wait4-restart\n")
    sub.add_argument("bug", metavar="BUG")
    add(
        "inject",
        _never,
        "run any program on a kernel that tells chosen lies (see inject --help)",
        "  faultline inject --list\n"
        "  faultline inject --fault restart.fast-return,mode=any -- ./my-program its arguments\n",
        add_help=False,
    )
    sub = add(
        "kit",
        _kit,
        "pack programs, catalogue and a shell script that runs them on other machines",
        "  faultline kit                                     every OS and arch\n"
        "  faultline kit --target 'freebsd-*' -o freebsd.tar.gz\n"
        "there:  tar xzf freebsd.tar.gz; cd faultline-kit; ./run.sh\n"
        "here:   faultline report --import faultline-result.tar.gz\n",
    )
    some: dict[str, Any] = {"nargs": "+", "action": "extend", "default": []}
    sub.add_argument("--target", metavar="GLOB", help="for these OS-ARCH (default: all)", **some)
    sub.add_argument("--bug", metavar="ID", help="with these bugs (default: all)", **some)
    sub.add_argument(
        "-o",
        dest="output",
        type=_path,
        default=Path("faultline-kit.tar.gz"),
        metavar="FILE",
        help="the archive (default: faultline-kit.tar.gz)",
    )
    sub.add_argument("--no-build", action="store_true", help="use what is built")
    sub.add_argument(
        "--bin",
        type=_path,
        metavar="DIR",
        help="where the built programs are (default: bazel-bin); implies --no-build",
    )
    sub = add(
        "report",
        _report,
        "make the views of a results.json again, or judge what a kit brought back",
        "  faultline report faultline-out\n"
        "  faultline report faultline-out/results.json --svg docs/matrix.svg\n"
        "  faultline report --import freebsd-9.tar.gz freebsd-13.tar.gz --out faultline-import\n\n"
        + EXIT_CODES,
    )
    sub.add_argument(
        "results",
        type=Path,
        nargs="?",
        metavar="RESULTS",
        help="a results.json, or the folder that has one",
    )
    sub.add_argument(
        "--import",
        dest="imports",
        type=_path,
        nargs="+",
        action="extend",
        default=[],
        metavar="FILE",
        help="judge these archives of a kit's run.sh",
    )
    sub.add_argument(
        "--out",
        type=_path,
        metavar="DIR",
        help="with --import: results and evidence (default: faultline-import)",
    )
    sub.add_argument(
        "--svg", type=_path, metavar="FILE", help="write the terminal's matrix as a picture instead"
    )
    sub = add(
        "compare",
        _compare,
        "compare two results.json: changed verdicts and rates",
        "  faultline compare before/results.json after/results.json\n\n"
        "exit codes: 0 no cell got worse, 1 some did, 2 a document cannot be read\n",
    )
    sub.add_argument("before", type=Path)
    sub.add_argument("after", type=Path)
    sub.add_argument("--json", action="store_true", help="as JSON")
    sub = add(
        "doctor",
        _doctor,
        "say what is ready here and what is missing",
        "  faultline doctor\n  faultline doctor --target freebsd-amd64@ssh:my-box    (asks that machine)\n"
        "  faultline doctor --fix                                (installs what every target here takes)\n",
    )
    sub.add_argument("--fix", action="store_true", help="first install what is missing (needs root)")
    sub.add_argument(
        "--target", metavar="T", nargs="+", action="extend", default=[], help="look at these targets, too"
    )
    sub = add(
        "new-bug",
        _new_bug,
        "start a new bug: one folder with three files, which builds and passes as it is",
        "  faultline new-bug getpid-lies\n  faultline run --bug getpid-lies\n",
    )
    sub.add_argument("id", metavar="ID")
    sub = add(
        "test",
        _test,
        "run the whole test suite (bazel test //...)",
        "  faultline test\n  faultline test //tools/...\n  faultline test //... -- --test_output=all\n",
    )
    sub.add_argument("patterns", nargs="*", metavar="TARGET", help="Bazel targets (default: //...)")
    return parser


def _add_run(add: Callable[..., argparse.ArgumentParser]) -> None:
    sub = add(
        "run",
        _run,
        "run bugs on targets and judge every cell",
        "  faultline run\n"
        "  faultline run --bug wait4-restart --target 'linux-amd64@*'\n"
        "  faultline run --bug wait4-restart --target 'freebsd-*@model-*'\n"
        "  faultline run --target freebsd-amd64@ssh:my-box          (over ssh, as ssh my-box works)\n"
        '  faultline run --target "linux-amd64@cmd:myemu {}"        (through any command)\n'
        "  faultline run --tag signal --quick --out /tmp/signals\n"
        "  faultline run --bug foreign-signal --defect trust-m      (has to go red)\n\n" + EXIT_CODES,
    )
    choose = sub.add_argument_group("what to run (patterns may hold *)")
    several: dict[str, Any] = {"nargs": "+", "action": "extend", "default": []}
    choose.add_argument("--bug", metavar="ID", help="these bugs", **several)
    choose.add_argument(
        "--target",
        metavar="T",
        help="these targets, a kind of them, or all: also those beside the catalogue's (see doctor)",
        **several,
    )
    choose.add_argument("--variant", metavar="V", help="these variants", **several)
    choose.add_argument("--tag", metavar="TAG", help="bugs with one of these tags", **several)
    sub.add_argument("--no-build", action="store_true", help="use what is built")
    sub.add_argument(
        "--jobs",
        type=int,
        metavar="N",
        help="cells at a time (default: 1; with targets that take long, for example emulators, one for each CPU)",
    )
    _add_running(sub)


def _add_running(sub: argparse.ArgumentParser) -> None:
    work = sub.add_mutually_exclusive_group()
    work.add_argument(
        "--quick",
        dest="scale",
        action="store_const",
        const="quick",
        help="less work: a clean verdict misses the bug with a chance below 1e-3",
    )
    work.add_argument(
        "--thorough",
        dest="scale",
        action="store_const",
        const="thorough",
        help="more work: below 1e-9 (default: 1e-6)",
    )
    sub.add_argument(
        "--defect",
        default="",
        metavar="NAME",
        help="put this defect into the default runtime: the run has to go red",
    )
    sub.add_argument("--seed", type=_seed, default=1, metavar="N", help="the first seed (default: 1)")
    sub.add_argument(
        "--out",
        type=_path,
        default=Path("faultline-out"),
        metavar="DIR",
        help="results and evidence (default: faultline-out)",
    )
    sub.add_argument(
        "--bin",
        type=_path,
        metavar="DIR",
        help="where the built programs are (default: bazel-bin); implies --no-build",
    )
    sub.set_defaults(scale="normal")


def _seed(text: str) -> int:
    """A seed, in the range that every program takes."""
    if not re.fullmatch(r"\d+", text, re.ASCII) or int(text) >= SEEDS:
        raise argparse.ArgumentTypeError(f"'{text}' is not a whole number from 0 to {SEEDS - 1}")
    return int(text)


def _path(text: str) -> Path:
    """A path. An empty one, for example of a variable that is not set, would be the current folder."""
    if not text:
        raise argparse.ArgumentTypeError("'' names nothing; the current folder is .")
    return Path(text)


# run and cell.


def _run(options: argparse.Namespace) -> int:
    if options.jobs is not None and options.jobs < 1:
        raise UsageError(f"--jobs {options.jobs}: at least one")
    selection = Selection(
        tuple(options.bug), tuple(options.target), tuple(options.variant), tuple(options.tag), options.defect
    )
    return _run_selection(options, selection, options.jobs, not options.no_build and options.bin is None)


def _cell(options: argparse.Namespace) -> int:
    selection = Selection((options.bug,), (options.target,), (options.variant,), (), options.defect)
    return _run_selection(options, selection, 1, options.bin is None)


def _run_selection(
    options: argparse.Namespace, selection: Selection, jobs: int | None, building: bool
) -> int:
    root: Path = options.root.absolute()
    plan = cells.select(read(root), selection)
    out: Path = options.out.absolute()
    _prepare_out(out)
    if building:
        _console(stderr=True).print(Text("building the programs, the tracer and the jail", style="dim"))
        build.build(root, [*build.programs(plan.cells), *build.tools(plan.cells)])
    toolbox = Toolbox((options.bin or root / "bazel-bin").absolute())
    _check_built(plan, toolbox)
    _check_faults(plan, toolbox)
    _clear(out)
    bugs = dict.fromkeys(cell.bug.name for cell in plan.cells)
    if jobs is None:
        jobs = (os.cpu_count() or 1) if any(parse(cell.target).costly for cell in plan.cells) else 1
    arguments = [
        *[str(root / "repro" / bug) for bug in bugs],
        f"--rootdir={root}",
        f"--faultline-root={root}",
        f"--faultline-bin={toolbox.root}",
        f"--faultline-out={out}",
        f"--faultline-defect={selection.defect}",
        f"--faultline-scale={options.scale}",
        f"--faultline-seed={options.seed}",
        *[f"--faultline-bug={name}" for name in selection.bugs],
        *[f"--faultline-target={name}" for name in selection.targets],
        *[f"--faultline-variant={name}" for name in selection.variants],
        *[f"--faultline-tag={name}" for name in selection.tags],
    ]
    return _run_cells(arguments, min(jobs, len({cell.group for cell in plan.cells})), out, root)


def _prepare_out(out: Path) -> None:
    try:
        out.mkdir(parents=True, exist_ok=True)
        probe = out / f".probe.{os.getpid()}"
        try:
            probe.write_bytes(bytes(4096))
        finally:
            probe.unlink(missing_ok=True)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise MissingError(f"cannot write to {out}: {error.strerror}") from None
        raise UsageError(f"cannot write to --out {out}: {error.strerror}") from None


# Says whose folder it is: only such a folder is emptied.
EVIDENCE_NOTE = "The evidence of a faultline run. The next run into this folder replaces all of it.\n"


def _clear(out: Path) -> None:
    """Takes the results of an earlier run away, so that they do not mix with new ones."""
    evidence = out / "evidence"
    note = evidence / "README"
    if evidence.exists() and os.listdir(evidence):
        if not note.is_file() or note.read_text(encoding="utf-8", errors="replace") != EVIDENCE_NOTE:
            raise UsageError(f"{evidence} is there and is not faultline's; choose another --out")
        shutil.rmtree(evidence)
    for stale in (results.FILE, "report.html", "junit.xml"):
        (out / stale).unlink(missing_ok=True)
    evidence.mkdir(exist_ok=True)
    results.write_atomically(note, EVIDENCE_NOTE)


def _check_built(plan: Plan, toolbox: Toolbox) -> None:
    needed: dict[Path, str] = {}
    for name in dict.fromkeys(cell.target for cell in plan.cells):
        needed.update(parse(name).tools(toolbox))
    for path, label in needed.items():
        if not os.access(path, os.X_OK):
            raise MissingError(f"{path} is not built; run without --no-build, or: bazel build {label}")


# The tracer's exit status for its own failures.
TRACER_FAILED = 125


def _check_faults(plan: Plan, toolbox: Toolbox) -> None:
    """Has the tracer read the faults of every selected target. Raises UsageError with its words."""
    told = {target.faults: target for target in (parse(cell.target) for cell in plan.cells) if target.faults}
    for faults, target in told.items():
        command = [str(toolbox.inject), *(word for fault in faults for word in ("--fault", fault))]
        try:
            done = subprocess.run(
                [*command, "--", "/bin/true"],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                timeout=10,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired):
            # The cells say what is wrong.
            continue
        said = done.stderr.decode("utf-8", "replace").rstrip()
        # It may have failed for another reason, for example without the right to trace.
        if done.returncode == TRACER_FAILED and "--fault: " in said:
            raise UsageError(f"{target.name} is not a target that the tracer knows.\n{said}")


def _run_cells(arguments: Sequence[str], jobs: int, out: Path, root: Path) -> int:
    # Imported here: the other commands are faster without.
    import pytest

    from . import plugin
    from .live import Reporter

    # What the user's own pytest is set up to do has no say in a run.
    os.environ.pop("PYTEST_ADDOPTS", None)
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    full = [
        "-c",
        os.devnull,
        "-p",
        "faultline.plugin",
        "-p",
        "no:cacheprovider",
        # A cell needs no temporary folder, and xdist would leave one behind for each worker.
        "-p",
        "no:tmpdir",
        "-s",
        "--assert=plain",
        "-q",
    ]
    if jobs > 1:
        full += ["-p", "xdist.plugin", "-n", str(jobs), "--dist", "loadgroup"]
    console = _console()
    reporter = Reporter(console)
    catcher = _Catcher(plugin.CAMPAIGN)
    try:
        status = pytest.main([*full, *arguments], plugins=[reporter, catcher])
    finally:
        reporter.close()
    campaign = catcher.campaign
    if campaign is None or reporter.store is None:
        return EXIT_MISSING
    _end_undisturbed()
    return _close(console, campaign, reporter.interrupted, int(status), out, root)


class _Catcher:
    """Keeps the campaign of the session, which pytest otherwise hides in its configuration."""

    def __init__(self, key: Any) -> None:
        self._key = key
        self.campaign: Any = None

    def pytest_sessionstart(self, session: Any) -> None:
        """Fetches it."""
        self.campaign = session.config.stash[self._key]


def _close(console: Console, campaign: Any, interrupted: bool, status: int, out: Path, root: Path) -> int:
    """Writes the views, says how it went, and finds the exit code."""
    from .views import terminal

    document = campaign.store.document()
    files: list[Path] = []
    problem: FaultlineError | None = campaign.fatal
    if document["cells"]:
        try:
            files = write_views(document, out, root)
        except FaultlineError as error:
            problem = problem or error
    try:
        terminal.show(console, document, [_near(path) for path in files])
        sys.stdout.flush()
    except OSError as error:
        _close_stdout()
        problem = problem or MissingError(f"{STDOUT_PROBLEM}: {error.strerror}")
    ran = len(document["cells"])
    kept = f"{ran} of {document['planned']} cells ran"
    if campaign.store.saved == ran > 0:
        kept += f"; their results are in {_near(out / results.FILE)}"
    elif campaign.store.saved:
        kept += f"; {_near(out / results.FILE)} has the results of {campaign.store.saved} of them"
    if interrupted:
        _complain(f"interrupted: {kept}")
        return EXIT_INTERRUPTED
    if problem:
        _complain(f"{problem}. {kept}")
        return problem.exit_code
    if results.failed(document):
        return EXIT_FAILED
    if document["complete"] and status == 0:
        return EXIT_PASSED
    _complain(f"the run did not end as it should (pytest's status {status}): {kept}")
    return EXIT_FAILED


def _near(path: Path) -> Path:
    """A path as the user would write it."""
    here = Path.cwd()
    return path.relative_to(here) if path.is_relative_to(here) else path


def write_views(document: results.Document, out: Path, root: Path) -> list[Path]:
    """Writes junit.xml and report.html beside the document; the files to look at."""
    from .views import html, junit

    wrong = results.problems(document)
    if wrong:
        raise FaultlineError(f"the results do not follow their own schema: {wrong[0]}")
    results.write_atomically(out / "junit.xml", junit.render(document))
    results.write_atomically(out / "report.html", html.render(document, out, root))
    return [out / "report.html", out / results.FILE, out / "junit.xml"]


# The commands that look at things.


def _catalogue(options: argparse.Namespace) -> Catalogue:
    return read(options.root.absolute())


def _list(options: argparse.Namespace) -> int:
    catalogue = _catalogue(options)
    states = {target: cells.availability(target) for target in catalogue.targets()}
    if options.json:
        print(
            json.dumps(
                {
                    "bugs": [bug.arguments() for bug in catalogue.bugs],
                    "targets": [
                        {"name": name, "ready": state.ready, "reason": state.reason}
                        for name, state in states.items()
                    ],
                    "tags": sorted({tag for bug in catalogue.bugs for tag in bug.tags}),
                    "defects": catalogue.defects(),
                },
                indent=2,
            )
        )
        return EXIT_PASSED
    console = _console()
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for column in ("bug", "seat", "variants", "tags", "title"):
        table.add_column(column, header_style="bold", overflow="fold")
    for bug in catalogue.bugs:
        variants = "\n".join(f"{name} ({kind})" for name, kind in bug.variants.items())
        table.add_row(Text(bug.name, style="bold"), bug.seat, variants, " ".join(bug.tags), bug.title)
    console.print(table)
    console.print()
    targets = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    targets.add_column("target", header_style="bold", overflow="fold")
    targets.add_column("here", header_style="bold", overflow="fold")
    for name, state in states.items():
        style = "green" if state.ready else "yellow"
        targets.add_row(name, Text("ready" if state.ready else state.reason, style=style))
    console.print(targets)
    console.print()
    console.print(f"defects for --defect: {', '.join(catalogue.defects())}", soft_wrap=True)
    return EXIT_PASSED


def _find(catalogue: Catalogue, name: str) -> Bug:
    for bug in catalogue.bugs:
        if bug.name == name:
            return bug
    raise unknown("bug", name, [bug.name for bug in catalogue.bugs])


def _show(options: argparse.Namespace) -> int:
    from .views import page

    bug = _find(_catalogue(options), options.bug)
    console = _console()
    for part in page.render(bug.page.read_text(encoding="utf-8")):
        console.print(part)
    console.print()
    facts = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    facts.add_row("seat", bug.seat)
    if bug.fault:
        facts.add_row("shown by", bug.fault)
    facts.add_row("affects", "; ".join(bug.affects) or "-")
    facts.add_row("upstream", "\n".join(bug.upstream) or "-")
    facts.add_row("tags", " ".join(bug.tags) or "-")
    facts.add_row("page", str(_near(bug.page)))
    console.print(facts)
    console.print()
    cases = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for column in ("case", "what it does"):
        cases.add_column(column, header_style="bold", overflow="fold")
    for name, line in bug.all_cases.items():
        cases.add_row(name, line)
    console.print(cases)
    console.print()
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for column in ("variant", "target", "expected"):
        table.add_column(column, header_style="bold", overflow="fold")
    for variant, kind in bug.variants.items():
        for target in bug.targets:
            reason = bug.why_inapplicable(variant, target)
            wanted = {case: " or ".join(bug.expected(variant, case, target)) for case in bug.cases_on(target)}
            lines = [f"{case}: {words}" for case, words in wanted.items()]
            if len(set(wanted.values())) == 1:
                lines = [*wanted.values()][:1]
            table.add_row(
                f"{variant} ({kind})",
                target,
                Text(f"n/a: {reason}", style="dim") if reason else Text("\n".join(lines)),
            )
    console.print(table)
    return EXIT_PASSED


def _kit(options: argparse.Namespace) -> int:
    from . import kit

    root: Path = options.root.absolute()
    catalogue = read(root)
    ports = kit.ports(catalogue, options.target)
    bugs = cells.pick_bugs(catalogue, options.bug, ports)
    if not options.no_build and options.bin is None:
        _console(stderr=True).print(Text("building the programs", style="dim"))
        build.build(root, kit.labels(kit.plan(catalogue, bugs, ports)))
    toolbox = Toolbox((options.bin or root / "bazel-bin").absolute())
    files = kit.contents(catalogue, bugs, ports, toolbox)
    content = kit.archive(files)
    kit.write(options.output.absolute(), content)
    programs = sum(1 for name in files if name.startswith("programs/"))
    print(
        f"{_near(options.output.absolute())}: {programs} programs for {', '.join(ports)}, {len(content) >> 20} MB"
    )
    return EXIT_PASSED


def _import(options: argparse.Namespace) -> int:
    """Judges archives. All of them are read before anything is written."""
    from . import imported
    from .conductor import SCALES, Conductor, Settings
    from .views import terminal

    root: Path = options.root.absolute()
    catalogue = read(root)
    found = [imported.read(path) for path in dict.fromkeys(options.imports)]
    what = imported.plan(found, catalogue)
    if not what.runnable:
        raise UsageError("; ".join(what.problems) or "no archive holds a whole cell")
    out: Path = (options.out or Path("faultline-import")).absolute()
    _prepare_out(out)
    _clear(out)
    scale, seed = found[0].scale, found[0].seed
    store = results.Store(
        out, root, what.plan, {"scale": scale.name, "seed": seed, "defect": ""}, host=what.host
    )
    settings = Settings(root, Toolbox(root / "bazel-bin"), out, SCALES[scale.name], seed)
    conductor = Conductor(settings, source=imported.Recorded(found))
    for cell in cells.run_order(what.runnable):
        store.add(conductor.conduct(cell).as_json())
    document = store.document()
    files = write_views(document, out, root)
    terminal.show(_console(), document, [_near(path) for path in files])
    for problem in what.problems:
        _complain(problem)
    if any(result.problem for result in found):
        return EXIT_MISSING
    if what.refused:
        return EXIT_USAGE
    return EXIT_PASSED if document["complete"] and not results.failed(document) else EXIT_FAILED


def _report(options: argparse.Namespace) -> int:
    if options.imports:
        if options.results or options.svg:
            raise UsageError("--import makes results of its own: give either it or RESULTS")
        return _import(options)
    if options.out:
        raise UsageError("--out belongs to --import")
    if not options.results:
        raise UsageError(
            "which results? A results.json, the folder that has one, or --import FILE; see --help"
        )
    document = results.read(options.results)
    folder: Path = (options.results if options.results.is_dir() else options.results.parent).absolute()
    if options.svg:
        from .views import terminal

        try:
            options.svg.absolute().parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise MissingError(f"cannot write {options.svg}: {error.strerror}") from None
        results.write_atomically(options.svg.absolute(), terminal.svg(document))
        print(options.svg)
        return EXIT_PASSED
    from .views import terminal

    files = write_views(document, folder, options.root.absolute())
    terminal.show(_console(), document, [_near(path) for path in files])
    return EXIT_PASSED


def _compare(options: argparse.Namespace) -> int:
    from .views.compare import changes

    found = changes(results.read(options.before), results.read(options.after))
    worse = any(change.worse for change in found)
    if options.json:
        print(json.dumps([vars(change) for change in found], indent=2))
    elif not found:
        print("no verdict changed, and no rate left its interval")
    else:
        table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
        for column in ("cell", "what", "before", "after"):
            table.add_column(column, header_style="bold", overflow="fold")
        for change in found:
            style = "bold red" if change.worse else ""
            table.add_row(
                Text(change.cell, style=style), change.what, change.before, Text(change.after, style=style)
            )
        _console().print(table)
    return EXIT_FAILED if worse else EXIT_PASSED


def _doctor(options: argparse.Namespace) -> int:
    from .doctor import examine, fix

    if options.fix:
        fix(options.root.absolute())
    return examine(_console(), options.root.absolute(), options.target)


def _new_bug(options: argparse.Namespace) -> int:
    from .scaffold import scaffold

    for path in scaffold(options.root.absolute(), options.id):
        print(_near(path))
    print(f"Now: ./faultline run --bug {options.id}")
    return EXIT_PASSED


# The commands that hand over to others.


def _never(_options: argparse.Namespace) -> int:
    raise AssertionError("inject is handled before the command line is parsed")


def _inject(arguments: list[str]) -> int:
    tracer = Toolbox(REPOSITORY / "bazel-bin").inject
    if not os.access(tracer, os.X_OK):
        _console(stderr=True).print(Text("building the tracer", style="dim"))
        build.build(REPOSITORY, ["//kernel:inject"])
    elif (REPOSITORY / "WORKSPACE").exists() and shutil.which("bazel") and "TEST_SRCDIR" not in os.environ:
        # The sources may be newer. Not below Bazel itself, which would wait for its own end.
        build.build_quietly(REPOSITORY, ["//kernel:inject"])
    # Its exit status, its signals and its streams are the tracer's own.
    os.execv(tracer, [str(tracer), *arguments])


def _test(options: argparse.Namespace) -> int:
    patterns = [word for word in options.patterns if not word.startswith("--")] or ["//..."]
    extra = [word for word in options.patterns if word.startswith("--")]
    status, tests = build.test(options.root.absolute(), patterns, extra)
    passed = sum(1 for test in tests if test["status"] in ("PASSED", "FLAKY"))
    for test in sorted(tests, key=lambda test: str(test["label"])):
        if test["status"] not in ("PASSED", "FLAKY"):
            log = test["label"].replace("//", "bazel-testlogs/").replace(":", "/") + "/test.log"
            print(f"{test['status']:<10} {test['label']}  ({log})")
    if not tests:
        _complain(f"no test ran (bazel's status {status})")
    print(f"{passed} passed, {len(tests) - passed} failed", flush=True)
    return status
