"""The seven verdicts, each seen to turn: a fake program behaves so, and the cell is judged so."""

from __future__ import annotations

import copy
import json
from typing import Any, Callable, Mapping, Optional

import pytest
from conftest import FAULTED, GOOD_RUNTIME, KERNEL_BUG, NATIVE, RUNTIME_BUG, Repository
from faultline import catalogue, cells, conductor, runner
from faultline.cells import Cell
from faultline.conductor import SCALES, Conductor, Settings
from faultline.errors import MissingError
from faultline.judge import CaseResult, CellResult
from faultline.targets import Availability, Toolbox

Change = Callable[[str], Repository]


def here(_target: str) -> Availability:
    return Availability(True, "here")


def conductor_of(repository: Repository, scale: str = "quick", seed: int = 1) -> Conductor:
    repository.out.mkdir(exist_ok=True)
    return Conductor(Settings(repository.root, Toolbox(repository.bin), repository.out, SCALES[scale], seed))


def cell_of(repository: Repository, bug: str, variant: str, target: str = NATIVE, defect: str = "") -> Cell:
    selection = cells.Selection((bug,), (target,), (variant,), (), defect)
    return cells.select(catalogue.read(repository.root), selection, here).cells[0]


def conduct(repository: Repository, bug: str, variant: str, target: str = NATIVE, **how: Any) -> CellResult:
    return conductor_of(repository, **how).conduct(cell_of(repository, bug, variant, target))


def first(result: CellResult) -> CaseResult:
    return result.cases[0]


# What the catalogue expects is what good programs do.


@pytest.mark.parametrize(
    "bug,variant,target,verdict",
    [
        ("foreign", "trusting", NATIVE, "reproduced"),
        ("foreign", "saying", NATIVE, "diagnosed"),
        ("foreign", "whole", NATIVE, "clean"),
        ("lost-argument", "direct", FAULTED, "reproduced"),
        ("lost-argument", "direct", NATIVE, "clean"),
        ("lost-argument", "looped", FAULTED, "clean"),
    ],
)
def test_good_programs_pass(
    repository: Repository, bug: str, variant: str, target: str, verdict: str
) -> None:
    result = conduct(repository, bug, variant, target)
    assert (result.verdict, result.passed, result.reason) == (verdict, True, "")


# The immune variant, behaving badly: every verdict that is not clean, and why.


@pytest.mark.parametrize(
    "behaviour,verdict,said",
    [
        ("die:11", "reproduced", "died of SIGSEGV, nothing on fd 2"),
        ("say", "diagnosed", 'exited with 2, fd 2: "runtime: signal received'),
        ("die:6", "crash", "died of SIGABRT, nothing on fd 2"),
        ("die-talking", "crash", 'died of SIGSEGV, fd 2: "fatal error"'),
        ("die-early", "crash", "before its first opportunity"),
        ("hits:1", "crash", "no declared symptom"),
        ("die:9", "crash", "died of SIGKILL"),
        ("control", "broken", "the control failed: r10 is not seen"),
        ("refuse", "broken", 'refused its arguments (64), fd 2: "no such option"'),
        ("mute:1", "broken", "exited with 1 before its first line"),
        ("mute:127", "broken", "exited with 127 before its first line"),
        ("no-end", "broken", "exited with 0 and printed no end line"),
        ("give-up", "broken", "the program gave up (3): what=no timer errno=11"),
        ("starve", "broken", "starved: 3 opportunities in 15000 attempts, 20 needed"),
        ("barren", "broken", "starved: no opportunity in 5000 attempts"),
    ],
)
def test_an_immune_variant_that_is_none(changed: Change, behaviour: str, verdict: str, said: str) -> None:
    repository = changed(behaviour)
    # One that starves is run again while it gives something, and 1000 times is long for a test.
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(conductor, "MOST_RUNS", 3)
        result = conduct(repository, "foreign", "whole")
    assert (result.verdict, result.passed) == (verdict, False)
    case = first(result)
    assert said in (case.symptom if verdict != "broken" else case.reason)
    assert result.reason.startswith(f"self: {verdict}, expected clean")
    assert case.command.startswith("bazel-bin/repro/foreign/foreign.whole.linux-amd64 --case self")
    assert case.evidence


@pytest.mark.parametrize("behaviour", ["sleep", "spin"])
def test_a_hang(changed: Change, monkeypatch: pytest.MonkeyPatch, behaviour: str) -> None:
    monkeypatch.setattr(runner, "silence_limit", lambda: 0.6)
    repository = changed(f"by-case:self={behaviour};key=clean")
    result = conduct(repository, "foreign", "whole")
    assert (result.verdict, result.passed) == ("hang", False)
    names = [path.rsplit("/", 1)[1] for path in first(result).evidence]
    assert "processes.txt" in names and any(name.startswith("snapshot-") for name in names)


def test_an_unexpected_clean_fails(empty: Repository) -> None:
    """A bug that was fixed, and nobody noticed."""
    empty.add("foreign", RUNTIME_BUG, {**GOOD_RUNTIME, "trusting": "clean"})
    result = conduct(empty, "foreign", "trusting")
    assert (result.verdict, result.expected, result.passed) == ("clean", ("reproduced",), False)
    assert "the symptom was expected and is not there" in result.reason


def test_an_unexpected_clean_of_a_kernel_fails(empty: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(SCALES, "quick", conductor.Scale("quick", 1e-3, 5, 4, 0.5, 1.0))
    empty.add("lost-argument", KERNEL_BUG, {"direct": "clean", "looped": "clean"})
    result = conduct(empty, "lost-argument", "direct", FAULTED)
    assert (result.verdict, result.passed) == ("clean", False)


def test_a_diagnosis_that_is_silent_now_fails(empty: Repository) -> None:
    empty.add("foreign", RUNTIME_BUG, {**GOOD_RUNTIME, "saying": "die:11"})
    result = conduct(empty, "foreign", "saying")
    assert (result.verdict, result.expected, result.passed) == ("reproduced", ("diagnosed",), False)


def test_a_symptom_before_the_control_is_none(empty: Repository) -> None:
    """A program that dies at its start must not pass for one that shows the bug."""
    empty.add("foreign", RUNTIME_BUG, {**GOOD_RUNTIME, "trusting": "die-early"})
    assert conduct(empty, "foreign", "trusting").verdict == "crash"


def test_inapplicable_passes_with_its_reason(empty: Repository) -> None:
    bug = {**KERNEL_BUG, "inapplicable": {f"direct on {NATIVE}": "no such call here"}}
    empty.add("lost-argument", bug, {"direct": "under-fault", "looped": "clean"})
    result = conduct(empty, "lost-argument", "direct")
    assert (result.verdict, result.passed, result.reason, result.cases) == (
        "inapplicable",
        True,
        "no such call here",
        (),
    )


# A cell of several cases.


def mixed(empty: Repository, expect: Mapping[str, str], **behaviours: str) -> Repository:
    bug = copy.deepcopy(KERNEL_BUG)
    bug["cases"] = {name: f"case {name}" for name in behaviours}
    bug["expect"] = {**expect, "*/* on *": "clean"}
    table = "by-case:" + ";".join(f"{name}={behaviour}" for name, behaviour in behaviours.items())
    empty.add("lost-argument", bug, {"direct": table, "looped": "clean"})
    return empty


def test_the_most_telling_case_speaks_for_a_passing_cell(empty: Repository) -> None:
    mixed(empty, {"direct/b on *": "reproduced"}, a="clean", b="hits:1", c="clean")
    result = conduct(empty, "lost-argument", "direct")
    assert (result.verdict, result.passed) == ("reproduced", True)
    assert result.expected == ("reproduced", "clean")
    assert [case.case for case in result.cases] == ["a", "b", "c"]
    data = result.as_json()
    assert data["hits"] == sum(case.hits for case in result.cases) and data["symptom"].startswith(
        "hit: what=wait4"
    )


def test_the_first_failing_case_speaks_for_a_failing_cell(empty: Repository) -> None:
    mixed(empty, {"direct/b on *": "reproduced"}, a="clean", b="hits:1", c="die:6", d="refuse")
    result = conduct(empty, "lost-argument", "direct")
    assert (result.verdict, result.expected, result.passed) == ("crash", ("clean",), False)
    assert [case.passed for case in result.cases] == [True, True, False, False]


def test_one_of_several_expected_verdicts_will_do(empty: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(SCALES, "quick", conductor.Scale("quick", 1e-3, 5, 4, 0.3, 1.0))
    mixed(empty, {"direct/* on *": "clean|reproduced"}, a="hits:1", b="clean")
    result = conduct(empty, "lost-argument", "direct")
    assert [case.verdict for case in result.cases] == ["reproduced", "clean"] and result.passed


# Power.


def test_a_clean_verdict_states_its_power_and_where_it_comes_from(repository: Repository) -> None:
    case = first(conduct(repository, "lost-argument", "looped", FAULTED, scale="normal"))
    assert case.power_from == f"20 hits in 20 opportunities of direct/pair on {FAULTED}"
    assert case.opportunities == 8 and case.hits == 0
    assert case.miss is not None and case.miss < 1e-6 and case.power == 1 - case.miss


def test_a_healthy_target_is_judged_by_the_faulted_one(repository: Repository) -> None:
    case = first(conduct(repository, "lost-argument", "direct", NATIVE))
    assert case.power_from.endswith(f"direct/pair on {FAULTED}")


def test_a_rare_bug_takes_more_opportunities(empty: Repository) -> None:
    empty.add("lost-argument", KERNEL_BUG, {"direct": "under-fault:50", "looped": "clean"})
    case = first(conduct(empty, "lost-argument", "looped", FAULTED, scale="normal"))
    # 20 hits in 1000: the rate is 1.22 % at least.
    assert 1100 < case.opportunities < 1150 and case.verdict == "clean"


@pytest.mark.parametrize("scale,most", [("quick", 1e-3), ("normal", 1e-6), ("thorough", 1e-9)])
def test_scales(repository: Repository, scale: str, most: float) -> None:
    case = first(conduct(repository, "lost-argument", "looped", FAULTED, scale=scale))
    assert case.miss is not None and most / 1000 < case.miss < most


def test_where_nothing_shows_the_bug_the_rate_is_assumed(empty: Repository) -> None:
    bug = {**KERNEL_BUG, "expect": {"*/* on *": "clean"}}
    empty.add("lost-argument", bug, {"direct": "clean", "looped": "clean"})
    case = first(conduct(empty, "lost-argument", "looped"))
    assert "assumed rate" in case.power_from and case.verdict == "clean" and case.opportunities > 600


def test_another_case_calibrates_where_this_one_never_shows_the_bug(empty: Repository) -> None:
    mixed(empty, {"direct/b on *": "reproduced"}, a="clean", b="hits:1")
    result = conduct(empty, "lost-argument", "looped")
    assert [case.power_from for case in result.cases] == [
        f"5 hits in 5 opportunities of direct/b on {NATIVE}"
    ] * 2


class Watcher(conductor.Unwatched):
    """Notes which cases run."""

    def __init__(self) -> None:
        self.ran: list[str] = []

    def case_started(self, cell: Cell, case: cells.Case, silent: bool) -> None:
        self.ran.append(f"{'silently ' if silent else ''}{cell.variant}/{case.name} on {cell.target}")


def watched(repository: Repository) -> tuple[Conductor, Watcher]:
    watcher = Watcher()
    repository.out.mkdir(exist_ok=True)
    settings = Settings(repository.root, Toolbox(repository.bin), repository.out, SCALES["quick"])
    return Conductor(settings, watcher), watcher


def test_measured_once_is_known(repository: Repository) -> None:
    one, watcher = watched(repository)
    for variant in ("direct", "looped"):
        one.conduct(cell_of(repository, "lost-argument", variant, FAULTED))
    assert watcher.ran == [f"direct/pair on {FAULTED}", f"looped/pair on {FAULTED}"]


def test_a_lone_immune_cell_calibrates_itself_silently(repository: Repository) -> None:
    one, watcher = watched(repository)
    result = one.conduct(cell_of(repository, "lost-argument", "looped", FAULTED))
    assert result.verdict == "clean" and first(result).power_from
    assert watcher.ran == [f"silently direct/pair on {FAULTED}", f"looped/pair on {FAULTED}"]
    # What was run silently counts when its own turn comes.
    assert one.conduct(cell_of(repository, "lost-argument", "direct", FAULTED)).verdict == "reproduced"
    assert len(watcher.ran) == 2


def test_one_opportunity_per_process_is_run_as_often_as_needed(changed: Change) -> None:
    case = first(conduct(changed("once"), "foreign", "whole"))
    assert case.verdict == "clean" and case.runs == case.opportunities > 5


def test_a_death_is_one_opportunity(repository: Repository) -> None:
    case = first(conduct(repository, "foreign", "trusting", scale="normal"))
    assert (case.runs, case.opportunities, case.hits) == (10, 10, 10)
    assert case.rate == pytest.approx((0.6915, 1.0), abs=1e-4)


# Defects, seeds, evidence.


def test_a_defect_goes_into_the_default_runtime_only(repository: Repository) -> None:
    one = conductor_of(repository)
    results = [
        one.conduct(cell_of(repository, "foreign", variant, NATIVE, "trust"))
        for variant in RUNTIME_BUG["variants"]
    ]
    assert [result.passed for result in results] == [True, True, False]
    assert results[2].verdict == "reproduced" and ".with-trust " in first(results[2]).command
    assert "--defect trust" in results[2].again
    assert "with-" not in first(results[0]).command


def test_each_run_has_a_seed_of_its_own_that_is_told(repository: Repository) -> None:
    assert first(conduct(repository, "foreign", "trusting", seed=40)).command.endswith("--seed 43")
    result = conduct(repository, "lost-argument", "direct", FAULTED, seed=7)
    assert "inject --fault restart.fast-return,mode=any --seed 7 -- " in first(result).command
    assert result.again.startswith(
        "./faultline run --bug lost-argument --variant direct --target linux-amd64@native+"
    )


def evidence(repository: Repository, result: CellResult) -> dict[str, str]:
    return {path.rsplit("/", 1)[1]: (repository.out / path).read_text() for path in first(result).evidence}


def test_evidence_of_a_death_comes_from_a_second_run(repository: Repository) -> None:
    result = conduct(repository, "foreign", "trusting")
    files = evidence(repository, result)
    assert set(files) == {"events.txt", "again.sh", "postmortem.json", "second-run.txt"}
    assert (
        "second run of the same command" in files["second-run.txt"] and "the same" in files["second-run.txt"]
    )
    assert first(result).at == "runtime/os/linux/sigtramp.S:33"
    assert files["again.sh"].rstrip().endswith(first(result).command)


def test_a_second_run_without_a_postmortem_claims_none(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner, "_environment", lambda: {"PATH": "/usr/bin:/bin", "FAKE_INJECT": "killed"})
    files = evidence(repository, conduct(repository, "foreign", "trusting"))
    assert "postmortem.json" not in files
    assert files["second-run.txt"].startswith("There is no postmortem.json: it would be of the second run")


def test_evidence_of_a_fault_is_the_tracers_log(repository: Repository) -> None:
    result = conduct(repository, "lost-argument", "direct", FAULTED)
    files = evidence(repository, result)
    assert json.loads(files["faults.jsonl"])["fault"] == "restart.fast-return,mode=any"
    assert first(result).at == "repro/fake/fake.cc:88" and "postmortem.json" not in files


def test_without_a_better_line_the_case_in_the_program_is_named(repository: Repository) -> None:
    assert first(conduct(repository, "foreign", "saying")).at == "repro/foreign/fake.cc:2"


def test_a_long_log_is_shortened(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conductor, "KEPT_FAULT_LINES", 2)
    many = "linux-amd64@native" + "+restart.fast-return" * 5
    result = conduct(repository, "lost-argument", "direct", many)
    assert evidence(repository, result)["faults.jsonl"].splitlines()[2:] == ['{"left out": 3}']


# The tracer itself fails.


@pytest.mark.parametrize(
    "how,said", [("fail", "the tracer failed (125)"), ("killed", "the tracer was killed")]
)
def test_a_tracer_that_fails_is_broken(
    empty: Repository, monkeypatch: pytest.MonkeyPatch, how: str, said: str
) -> None:
    empty.add("lost-argument", KERNEL_BUG, {"direct": "die:9", "looped": "clean"})
    monkeypatch.setattr(runner, "_environment", lambda: {"PATH": "/usr/bin:/bin", "FAKE_INJECT": how})
    result = conduct(empty, "lost-argument", "direct", FAULTED)
    assert result.verdict == "broken" and said in first(result).reason


def test_a_killed_program_under_the_tracer_is_a_crash(empty: Repository) -> None:
    empty.add("lost-argument", KERNEL_BUG, {"direct": "die:9", "looped": "clean"})
    result = conduct(empty, "lost-argument", "direct", FAULTED)
    assert result.verdict == "crash" and "died of SIGKILL" in first(result).symptom


@pytest.mark.parametrize("path", ["repro/foreign/foreign.whole.linux-amd64", "tools/jail/jail"])
def test_what_is_not_built_is_named(repository: Repository, path: str) -> None:
    (repository.bin / path).unlink()
    with pytest.raises(MissingError, match="is not there. Build it: bazel build"):
        conduct(repository, "foreign", "whole")


def test_fakes_know_their_behaviours(changed: Change) -> None:
    """A misspelt behaviour must not look like a verdict by chance."""
    result: Optional[CellResult] = conduct(changed("no-such-behaviour"), "foreign", "whole")
    assert result is not None and "unknown behaviour" in first(result).reason
