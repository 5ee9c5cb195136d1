"""Targets that are models of other systems' kernels: run as such, labelled as such, never taken for the real one."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from conftest import GOOD_KERNEL, GOOD_RUNTIME, KERNEL_BUG, NATIVE, RUNTIME_BUG, Repository
from faultline import catalogue, cells, results, targets
from faultline.errors import MissingError, UsageError
from faultline.targets import Availability, Recording, Toolbox
from faultline.views import junit, terminal, text
from rich.console import Console

pytestmark = pytest.mark.skipif(os.uname().machine != "x86_64", reason="models run on x86-64 alone")

OLD, NEW = "freebsd-amd64@model-9.1", "freebsd-amd64@model-10.4"

BUG = {
    **KERNEL_BUG,
    "targets": [NATIVE, OLD, NEW],
    "expect": {"direct/* on *@model-9.1": "reproduced", "*/* on *": "clean"},
}


@pytest.fixture(name="modelled")
def with_models(empty: Repository) -> Repository:
    """A repository whose bug is expected on one release of a model."""
    empty.add("lost-argument", BUG, GOOD_KERNEL)
    return empty


def test_the_command() -> None:
    target = targets.parse("freebsd-386@model-9.1")
    assert (target.kernel, target.traced, target.name) == ("model", True, "freebsd-386@model-9.1")
    recording = Recording(Path("/e/f"), Path("/e/p"))
    assert target.command(Toolbox(Path("/b")), Path("/p"), ["--list"], 7, recording) == [
        *("/b/kernel/model/model", "--system", "freebsd-9.1", "--schedule", "hostile", "--seed", "7"),
        *("--log", "/e/f", "--postmortem", "/e/p", "--", "/p", "--list"),
    ]


@pytest.mark.parametrize(
    "where", ["model", "model-", "model-9.x", "model-9.1+restart.fast-return", "model:9.1"]
)
def test_no_model(where: str) -> None:
    with pytest.raises(UsageError):
        targets.parse(f"freebsd-amd64@{where}")


def test_availability(monkeypatch: pytest.MonkeyPatch) -> None:
    state = targets.parse(OLD).availability()
    assert state.ready and state.reason.startswith("a model of freebsd 9.1 on Linux")
    assert "no model of linux" in targets.parse("linux-amd64@model-6").availability().reason
    assert not targets.parse("freebsd-arm64@model-13").availability().ready
    monkeypatch.setattr(targets.model, "runs_386", lambda: False)
    assert "refuses 386" in targets.parse("freebsd-386@model-13").availability().reason


def test_a_model_that_is_not_built_is_named(modelled: Repository) -> None:
    (modelled.bin / "kernel/model/model").unlink()
    with pytest.raises(
        MissingError, match="kernel/model/model is not there. Build it: bazel build //kernel/model"
    ):
        targets.parse(OLD).prepare(Toolbox(modelled.bin))
    done = modelled.run("run", "--no-build", "--target", OLD)
    assert done.returncode == 3 and "//kernel/model" in done.stderr
    assert modelled.run("run", "--no-build", "--quick", "--target", NATIVE).returncode == 0


def test_what_is_expected_differs_by_release(modelled: Repository) -> None:
    found = {
        (cell["variant"], cell["target"]): (cell["verdict"], cell["kernel"])
        for cell in modelled.cells("--quick", code=0)
    }
    assert found == {
        ("direct", NATIVE): ("clean", "real"),
        ("direct", OLD): ("reproduced", "model"),
        ("direct", NEW): ("clean", "model"),
        ("looped", NATIVE): ("clean", "real"),
        ("looped", OLD): ("clean", "model"),
        ("looped", NEW): ("clean", "model"),
    }


def test_a_release_that_the_model_does_not_know_is_broken(modelled: Repository) -> None:
    (cell, _) = modelled.cells("--quick", "--target", "freebsd-amd64@model-8.1", code=1)
    assert cell["verdict"] == "broken" and "there is no system 'freebsd-8.1'" in cell["reason"]


def test_a_model_is_always_called_one(modelled: Repository) -> None:
    done = modelled.run("run", "--no-build", "--quick", "--out", str(modelled.out))
    assert done.returncode == 0, done.stderr
    document = results.read(modelled.out)
    assert text.models(document) == [OLD, NEW]
    said = done.stdout
    assert f"direct on {OLD} (a model, not the real kernel)" in said
    assert "4 of them on models" in said and said.count("(a model)") == 2
    page = (modelled.out / "report.html").read_text()
    # The matrix' header, and each cell.
    assert page.count('<span class="model">') == 2 + 4
    assert f"lost-argument on {OLD} (a model, not the real kernel)" in junit.render(document)
    assert 'name="kernel" value="model"' in junit.render(document)
    assert terminal.summary({**document, "cells": document["cells"][:1]}).count("model") == 0


def test_a_narrow_terminal_calls_it_one_too(modelled: Repository) -> None:
    document = {"cells": modelled.cells("--quick")}
    with open(os.devnull, "w", encoding="utf-8") as nowhere:
        console = Console(width=60, record=True, file=nowhere)
        console.print(terminal.matrix(document, 60))
        assert console.export_text().count(text.MODEL) == 2


@pytest.mark.parametrize("symptoms", [[], [{"event": "hit"}]], ids=["always dies", "may be survived"])
def test_few_deaths_are_enough_on_a_model(empty: Repository, symptoms: list[dict[str, str]]) -> None:
    bug = {**RUNTIME_BUG, "targets": [NATIVE, OLD], "symptoms": [*RUNTIME_BUG["symptoms"], *symptoms]}
    empty.add("foreign", bug, GOOD_RUNTIME)
    trusting = {cell["target"]: cell for cell in empty.cells("--quick") if cell["variant"] == "trusting"}
    deaths = {target: cell["cases"][0]["hits"] for target, cell in trusting.items()}
    assert deaths == {NATIVE: 4 if not symptoms else 5, OLD: 2}
    assert all(cell["passed"] for cell in trusting.values())


def test_models_and_real_kernels_do_not_calibrate_each_other(modelled: Repository) -> None:
    bug = catalogue.read(modelled.root).bugs[0]

    def here(_target: str) -> Availability:
        return Availability(True, "here")

    def nearest(target: str) -> list[str]:
        return [other.target for other in cells.calibrators(cells.make(bug, "looped", target), "pair", here)]

    assert nearest(NATIVE) == [] and nearest(NEW) == [OLD]
