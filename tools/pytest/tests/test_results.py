"""The document: its schema, its order, and that a write never loses the one before."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from conftest import NATIVE, Repository
from faultline import catalogue, cells, results
from faultline.errors import MissingError, UsageError
from test_conductor import cell_of, conductor_of, here


@pytest.fixture(name="store")
def filled_store(repository: Repository) -> results.Store:
    """A store with two of seven cells, the later one first."""
    plan = cells.select(catalogue.read(repository.root), cells.Selection(), here)
    repository.out.mkdir()
    store = results.Store(repository.out, repository.root, plan, {"scale": "quick", "seed": 1, "defect": ""})
    one = conductor_of(repository)
    for variant in ("whole", "trusting"):
        store.add(one.conduct(cell_of(repository, "foreign", variant)).as_json())
    return store


def test_the_document_follows_its_schema(store: results.Store) -> None:
    document = store.document()
    assert results.problems(document) == []
    assert results.read(store.path.parent) == results.read(store.path)
    assert [cell["variant"] for cell in document["cells"]] == ["trusting", "whole"]
    assert (document["planned"], document["complete"]) == (7, False)


def test_every_key_of_the_interface_is_there(store: results.Store) -> None:
    keys = "bug variant target verdict expected passed attempts opportunities hits rate power seconds reason symptom"
    for cell in store.document()["cells"]:
        assert set(f"{keys} evidence command cases".split()) <= set(cell)


def _without(document: dict[str, Any]) -> None:
    del document["cells"][0]["verdict"]


def _word(document: dict[str, Any]) -> None:
    document["cells"][0]["verdict"] = "fine"


def _rate(document: dict[str, Any]) -> None:
    document["cells"][0]["cases"][0]["rate"] = [0, 2]


def _schema(document: dict[str, Any]) -> None:
    document["schema"] = "faultline.results/2"


@pytest.mark.parametrize(
    "spoil,said", [(_without, "'verdict'"), (_word, "'fine'"), (_rate, "2"), (_schema, "results/1")]
)
def test_the_schema_refuses_what_is_wrong(store: results.Store, spoil: Any, said: str) -> None:
    document = json.loads(store.path.read_text())
    spoil(document)
    assert any(said in line for line in results.problems(document))
    store.path.write_text(json.dumps(document))
    with pytest.raises(UsageError, match="is not a results document"):
        results.read(store.path)


def test_what_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot read"):
        results.read(tmp_path / "no.json")
    (tmp_path / "results.json").write_text("{")
    with pytest.raises(UsageError, match="is not JSON"):
        results.read(tmp_path)


def test_a_failed_write_keeps_the_file_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "results.json"
    results.write_atomically(path, "one")

    def full(_descriptor: int) -> None:
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(MissingError, match="No space left"):
        results.write_atomically(path, "two")
    assert path.read_text() == "one" and os.listdir(tmp_path) == ["results.json"]


def test_a_file_is_replaced_and_never_rewritten(tmp_path: Path) -> None:
    """Who reads it meanwhile has the one before, whole."""
    path = tmp_path / "results.json"
    results.write_atomically(path, "one")
    with path.open() as reader:
        results.write_atomically(path, "two")
        assert (reader.read(), path.read_text()) == ("one", "two")


def test_a_broken_cell_is_a_result_too(repository: Repository) -> None:
    cell = cell_of(repository, "foreign", "whole", NATIVE)
    document = {"schema": results.SCHEMA, "tool": {"name": "faultline", "version": "1"}, "started": "now"}
    document["host"] = {"system": "Linux", "release": "6", "machine": "x", "cpus": 1}
    document["cells"] = [results.broken_cell(cell, "the driver failed", "page")]
    assert results.problems(document) == []
    assert results.failed(document) == document["cells"]
