"""Cells: bug x variant x target, and the selection of them."""

from __future__ import annotations

import dataclasses
import datetime
import fnmatch
import hashlib
import re
from typing import Any, Callable, Mapping, Sequence

from . import expectations, targets
from .catalogue import HOSTED, Bug, Catalogue
from .errors import MissingError, UsageError, unknown
from .expectations import Failure


@dataclasses.dataclass(frozen=True)
class Case:
    """One case of a cell: its name ("hosted:NAME" for the hosted twin), and what is expected of it."""

    name: str
    line: str
    expected: tuple[str, ...]
    # The known failure of the target that this is, or was until its end.
    known: str = ""

    @property
    def hosted(self) -> bool:
        """Whether the hosted twin runs it."""
        return self.name.startswith(HOSTED)

    @property
    def argument(self) -> str:
        """The case's name as its program knows it."""
        return self.name.removeprefix(HOSTED)


@dataclasses.dataclass(frozen=True)
class Cell:
    """Bug x variant x target: the unit that is run, judged and shown."""

    bug: Bug
    variant: str
    target: str
    inapplicable: str
    defect: str = ""
    # The target whose expectations hold, where that is another: of a real kernel those of its release.
    judged_as: str = ""
    # Known failures of targets; they may be about other cells.
    known: tuple[Failure, ...] = ()

    @property
    def id(self) -> str:
        """The cell's name within its bug; stable, people write it into their CI."""
        return f"{self.variant} on {self.target}"

    @property
    def key(self) -> tuple[str, str, str]:
        """What tells this cell from every other."""
        return (self.bug.name, self.variant, self.target)

    @property
    def kind(self) -> str:
        """vulnerable or immune."""
        return self.bug.variants[self.variant]

    @property
    def port(self) -> str:
        """os-arch."""
        return self.target.split("@")[0]

    @property
    def cases(self) -> list[Case]:
        """What the cell runs, each case a process of its own."""
        return [
            Case(name, line, self.expected(name), self._note(name))
            for name, line in self.bug.cases_on(self.target).items()
        ]

    @property
    def built_defect(self) -> str:
        """The defect that --defect puts into this variant's runtime: only the default runtime gets one."""
        return self.defect if self.variant not in self.bug.defects else ""

    @property
    def group(self) -> str:
        """The cells that one process runs: a bug's, because they share measured rates; where a target takes much to
        prepare, the target's, of all bugs."""
        # pytest-xdist takes what stands behind the last @.
        return self.target.replace("@", " at ") if targets.parse(self.target).costly else self.bug.name

    @property
    def slug(self) -> str:
        """The cell as a relative folder name."""
        return f"{self.bug.name}/{self.variant}/{_folder_name(self.target)}"

    def shows_bug(self, case: str) -> bool:
        """Whether this cell is where the case's symptom is expected: it can calibrate others."""
        there = not self.inapplicable and case in self.bug.cases_on(self.target)
        return there and "reproduced" in self.expected(case)

    def expected(self, case: str) -> tuple[str, ...]:
        """The verdicts of a case that pass."""
        failure = self._failure(case)
        if failure and failure.holds(_today()):
            return (failure.verdict,)
        return self.bug.expected(self.variant, case, self.judged_as or self.target)

    def _failure(self, case: str) -> Failure | None:
        found = (f for f in self.known if f.matches(self.bug.name, self.variant, case, self.target))
        return next(found, None)

    def _note(self, case: str) -> str:
        failure = self._failure(case)
        return failure.note(_today()) if failure else ""


def _today() -> datetime.date:
    return datetime.date.today()


def _folder_name(target: str) -> str:
    """A target as a folder's name; one that says anything, like cmd:TEMPLATE, by what is its own."""
    name = re.sub(r"[^A-Za-z0-9.-]+", "_", target)
    if re.fullmatch(r"[A-Za-z0-9.,:=@+_-]{1,100}", target):
        return name
    return f"{name[:60]}-{hashlib.sha256(target.encode()).hexdigest()[:12]}"


@dataclasses.dataclass(frozen=True)
class Selection:
    """What the user asked for. Empty means everything; targets and bugs may be patterns with *."""

    bugs: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()
    variants: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    defect: str = ""


@dataclasses.dataclass(frozen=True)
class LeftOut:
    """A target of the catalogue that this machine cannot run, where nobody asked for it by name."""

    target: str
    reason: str
    remedy: str


@dataclasses.dataclass(frozen=True)
class Plan:
    """The cells to run, in the catalogue's order, and the targets that are left out."""

    cells: tuple[Cell, ...]
    left_out: tuple[LeftOut, ...]
    # What uname says on the machines of targets whose kernel is not this machine's.
    machines: Mapping[str, Mapping[str, Any]] = dataclasses.field(default_factory=dict)


Availability = Callable[[str], targets.Availability]


def availability(target: str) -> targets.Availability:
    """Whether this machine can run the target of that name."""
    return targets.parse(target).availability()


def _pick(kind: str, wanted: Sequence[str], known: Sequence[str]) -> list[str]:
    """The known names that the patterns name. Raises UsageError for one that names nothing."""
    if not wanted:
        return list(known)
    picked = set()
    for pattern in wanted:
        matches = [name for name in known if fnmatch.fnmatchcase(name, pattern)]
        if not matches:
            raise unknown(kind, pattern, known)
        picked.update(matches)
    return [name for name in known if name in picked]


def _bugs(catalogue: Catalogue, selection: Selection) -> list[Bug]:
    names = _pick("bug", selection.bugs, [bug.name for bug in catalogue.bugs])
    bugs = [bug for bug in catalogue.bugs if bug.name in names]
    if selection.tags:
        tags = _pick("tag", selection.tags, sorted({tag for bug in catalogue.bugs for tag in bug.tags}))
        bugs = [bug for bug in bugs if set(tags) & set(bug.tags)]
        if not bugs:
            raise UsageError(f"no selected bug has the tag {' or '.join(selection.tags)}")
    if selection.defect:
        bugs = _with_defect(catalogue, bugs, selection)
    return bugs


def pick_bugs(catalogue: Catalogue, wanted: Sequence[str], ports: Sequence[str]) -> list[Bug]:
    """The bugs that the patterns name and that are built for one of the os-arch pairs. Raises UsageError."""
    bugs = [bug for bug in _bugs(catalogue, Selection(tuple(wanted))) if set(bug.ports) & set(ports)]
    if not bugs:
        raise UsageError(f"no selected bug is built for {' or '.join(ports)}")
    return bugs


def _with_defect(catalogue: Catalogue, bugs: list[Bug], selection: Selection) -> list[Bug]:
    """The bugs whose programs are built with the defect; every other one would run unchanged."""
    defect = selection.defect
    if defect not in catalogue.defects():
        error = unknown("defect", defect, catalogue.defects())
        if "Known: " in str(error):
            raise error
        raise UsageError(f"{error} The defects: {', '.join(catalogue.defects())}")
    breaking = [bug for bug in bugs if defect in bug.breaks]
    if not breaking:
        able = [bug.name for bug in catalogue.bugs if defect in bug.breaks]
        raise UsageError(
            f"no selected bug is built with the defect '{defect}' in the default runtime; "
            + (f"built with it: {', '.join(able)}" if able else "no bug's 'breaks' names it")
        )
    return breaking


def select(catalogue: Catalogue, selection: Selection, available: Availability = availability) -> Plan:
    """The cells that the selection names.

    Raises UsageError for a name that is unknown, MissingError when a target that was asked for by name (or
    every target that a pattern names) cannot run here.
    """
    bugs = _bugs(catalogue, selection)
    known = list(dict.fromkeys(target for bug in bugs for target in bug.targets))
    ports = {port for bug in bugs for port in bug.ports}
    others = [name for name in targets.offered() if name.split("@")[0] in ports and name not in known]
    kinds = targets.Target.kinds()
    wanted = [*selection.targets] or ["*"]
    chosen: dict[str, bool] = {}
    extra: list[str] = []
    for pattern in wanted:
        everything = pattern == "all"
        if pattern in kinds:
            kind = kinds[pattern]
            pattern = f"*@{pattern}{kind.sign}*" if kind.sign and not kind.bare else f"*@{pattern}"
        matches = [name for name in known if everything or fnmatch.fnmatchcase(name, pattern)]
        if everything or not matches:
            # What stands beside the catalogue has to be asked for: it takes time of its own.
            found = [name for name in others if everything or fnmatch.fnmatchcase(name, pattern)]
            extra += [name for name in found if name not in extra]
            matches += found
        if not matches and "*" not in pattern:
            # A target that no bug lists: it is right if its name is, and then every bug of that port runs on it.
            name = targets.parse(pattern).name
            if name not in known:
                _check_port(name, bugs)
                extra += [name] * (name not in extra)
            matches = [name]
        if not matches:
            raise unknown("target", pattern, [*known, *others])
        for name in matches:
            chosen[name] = chosen.get(name, False) or name == pattern
    left_out = []
    states = {}
    for name, by_name in list(chosen.items()):
        states[name] = state = available(name)
        if state.ready:
            continue
        if by_name:
            raise MissingError(f"{name} cannot run here: {state.reason}. It takes {state.remedy}.")
        left_out.append(LeftOut(name, state.reason, state.remedy))
        del chosen[name]
    if not chosen:
        reasons = "; ".join(f"{out.target}: {out.reason}" for out in left_out)
        raise MissingError(f"no selected target can run here: {reasons}")

    variants = _pick(
        "variant", selection.variants, list(dict.fromkeys(v for bug in bugs for v in bug.variants))
    )
    failures = expectations.read(catalogue.root, catalogue.bugs)
    cells = []
    for bug in bugs:
        for variant in bug.variants:
            if variant not in variants:
                continue
            for name in [*bug.targets, *extra]:
                if name in chosen and name.split("@")[0] in bug.ports:
                    judged_as = judge_as(bug, name, states[name])
                    cells.append(make(bug, variant, name, selection.defect, judged_as, failures))
    if not cells:
        raise UsageError("the selection holds no cell: no bug has these variants and targets together")
    machines = {name: states[name].machine for name in chosen if states[name].machine}
    return Plan(tuple(cells), tuple(left_out), machines)


def _check_port(target: str, bugs: Sequence[Bug]) -> None:
    ports = list(dict.fromkeys(port for bug in bugs for port in bug.ports))
    if target.split("@")[0] not in ports:
        raise UsageError(
            f"no selected bug is built for {target.split('@')[0]}: they are for {', '.join(ports)}"
        )


def judge_as(bug: Bug, target: str, state: targets.Availability) -> str:
    """The target whose expectations hold on a machine that the catalogue cannot know; "" for its own."""
    if "release" not in state.machine:
        return ""
    return targets.stand_in(targets.parse(target).port, state.machine["release"], bug.targets)


def make(
    bug: Bug,
    variant: str,
    target: str,
    defect: str = "",
    judged_as: str = "",
    known: tuple[Failure, ...] = (),
) -> Cell:
    """A cell. Raises UsageError when the catalogue does not say what to expect of it."""
    reason = bug.why_inapplicable(variant, judged_as or target)
    reason = reason or bug.why_not_built(variant, target.split("@")[0])
    cell = Cell(bug, variant, target, reason, defect, judged_as, known)
    if not cell.inapplicable:
        for case in cell.cases:
            if not case.expected:
                where = f"{target}, judged as {judged_as}" if judged_as else target
                raise UsageError(f"{bug.name}: nothing is expected of {variant}/{case.name} on {where}")
    return cell


def calibrators(
    cell: Cell, case: str, available: Availability = availability, with_itself: bool = False
) -> list[Cell]:
    """The cells of the same bug whose rate for this case can stand for what `cell` would miss; nearest first.

    Nearest: see `distance`; within one distance the catalogue's order counts. A model's rate says nothing
    about a real kernel, nor the other way round.
    """
    bug = cell.bug
    kernel = targets.parse(cell.target).kernel
    found = []
    for target in dict.fromkeys([cell.target, *bug.targets]):
        if targets.parse(target).kernel != kernel or not available(target).ready:
            continue
        judged_as = cell.judged_as if target == cell.target else ""
        for variant in bug.variants:
            reason = bug.why_inapplicable(variant, judged_as or target)
            other = Cell(bug, variant, target, reason, cell.defect, judged_as, cell.known)
            if other.shows_bug(case) and (with_itself or other.key != cell.key):
                found.append(other)
    return sorted(found, key=lambda other: distance(cell, other))


def distance(cell: Cell, other: Cell) -> int:
    """How far a measurement on `other` is from `cell`: 0 same target, 1 same os-arch, 2 the same place, 3 others."""
    if other.target == cell.target:
        return 0
    if other.port == cell.port:
        return 1
    return 2 if other.target.split("@", 1)[1] == cell.target.split("@", 1)[1] else 3


def run_order(cells: Sequence[Cell]) -> list[Cell]:
    """The order to run in: bug by bug, and in each bug first what calibrates the rest."""
    bugs = list(dict.fromkeys(cell.bug.name for cell in cells))

    def rank(cell: Cell) -> tuple[int, int, int]:
        showing = any(cell.shows_bug(case) for case in cell.bug.cases_on(cell.target))
        return (bugs.index(cell.bug.name), 0 if showing else 1, list(cell.bug.variants).index(cell.variant))

    return sorted(cells, key=rank)
