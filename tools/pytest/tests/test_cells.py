"""Which cells a selection names, and in which order they run."""

from __future__ import annotations

from pathlib import Path

import pytest
from conftest import FAULTED, KERNEL_BUG, NATIVE, Repository, declaration, ports_table
from faultline import catalogue, cells
from faultline.cells import Selection
from faultline.errors import FaultlineError, MissingError, UsageError
from faultline.targets import Availability

READY = Availability(True, "here")


def here(_target: str) -> Availability:
    return READY


def without_faults(target: str) -> Availability:
    return Availability("+" not in target, "no tracer", "a tracer")


def plan(repository: Repository, available: cells.Availability = here, **selection: object) -> list[str]:
    chosen = Selection(**{key: tuple(value) if isinstance(value, list) else value for key, value in selection.items()})  # type: ignore[arg-type]
    found = cells.select(catalogue.read(repository.root), chosen, available)
    return [f"{cell.bug.name} {cell.id}" for cell in found.cells]


def test_everything(repository: Repository) -> None:
    assert plan(repository) == [
        f"foreign trusting on {NATIVE}",
        f"foreign saying on {NATIVE}",
        f"foreign whole on {NATIVE}",
        f"lost-argument direct on {NATIVE}",
        f"lost-argument direct on {FAULTED}",
        f"lost-argument looped on {NATIVE}",
        f"lost-argument looped on {FAULTED}",
    ]
    # What stands beside the catalogue: see test_through.py.
    assert plan(repository, targets=["*"]) == plan(repository)


def test_by_bug_target_variant_and_tag(repository: Repository) -> None:
    assert len(plan(repository, bugs=["foreign"])) == 3
    assert len(plan(repository, bugs=["*-argument"])) == 4
    assert len(plan(repository, tags=["signal"])) == 3
    assert len(plan(repository, targets=["*+restart*"])) == 2
    assert len(plan(repository, targets=[NATIVE])) == 5
    assert plan(repository, variants=["whole"]) == [f"foreign whole on {NATIVE}"]


@pytest.mark.parametrize(
    "selection,said",
    [
        ({"bugs": ["foriegn"]}, "unknown bug 'foriegn'. Did you mean foreign?"),
        ({"tags": ["signl"]}, "unknown tag 'signl'. Did you mean signal?"),
        ({"variants": ["hole"]}, "unknown variant 'hole'. Did you mean whole?"),
        ({"targets": ["linux-amd64@native+"]}, "is not a target"),
        ({"targets": ["linux-arm64@*"]}, "unknown target 'linux-arm64@*'"),
        ({"targets": ["linux-riscv64@native"]}, "no selected bug is built for linux-riscv64"),
        ({"bugs": ["foreign"], "tags": ["restart"]}, "no selected bug has the tag restart"),
        ({"defect": "trsut"}, "unknown defect 'trsut'. Did you mean trust? The defects: say, trust"),
        ({"bugs": ["lost-argument"], "defect": "trust"}, "built with it: foreign"),
        ({"defect": "say"}, "no bug's 'breaks' names it"),
        ({"bugs": ["foreign"], "variants": ["direct"]}, "unknown variant 'direct'"),
    ],
)
def test_wrong_names(repository: Repository, selection: dict[str, object], said: str) -> None:
    with pytest.raises(UsageError) as caught:
        plan(repository, **selection)
    assert said in str(caught.value)


def test_a_target_with_other_faults_can_be_asked_for(repository: Repository) -> None:
    other = "linux-amd64@native+restart.fast-return,mode=any,every=3"
    assert plan(repository, bugs=["lost-argument"], targets=[other]) == [
        f"lost-argument direct on {other}",
        f"lost-argument looped on {other}",
    ]


def test_a_target_that_cannot_run_is_left_out_or_missed(repository: Repository) -> None:
    found = cells.select(catalogue.read(repository.root), Selection(), without_faults)
    assert [out.target for out in found.left_out] == [FAULTED]
    assert len(found.cells) == 5
    with pytest.raises(MissingError, match="cannot run here: no tracer. It takes a tracer"):
        plan(repository, without_faults, targets=[FAULTED])
    with pytest.raises(MissingError, match="no selected target can run here"):
        plan(repository, without_faults, targets=["*+restart*"])


def test_only_bugs_built_with_a_defect_run_with_it(repository: Repository) -> None:
    assert all(name.startswith("foreign ") for name in plan(repository, defect="trust"))
    found = cells.select(catalogue.read(repository.root), Selection(defect="trust"), here)
    assert {cell.variant: cell.built_defect for cell in found.cells} == {
        "trusting": "",
        "saying": "",
        "whole": "trust",
    }


def test_vulnerable_first(repository: Repository) -> None:
    found = cells.select(catalogue.read(repository.root), Selection(), here)
    order = [f"{cell.bug.name} {cell.id}" for cell in cells.run_order(found.cells)]
    assert order.index(f"lost-argument direct on {FAULTED}") < order.index(
        f"lost-argument direct on {NATIVE}"
    )
    assert order.index(f"foreign trusting on {NATIVE}") < order.index(f"foreign whole on {NATIVE}")
    assert sorted(order) == sorted(plan(repository))


def test_calibrators_are_the_nearest_first(tmp_path: Path) -> None:
    targets = [
        "linux-386@native",
        "linux-386@native+a.b",
        NATIVE,
        "linux-amd64@native+c.d",
        "linux-amd64@native+a.b",
    ]
    bug = {
        **KERNEL_BUG,
        "targets": targets,
        "expect": {"direct/* on *+*": "reproduced", "*/* on *": "clean"},
        "inapplicable": {"direct on linux-386@*": "no such call"},
    }
    folder = tmp_path / "repro/lost"
    folder.mkdir(parents=True)
    ports_table(tmp_path)
    (folder / "BUILD.bazel").write_text(declaration("lost", bug))
    (folder / "README.md").write_text("# Lost\n")
    (read,) = catalogue.read(tmp_path).bugs

    def of(variant: str, target: str) -> list[str]:
        return [
            other.target for other in cells.calibrators(cells.Cell(read, variant, target, ""), "pair", here)
        ]

    assert of("looped", "linux-amd64@native+a.b") == ["linux-amd64@native+a.b", "linux-amd64@native+c.d"]
    assert of("looped", NATIVE) == ["linux-amd64@native+c.d", "linux-amd64@native+a.b"]
    # 386 has no vulnerable variant: the same faults on the other arch are nearer than other faults.
    assert of("looped", "linux-386@native+a.b") == ["linux-amd64@native+a.b", "linux-amd64@native+c.d"]


def test_an_unexpected_combination_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "repro/lost"
    folder.mkdir(parents=True)
    ports_table(tmp_path)
    bug = {**KERNEL_BUG, "expect": {f"*/* on {NATIVE}": "clean", f"*/* on {FAULTED}": "clean"}}
    (folder / "BUILD.bazel").write_text(declaration("lost", bug))
    (folder / "README.md").write_text("# Lost\n")
    with pytest.raises(FaultlineError, match="nothing is expected of direct/pair"):
        cells.select(catalogue.read(tmp_path), Selection(targets=(NATIVE + "+x.y",)), here)
