"""Which runs a cell needs, in which order, until it is decided; and the evidence of them.

A case that should show the bug is sampled until there are hits enough to state its rate. A case that should
be clean is run until, had the bug been there at that rate, it would have been seen. So the vulnerable variant
comes first: its rate calibrates the others. Where it was not part of the selection it is run silently.
"""

from __future__ import annotations

import dataclasses
import math
import os
import re
import shlex
import shutil
import time
from pathlib import Path
from typing import Callable, Protocol, Sequence

from . import cells, processes, runner, stats, targets
from .cells import Case, Cell
from .errors import MissingError
from .judge import Basis, CaseResult, CellResult, Outcome, Tally, classify, dies, judge_case, judge_cell
from .judge import OURS, line_in_postmortem
from .protocol import Event
from .runner import Observation
from .targets import Recording, Target, Toolbox


@dataclasses.dataclass(frozen=True)
class Scale:
    """How much work a verdict takes."""

    name: str
    # A clean verdict's chance to have missed the bug.
    miss: float
    # Hits to sample where the bug shows: in one process, and where each hit is the death of one.
    hits: int
    deaths: int
    # Seconds for one case: where hits are sampled, and where there should be none.
    sample_seconds: float
    clean_seconds: float
    # Deaths to sample on a model: there each comes from the seed alone, and no kernel's chance is measured.
    model_deaths: int = 2
    # The same where each costs much. A rate of fewer deaths is less sure, its lower end lower, and so a clean case has
    # to have more opportunities; these are cheap, many in one process.
    costly_deaths: int = 4


SCALES = {
    scale.name: scale
    for scale in (
        Scale("quick", 1e-3, 5, 4, 5.0, 15.0),
        Scale("normal", 1e-6, 20, 10, 10.0, 30.0),
        Scale("thorough", 1e-9, 100, 30, 60.0, 300.0, 10, 30),
    )
}

# Where no variant of a bug shows it on any target at hand, a clean verdict is stated for this rate.
ASSUMED_RATE = 0.01

# So many opportunities that the seconds run out first.
UNBOUNDED = 1_000_000_000

# A program may end before it had all its opportunities (one that has one per process): then it runs again.
MOST_RUNS = 1000

# The programs take seeds below this.
SEEDS = 10**18

# Lines of the tracer's log that are kept as evidence.
KEPT_FAULT_LINES = 1000


@dataclasses.dataclass(frozen=True)
class Settings:
    """What all cells of one run share."""

    root: Path
    toolbox: Toolbox
    out: Path
    scale: Scale
    seed: int = 1


class Observer(Protocol):
    """Somebody who watches the run."""

    def case_started(self, cell: Cell, case: Case, silent: bool) -> None:
        """A case begins; silently when it only calibrates another."""

    def event(self, cell: Cell, case: Case, event: Event) -> None:
        """A program printed an event."""


class Unwatched:
    """Nobody watches."""

    def case_started(self, cell: Cell, case: Case, silent: bool) -> None:
        """Does nothing."""

    def event(self, cell: Cell, case: Case, event: Event) -> None:
        """Does nothing."""


@dataclasses.dataclass
class _Measured:
    """A finished case: its tally, and the command and evidence of its telling run."""

    tally: Tally
    seconds: float
    command: str
    evidence: list[Path]


@dataclasses.dataclass(frozen=True)
class Errand:
    """One run that a case needs; with a recording a tracer has to write that."""

    cell: Cell
    case: Case
    arguments: Sequence[str]
    seed: int
    budget: float
    folder: Path
    recording: Recording | None = None


class Source(Protocol):
    """Where a conductor gets its runs from: from programs that run now, or from a record of such."""

    def available(self, target: str) -> targets.Availability:
        """Whether there can be runs on that target."""

    def begin(self, cell: Cell, case: Case) -> bool:
        """Makes ready for a case's runs; whether a tracer records them. Raises MissingError."""

    def run(self, errand: Errand, on_event: runner.OnEvent) -> Observation | None:
        """The next run of a case; None when there is no more of it."""

    def again(self, errand: Errand, seen: Observation) -> str:
        """The command that does a run once more."""

    def before_again(self, cell: Cell) -> str:
        """Where that command has to be given."""

    def cell_again(self, cell: Cell) -> list[str]:
        """The command that runs a cell once more."""

    def can_trace(self, cell: Cell) -> bool:
        """Whether a second run can have a postmortem that the first had not."""

    def clean_up(self) -> None:
        """Takes away what was left outside the jail."""


class Live:
    """Runs programs now."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._root = settings.root
        self._toolbox = settings.toolbox
        self._targets: dict[str, Target] = {}
        self._availability: dict[str, targets.Availability] = {}

    def available(self, target: str) -> targets.Availability:
        if target not in self._availability:
            self._availability[target] = targets.parse(target).availability()
        return self._availability[target]

    def begin(self, cell: Cell, case: Case) -> bool:
        program = self._program(cell, case)
        if cell.target not in self._targets:
            target = targets.parse(cell.target)
            # Known before it is prepared: half a preparation is cleaned up too.
            self._targets[cell.target] = target
            target.prepare(self._toolbox)
        target = self._targets[cell.target]
        target.bring(self._toolbox, program)
        return target.traced

    def run(self, errand: Errand, on_event: runner.OnEvent) -> Observation | None:
        target = self._targets[errand.cell.target]
        folder = errand.folder

        def on_hang(pids: Sequence[int]) -> list[Path]:
            own = [] if target.channel else [processes.describe(pids, folder)]
            return [*own, *target.diagnose(self._toolbox, pids, folder)]

        order = runner.Order(
            self._toolbox.jail,
            target.command(
                self._toolbox,
                self._program(errand.cell, errand.case),
                errand.arguments,
                errand.seed,
                errand.recording,
            ),
            errand.seed,
            errand.budget,
            target.channel,
            target.signals_are_exits,
            target.own_words,
            target.signal_words,
            target.deaths,
        )
        seen = runner.run(order, on_event, on_hang)
        if seen.hang or seen.failed:
            target.settle(self._toolbox)
        return seen

    def again(self, errand: Errand, seen: Observation) -> str:
        target = self._targets[errand.cell.target]
        program = self._program(errand.cell, errand.case)
        return target.again(
            Toolbox(self._from_root(self._toolbox.root)),
            self._from_root(program),
            errand.arguments,
            errand.seed,
        )

    def before_again(self, cell: Cell) -> str:
        return f"From the repository's root, after: ./faultline run --bug {cell.bug.name}"

    def cell_again(self, cell: Cell) -> list[str]:
        settings = self._settings
        again = [
            "./faultline",
            "run",
            "--bug",
            cell.bug.name,
            "--variant",
            cell.variant,
            "--target",
            cell.target,
        ]
        again += ["--seed", str(settings.seed)]
        if cell.defect:
            again += ["--defect", cell.defect]
        if settings.scale.name != "normal":
            again.append(f"--{settings.scale.name}")
        return again

    def _from_root(self, path: Path) -> Path:
        return path.relative_to(self._root) if path.is_relative_to(self._root) else path

    def can_trace(self, cell: Cell) -> bool:
        target = self._targets[cell.target]
        return target.can_trace and not target.traced and os.access(self._toolbox.inject, os.X_OK)

    def clean_up(self) -> None:
        for target in self._targets.values():
            target.clean_up()
        self._targets.clear()

    def _program(self, cell: Cell, case: Case) -> Path:
        program = self._toolbox.program(
            cell.bug.name, cell.variant, cell.port, case.hosted, cell.built_defect
        )
        if not os.access(program, os.X_OK):
            raise MissingError(f"{program} is not there. Build it: bazel build //repro/{cell.bug.name}/...")
        return program


class Conductor:
    """Conducts cells; remembers the rates it measured, so that later cells are judged by them."""

    def __init__(
        self, settings: Settings, observer: Observer | None = None, source: Source | None = None
    ) -> None:
        self._settings = settings
        self._observer: Observer = observer or Unwatched()
        self._source: Source = source or Live(settings)
        self._samples: dict[tuple[str, str, str, str], _Measured] = {}

    def conduct(self, cell: Cell) -> CellResult:
        """Runs all cases of a cell and judges them."""
        began = time.monotonic()
        page = self._shown(cell.bug.page)
        if cell.inapplicable:
            return CellResult(
                cell.bug.name,
                cell.variant,
                cell.kind,
                cell.target,
                "inapplicable",
                ("inapplicable",),
                True,
                0.0,
                cell.inapplicable,
                page,
                "",
                judged_as=cell.judged_as,
            )
        # The cases that show the bug first: they calibrate the rest.
        ordered = sorted(cell.cases, key=lambda case: "clean" in case.expected)
        judged = {case.name: self._judge(cell, case) for case in ordered}
        results = tuple(judged[case.name] for case in cell.cases)
        verdict, expected, passed, reason = judge_cell(results)
        return CellResult(
            cell.bug.name,
            cell.variant,
            cell.kind,
            cell.target,
            verdict,
            expected,
            passed,
            max(time.monotonic() - began, sum(case.seconds for case in results)),
            reason,
            page,
            shlex.join(self._source.cell_again(cell)),
            results,
            cell.judged_as,
        )

    def clean_up(self) -> None:
        """Takes away what targets left outside the jail."""
        self._source.clean_up()

    # Judging one case.

    def _judge(self, cell: Cell, case: Case) -> CaseResult:
        scale = self._settings.scale
        basis = None
        if "clean" in case.expected:
            basis = self._basis(cell, case)
            measured = self._exclude(cell, case, stats.opportunities_needed(basis.rate, scale.miss))
        else:
            measured = self._sample(cell, case, silent=False)
        tally = measured.tally
        verdict, reason, missed = judge_case(tally, basis, scale.miss)
        at = "" if verdict in ("clean", "broken") else self._line_to_read(cell, case, measured)
        return CaseResult(
            case=case.name,
            line=case.line,
            verdict=verdict,
            expected=case.expected,
            runs=tally.runs,
            attempts=tally.attempts,
            opportunities=tally.opportunities,
            hits=tally.hits,
            rate=tally.rate,
            power=None if missed is None else 1.0 - missed,
            miss=missed,
            power_from=basis.source if basis else "",
            seconds=round(measured.seconds, 3),
            reason=reason,
            symptom="" if verdict in ("clean", "broken") else tally.outcome.symptom,
            at=at,
            evidence=tuple(str(path.relative_to(self._settings.out)) for path in measured.evidence),
            command=measured.command,
            known=case.known,
        )

    def _basis(self, cell: Cell, case: Case) -> Basis:
        """The rate by which a clean verdict of this case is judged."""
        own = [case.name]
        others = [name for name in cell.bug.cases_on(cell.target) if name != case.name]
        for names in (own, others):
            for name in names:
                for other in cells.calibrators(
                    cell, name, self._source.available, with_itself=name != case.name
                ):
                    tally = self._rate_of(other, name)
                    if tally.hits:
                        low, _ = tally.rate
                        return Basis(
                            low,
                            f"{tally.hits} hits in {tally.opportunities} opportunities "
                            f"of {other.variant}/{name} on {other.target}",
                        )
        return Basis(ASSUMED_RATE, "an assumed rate: no variant shows the bug on a target at hand")

    def _rate_of(self, cell: Cell, case_name: str) -> Tally:
        case = next(case for case in cell.cases if case.name == case_name)
        return self._sample(cell, case, silent=True).tally

    # Running one case.

    def _sample(self, cell: Cell, case: Case, silent: bool) -> _Measured:
        """Runs a case until it has shown its symptom often enough, or its time is over; once for all."""
        key = (*cell.key, case.name)
        if key in self._samples:
            return self._samples[key]
        scale = self._settings.scale
        mortal = dies(cell.bug) or "diagnosed" in case.expected
        target = targets.parse(cell.target)
        on_model = target.kernel == "model"
        deaths = scale.model_deaths if on_model else scale.costly_deaths if target.costly else scale.deaths
        wanted = deaths if mortal else scale.hits

        def arguments(tally: Tally) -> list[str] | None:
            if tally.decided or tally.hits >= wanted:
                return None
            # Where some cases of a bug are survived, and this one has cost a process each time.
            if (on_model or target.costly) and tally.hits == tally.runs >= deaths:
                return None
            # A silent run of a mortal case was its opportunity; as many silent ones as deaths wanted will do.
            if mortal and tally.runs >= 2 * wanted and not tally.hits:
                return None
            opportunities = 1 if mortal else UNBOUNDED
            return _arguments(opportunities, 1 if mortal else wanted - tally.hits)

        self._samples[key] = self._run_until(cell, case, scale.sample_seconds, arguments, silent)
        return self._samples[key]

    def _exclude(self, cell: Cell, case: Case, needed: int) -> _Measured:
        """Runs a case until it had the opportunities needed, showed something, or its time is over."""

        def arguments(tally: Tally) -> list[str] | None:
            if tally.verdict != "clean" or tally.opportunities >= needed:
                return None
            return _arguments(needed - tally.opportunities, 1)

        return self._run_until(cell, case, self._settings.scale.clean_seconds, arguments, silent=False)

    def _run_until(
        self,
        cell: Cell,
        case: Case,
        budget: float,
        arguments: Callable[[Tally], list[str] | None],
        silent: bool,
    ) -> _Measured:
        """Runs a case again and again with the arguments that the tally so far asks for."""
        self._observer.case_started(cell, case, silent)
        traced = self._source.begin(cell, case)
        folder = self._settings.out / "evidence" / cell.slug / re.sub(r"[^A-Za-z0-9.-]+", "_", case.name)
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True, exist_ok=True)
        began = time.monotonic()
        tally = Tally()
        spent = 0.0
        telling: Observation | None = None
        last: Errand | None = None
        while tally.runs < MOST_RUNS and time.monotonic() - began < budget:
            wanted = arguments(tally)
            if wanted is None:
                break
            before = tally.opportunities
            seed = (self._settings.seed + tally.runs) % SEEDS
            # Each run may take the whole time: what is left of it would make the command another each time.
            full = [
                "--case",
                case.argument,
                *wanted,
                "--seconds",
                f"{math.ceil(budget)}",
                "--seed",
                str(seed),
            ]
            recording = _recording(folder) if traced else None
            errand = Errand(cell, case, full, seed, budget, folder, recording)
            seen = self._source.run(errand, lambda event: self._observer.event(cell, case, event))
            if seen is None:
                break
            outcome = classify(cell.bug, seen, recording.postmortem if recording else None)
            spent += seen.seconds
            previous = tally.verdict
            tally.add(seen, outcome)
            if telling is None or tally.verdict != previous or outcome.verdict == tally.verdict:
                telling, last = seen, errand
            # A program that gives no opportunity will not give one the next time either.
            if outcome.verdict == "clean" and tally.opportunities == before:
                break
        evidence: list[Path] = []
        command = ""
        if telling and last:
            command = self._source.again(last, telling)
            evidence = self._keep(last, tally.outcome, telling, command)
        # What is only read took its time before.
        return _Measured(tally, max(spent, time.monotonic() - began), command, evidence)

    # Evidence.

    def _keep(self, errand: Errand, outcome: Outcome, seen: Observation, command: str) -> list[Path]:
        """Writes down the telling run. Where a program died untraced, a second run under the tracer says where."""
        cell, case, folder = errand.cell, errand.case, errand.folder
        (folder / "events.txt").write_text(seen.stdout, encoding="utf-8")
        kept = [folder / "events.txt"]
        if seen.stderr:
            (folder / "stderr.txt").write_text(seen.stderr, encoding="utf-8")
            kept.append(folder / "stderr.txt")
        if seen.aside:
            (folder / "aside.txt").write_text(seen.aside, encoding="utf-8")
            kept.append(folder / "aside.txt")
        if outcome.verdict == "clean":
            for path in (folder / "faults.jsonl", folder / "postmortem.json"):
                path.unlink(missing_ok=True)
            return kept
        again = folder / "again.sh"
        again.write_text(
            f"#!/bin/sh\n# {cell.bug.name}: {cell.id}, case {case.name}: {outcome.verdict}; {seen.ending}.\n"
            f"# {self._source.before_again(cell)}\nexec {command}\n",
            encoding="utf-8",
        )
        again.chmod(0o755)
        kept.append(again)
        if seen.signal and self._source.can_trace(cell):
            self._second_run(errand, seen)
        faults = folder / "faults.jsonl"
        if faults.exists():
            _shorten(faults, KEPT_FAULT_LINES)
        kept += [
            path
            for path in (faults, folder / "postmortem.json", folder / "second-run.txt")
            if path.exists() and path.stat().st_size
        ]
        return kept + list(seen.snapshots)

    def _second_run(self, errand: Errand, first: Observation) -> None:
        recording = _recording(errand.folder)
        errand = dataclasses.replace(
            errand, seed=first.seed, budget=self._settings.scale.sample_seconds, recording=recording
        )
        seen = self._source.run(errand, lambda event: self._observer.event(errand.cell, errand.case, event))
        if seen is None:
            return
        same = "the same" if seen.signal == first.signal else f"not the same: the first {first.ending}"
        postmortem = recording.postmortem.exists() and recording.postmortem.stat().st_size
        whose = "postmortem.json is of a" if postmortem else "There is no postmortem.json: it would be of the"
        (errand.folder / "second-run.txt").write_text(
            f"{whose} second run of the same command, under the tracer and without any fault.\n"
            f"It {seen.ending}: {same}.\n",
            encoding="utf-8",
        )

    def _line_to_read(self, cell: Cell, case: Case, measured: _Measured) -> str:
        """Where the hit was seen; else where the program died; else where the program declares the case."""
        if measured.tally.outcome.at:
            return self._in_repository(measured.tally.outcome.at)
        for path in measured.evidence:
            if path.name == "postmortem.json":
                at = line_in_postmortem(path)
                if at:
                    return self._in_repository(at)
        for name in (*cell.bug.srcs, *cell.bug.hosted_srcs):
            try:
                lines = (cell.bug.folder / name).read_text(encoding="utf-8").splitlines()
            except OSError:
                continue
            for number, line in enumerate(lines, 1):
                if f'"{case.argument}"' in line:
                    return f"repro/{cell.bug.name}/{name}:{number}"
        return ""

    def _shown(self, path: Path) -> str:
        return (
            str(path.relative_to(self._settings.root))
            if path.is_relative_to(self._settings.root)
            else str(path)
        )

    def _relative(self, word: str) -> str:
        """A command's word with the repository's own paths relative to its root."""
        prefix = str(self._settings.root) + "/"
        return word.removeprefix(prefix)

    def _in_repository(self, at: str) -> str:
        """A source line's path relative to the repository: compilers write where they stood."""
        at = self._relative(at)
        match = OURS.search(at)
        return match[1] if match else at


def _arguments(opportunities: int, hits: int) -> list[str]:
    return ["--opportunities", str(opportunities), "--hits", str(hits)]


def _recording(folder: Path) -> Recording:
    recording = Recording(folder / "faults.jsonl", folder / "postmortem.json")
    for path in (recording.faults, recording.postmortem):
        path.unlink(missing_ok=True)
    return recording


def _shorten(path: Path, lines: int) -> None:
    with path.open("rb") as file:
        head = [line for _, line in zip(range(lines), file)]
        more = sum(1 for _ in file)
    if more:
        head.append(f'{{"left out": {more}}}\n'.encode())
        path.write_bytes(b"".join(head))
