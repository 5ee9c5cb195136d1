"""What a run means, and what all runs of a case mean: the seven verdicts."""

from __future__ import annotations

import dataclasses
import json
import re
from pathlib import Path
from typing import Any, Callable, Iterable, Mapping, Sequence

from . import stats, targets
from .catalogue import VERDICTS, Bug
from .runner import Observation

# Of several outcomes of one case the first of these is its verdict.
GRAVITY = ("broken", "crash", "hang", "reproduced", "diagnosed", "clean")

# Of several passing cases of one cell the first of these is its verdict.
TELLING = ("reproduced", "diagnosed", "clean", "crash", "hang", "broken")

# A source path of this project, from its folder on; what stands before depends on who compiled it.
OURS = re.compile(r"(?:^|/)((?:repro|runtime|kernel|abi)/.*)$")

EXIT_HARNESS_FAILED = 3
EXIT_BAD_ARGUMENTS = 64
EXIT_TRACER_FAILED = 125


@dataclasses.dataclass(frozen=True)
class Outcome:
    """One run, classified. `symptom` says what was seen in words; `at` is the line to read, if known."""

    verdict: str
    symptom: str
    at: str = ""
    died: bool = False


def dies(bug: Bug) -> bool:
    """Whether the bug ends the process that shows it: then each run is one opportunity."""
    return not any("event" in condition for condition in bug.symptoms)


def matches(condition: Mapping[str, str], seen: Observation) -> bool:
    """Whether all of a symptom's or diagnosis' conditions hold for a run."""
    tests: dict[str, Callable[[str], bool]] = {
        "event": lambda value: value == "hit" and seen.hits > 0,
        "signal": lambda value: seen.signal == value,
        "exit": lambda value: seen.exit_code is not None and seen.exit_code == int(value),
        "stdout": lambda value: re.search(value, seen.stdout) is not None,
        "stderr": lambda value: re.search(value, seen.stderr) is not None,
    }
    return all(tests[key](value) for key, value in condition.items())


def first_line(text: str) -> str:
    """The first line that says something, shortened."""
    for line in text.splitlines():
        if line.strip():
            return line.strip()[:200]
    return ""


def _fd2(seen: Observation) -> str:
    said = first_line(seen.stderr)
    return f'fd 2: "{said}"' if said else "nothing on fd 2"


def classify(bug: Bug, seen: Observation, postmortem: Path | None = None) -> Outcome:
    """One run's outcome. `postmortem` is where the tracer had to write one, where the run was traced."""
    broken = _broken(seen, postmortem)
    if broken:
        return Outcome("broken", broken)
    if seen.hang:
        return Outcome("hang", seen.hang)
    died = bool(seen.signal) or seen.exit_code != 0
    at = line_of(seen, postmortem)
    # Before the control has passed and the dangerous step was announced nothing can be a symptom.
    counts = seen.controlled and (seen.opportunities > 0 or seen.hits > 0)
    if counts and any(matches(condition, seen) for condition in bug.symptoms):
        return Outcome("reproduced", _symptom(seen, died), at, died)
    if counts and any(matches(condition, seen) for condition in bug.diagnoses):
        return Outcome("diagnosed", _symptom(seen, died), at, died)
    if seen.exit_code == EXIT_HARNESS_FAILED:
        return Outcome("broken", f"the program gave up (3): {seen.last_note or _fd2(seen)}")
    if not died and seen.hits:
        return Outcome("crash", f"{_symptom(seen, died)}, which is no declared symptom of this bug", at)
    if not died and seen.ended:
        return Outcome("clean", "")
    if not died:
        return Outcome("broken", "exited with 0 and printed no end line")
    early = "" if counts else ", before its first opportunity"
    return Outcome("crash", f"{seen.ending}{early}, {_fd2(seen)}", at, died)


def _broken(seen: Observation, postmortem: Path | None) -> str:
    if seen.failed:
        return seen.failed
    if seen.control_failed:
        return f"the control failed: {seen.control_failed}"
    if seen.exit_code == EXIT_TRACER_FAILED and postmortem:
        return f"the tracer failed (125), {_fd2(seen)}"
    if seen.exit_code == EXIT_BAD_ARGUMENTS:
        return f"the program refused its arguments (64), {_fd2(seen)}"
    if seen.exit_code is not None and not seen.started:
        return f"exited with {seen.exit_code} before its first line, {_fd2(seen)}"
    # The tracer dies of its program's signal, but writes a postmortem first.
    if seen.signal == "SIGKILL" and postmortem and not _has_content(postmortem):
        return "the tracer was killed (SIGKILL) and took the program with it"
    return ""


def _has_content(path: Path) -> bool:
    return path.exists() and path.stat().st_size > 0


def _symptom(seen: Observation, died: bool) -> str:
    if died:
        return f"{seen.ending}, {_fd2(seen)}"
    if not seen.hit_events:
        return f"{seen.hits} hits"
    shown = {name: value for name, value in seen.hit_events[0].fields.items() if name != "at"}
    return "hit: " + " ".join(f"{name}={value}" for name, value in shown.items())


def line_of(seen: Observation, postmortem: Path | None) -> str:
    """The source line to read: where the hit was seen, or where the program died; "" if unknown."""
    for event in seen.hit_events:
        if event.fields.get("at"):
            return event.fields["at"]
    return line_in_postmortem(postmortem) if postmortem and seen.signal else ""


def line_in_postmortem(postmortem: Path) -> str:
    """The innermost frame of the thread that died which has a line in this project; else in any source."""
    try:
        data = json.loads(postmortem.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return ""
    if not isinstance(data, dict):
        return ""
    # The thread that died first, then the others.
    threads = sorted(data.get("threads", []), key=lambda thread: bool(thread.get("tid") != data.get("tid")))
    lines = [
        f"{frame['file']}:{frame['line']}"
        for thread in threads
        for frame in thread.get("frames", [])
        if frame.get("file") and frame.get("line")
    ]
    ours = [line for line in lines if OURS.search(line)]
    return next(iter(ours + lines), "")


@dataclasses.dataclass
class Tally:
    """All runs of one case so far."""

    runs: int = 0
    attempts: int = 0
    opportunities: int = 0
    hits: int = 0
    left_behind: int = 0
    outcomes: list[Outcome] = dataclasses.field(default_factory=list)

    def add(self, seen: Observation, outcome: Outcome) -> None:
        """Counts one run. A death that was looked for is one hit; it had one opportunity at least."""
        self.runs += 1
        self.outcomes.append(outcome)
        self.left_behind += seen.left_behind
        hits = 0
        if outcome.verdict in ("reproduced", "diagnosed"):
            hits = max(1, seen.hits)
        self.hits += hits
        # A restart without a handler on that thread is seen as a hit, but cannot be counted as an opportunity.
        self.opportunities += max(seen.opportunities, hits)
        self.attempts += max(seen.attempts, hits)

    @property
    def verdict(self) -> str:
        """The gravest outcome; clean when there was none."""
        verdicts = [outcome.verdict for outcome in self.outcomes]
        return next((word for word in GRAVITY if word in verdicts), "clean")

    @property
    def outcome(self) -> Outcome:
        """The outcome that the verdict stands for."""
        verdict = self.verdict
        return next((out for out in self.outcomes if out.verdict == verdict), Outcome("clean", ""))

    @property
    def decided(self) -> bool:
        """Whether no further run can change the verdict."""
        return self.verdict in ("broken", "crash", "hang")

    @property
    def rate(self) -> tuple[float, float]:
        """The exact interval of hits per opportunity."""
        return stats.interval(self.hits, self.opportunities)


@dataclasses.dataclass(frozen=True)
class Basis:
    """The rate that a clean verdict measures itself by, and where it comes from."""

    rate: float
    source: str


@dataclasses.dataclass(frozen=True)
class CaseResult:
    """One case, judged."""

    case: str
    line: str
    verdict: str
    expected: tuple[str, ...]
    runs: int
    attempts: int
    opportunities: int
    hits: int
    rate: tuple[float, float]
    power: float | None
    miss: float | None
    power_from: str
    seconds: float
    reason: str
    symptom: str
    at: str
    evidence: tuple[str, ...]
    command: str
    known: str = ""

    @property
    def passed(self) -> bool:
        """Whether the verdict is among those expected."""
        return self.verdict in self.expected

    def as_json(self) -> dict[str, Any]:
        """As it stands in results.json."""
        data = dataclasses.asdict(self)
        return {**data, **_lists(data, ("expected", "rate", "evidence")), "passed": self.passed}


@dataclasses.dataclass(frozen=True)
class CellResult:
    """One cell, judged."""

    bug: str
    variant: str
    kind: str
    target: str
    verdict: str
    expected: tuple[str, ...]
    passed: bool
    seconds: float
    reason: str
    page: str
    again: str
    cases: tuple[CaseResult, ...] = ()
    # The target whose expectations held, where it was another.
    judged_as: str = ""

    def as_json(self) -> dict[str, Any]:
        """As it stands in results.json: the sums of the cases, and of the telling case what cannot be summed."""
        telling = next(
            (case for case in self.cases if case.verdict == self.verdict and case.passed == self.passed), None
        )
        hits = sum(case.hits for case in self.cases)
        opportunities = sum(case.opportunities for case in self.cases)
        clean = [case for case in self.cases if case.verdict == "clean" and case.miss is not None]
        weakest = max(clean, key=lambda case: case.miss or 0.0, default=None)
        return {
            "bug": self.bug,
            "variant": self.variant,
            "kind": self.kind,
            "target": self.target,
            "kernel": targets.parse(self.target).kernel,
            "judged_as": self.judged_as or self.target,
            "verdict": self.verdict,
            "expected": list(self.expected),
            "passed": self.passed,
            "attempts": sum(case.attempts for case in self.cases),
            "opportunities": opportunities,
            "hits": hits,
            "rate": list(stats.interval(hits, opportunities)),
            "power": weakest.power if weakest else None,
            "miss": weakest.miss if weakest else None,
            "seconds": round(self.seconds, 3),
            "reason": self.reason,
            "symptom": telling.symptom if telling else "",
            "at": telling.at if telling else "",
            "evidence": [path for case in self.cases for path in case.evidence],
            "command": telling.command if telling else "",
            "page": self.page,
            "again": self.again,
            "cases": [case.as_json() for case in self.cases],
        }


def _lists(data: Mapping[str, Any], names: Iterable[str]) -> dict[str, list[Any]]:
    return {name: list(data[name]) for name in names}


def judge_case(tally: Tally, basis: Basis | None, miss: float) -> tuple[str, str, float | None]:
    """A case's verdict, the reason where it needs one, and the chance to have missed the bug if it is clean.

    With a basis, silence is clean only if the chance to have missed the bug is below `miss`; with less than
    that the case starved, which is a failure of the harness.
    """
    verdict, reason = tally.verdict, ""
    if verdict in ("broken", "crash", "hang"):
        return verdict, tally.outcome.symptom, None
    if verdict != "clean":
        return verdict, reason, None
    if tally.opportunities == 0:
        return "broken", f"starved: no opportunity in {tally.attempts} attempts", None
    if basis is None:
        return "clean", "the symptom was expected and is not there", None
    missed = stats.miss_chance(basis.rate, tally.opportunities)
    if missed >= miss:
        needed = stats.opportunities_needed(basis.rate, miss)
        return (
            "broken",
            f"starved: {tally.opportunities} opportunities in {tally.attempts} attempts, {needed} needed "
            f"to miss a rate of {basis.rate:.2g} ({basis.source}) with a chance below {miss:g}",
            None,
        )
    return "clean", reason, missed


def judge_cell(cases: Sequence[CaseResult]) -> tuple[str, tuple[str, ...], bool, str]:
    """A cell's verdict, what was expected, whether it passed, and why it did not.

    The first failing case speaks for the cell; when all pass, the most telling one does.
    """
    for case in cases:
        if not case.passed:
            text = f"{case.case}: {case.verdict}, expected {' or '.join(case.expected)}"
            detail = "; ".join(words for words in (case.reason or case.symptom, case.known) if words)
            return case.verdict, case.expected, False, f"{text}: {detail}" if detail else text
    verdict = next(word for word in TELLING if any(case.verdict == word for case in cases))
    expected = tuple(word for word in VERDICTS if any(word in case.expected for case in cases))
    return verdict, expected, True, "; ".join(dict.fromkeys(case.known for case in cases if case.known))
