"""The views: nothing that a reader needs is missing from any of them."""

from __future__ import annotations

import copy
import io
import json
import re
import xml.etree.ElementTree as xml
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from conftest import GOOD_RUNTIME, KERNEL_BUG, NATIVE, RUNTIME_BUG, Repository
from faultline import catalogue, cells, results
from faultline.views import compare, html, junit, postmortem, terminal, text
from rich.console import Console
from test_conductor import conductor_of, here

Json = dict[str, Any]


@pytest.fixture(name="red", scope="module")
def red_document(tmp_path_factory: pytest.TempPathFactory) -> tuple[Json, Repository]:
    """A run with every kind of cell: passed, failed, broken, inapplicable."""
    repository = Repository(tmp_path_factory.mktemp("views"))
    from conftest import HERE, PYTHON, script

    for name, path in (("jail", "tools/jail/jail"), ("inject", "kernel/inject")):
        script(repository.bin / path, f'exec {PYTHON} -S -E {HERE}/fakes/{name}.py "$@"')
    repository.add("foreign", RUNTIME_BUG, {**GOOD_RUNTIME, "whole": "die-talking", "saying": "control"})
    inapplicable = {"looped on *+restart*": "nothing <to> loop"}
    repository.add(
        "lost", {**KERNEL_BUG, "inapplicable": inapplicable}, {"direct": "under-fault", "looped": "clean"}
    )
    plan = cells.select(catalogue.read(repository.root), cells.Selection(), here)
    repository.out.mkdir()
    store = results.Store(repository.out, repository.root, plan, {"scale": "quick", "seed": 1, "defect": ""})
    one = conductor_of(repository)
    for cell in cells.run_order(plan.cells):
        store.add(one.conduct(cell).as_json())
    document: Json = json.loads(store.path.read_text())
    return document, repository


def printed(document: Json, width: int) -> str:
    console = Console(file=io.StringIO(), width=width, highlight=False)
    terminal.show(console, document)
    return console.file.getvalue()  # type: ignore[attr-defined,no-any-return]


@pytest.mark.parametrize("width", [200, 100, 60])
def test_terminal_has_every_cell_and_all_that_failed(red: tuple[Json, Repository], width: int) -> None:
    document, _ = red
    said = printed(document, width)
    matrix = said[: said.index("FAILED")]
    assert matrix.count("reproduced") == 2 and matrix.count("clean") == 2 and matrix.count("n/a") == 1
    assert matrix.count("! crash !") == 1 and matrix.count("! broken !") == 1
    assert "…" not in matrix
    assert f"FAILED foreign whole on {NATIVE}: crash, expected clean" in said
    for needed in (
        "case self: got crash, expected clean",
        'symptom   died of SIGSEGV, fd 2: "fatal error"',
        "read      runtime/os/linux/sigtramp.S:33",
        "page       repro/foreign/README.md",
        "again      ./faultline run --bug foreign --variant whole",
        "evidence  evidence/foreign/whole/linux-amd64_native/self/",
        "once more bazel-bin/repro/foreign/foreign.whole.linux-amd64 --case self",
        "reason    the control failed",
        "7 cells: 5 passed, 2 failed",
    ):
        assert needed in said.replace("\n", " ") or needed in said


def test_terminal_letters_stand_for_targets_where_room_is_short(red: tuple[Json, Repository]) -> None:
    assert "A  linux-amd64@native" not in printed(red[0], 200)
    assert "A  linux-amd64@native" in printed(red[0], 60)


def test_terminal_has_several_tables_where_targets_are_many() -> None:
    releases = [f"freebsd-{arch}@model-{release}" for release in range(7, 12) for arch in ("amd64", "386")]
    faulted = "linux-amd64@native+restart.fast-return"
    cells = [
        {
            **{"bug": "foreign", "variant": "whole", "target": target, "cases": []},
            **{"verdict": "reproduced", "passed": True},
        }
        for target in ["linux-amd64@native", *releases, faulted]
    ]
    said = printed({"cells": cells}, 120)
    assert "…" not in said and max(map(len, said.splitlines())) <= 120
    assert said.count("reproduced") == len(cells)
    headers = [line.split()[3:] for line in said.splitlines() if line.startswith("bug / variant")]
    assert headers == [["A", "B"], ["C", "D", "E", "F", "G"], ["H", "I", "J", "K", "L"]]
    legend = re.findall(r"^([A-Z])  (\S+)", said, re.MULTILINE)
    assert legend[:2] == [("A", "linux-amd64@native"), ("B", faulted)]
    assert [name for _, name in legend[2:7]] == releases[::2]


def test_terminal_says_what_was_left_out_or_not_run(red: tuple[Json, Repository]) -> None:
    document = copy.deepcopy(red[0])
    document["left_out"] = [{"target": "linux-386@native", "reason": "refused", "remedy": "a kernel"}]
    document["cells"].pop()
    said = printed(document, 150)
    assert "left out: linux-386@native: refused (it takes a kernel)" in said and "1 not run" in said


def test_svg_is_made_from_the_matrix(red: tuple[Json, Repository]) -> None:
    picture = terminal.svg(red[0])
    xml.fromstring(picture)
    said = re.sub(r"<[^>]*>", " ", picture).replace("&#160;", " ")
    assert "./faultline run" in said and "reproduced" in said and "7 cells" in said
    assert terminal.svg(red[0]) == picture
    assert re.findall(r"https?://[^\"' )]*", picture) == ["http://www.w3.org/2000/svg"]


def test_junit(red: tuple[Json, Repository]) -> None:
    root = xml.fromstring(junit.render(red[0]))
    counts = {name: int(root.get(name, "")) for name in ("tests", "failures", "errors", "skipped")}
    assert counts == {"tests": 10, "failures": 2, "errors": 2, "skipped": 1}
    assert len(root.findall(".//testcase")) == 10
    failure = root.find(".//testcase[@classname='foreign.whole']/failure")
    assert failure is not None and failure.text is not None
    assert failure.get("message") == 'crash, expected clean: died of SIGSEGV, fd 2: "fatal error"'
    assert "runtime/os/linux/sigtramp.S:33" in failure.text and "repro/foreign/README.md" in failure.text
    skipped = root.find(".//skipped")
    assert skipped is not None and skipped.get("message") == "nothing <to> loop"


def test_junit_survives_what_xml_cannot_hold(red: tuple[Json, Repository]) -> None:
    document = copy.deepcopy(red[0])
    for cell in document["cells"]:
        for case in cell["cases"]:
            case["symptom"] = "a\0b\x1b[31m"
    xml.fromstring(junit.render(document))


class _Page(HTMLParser):
    """Collects ids, links and loaded resources, and complains about tags that do not close."""

    VOID = {"meta", "line", "circle", "path", "br", "hr", "img", "input"}

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.loaded: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, Any]]) -> None:
        values = dict(attrs)
        if "id" in values:
            self.ids.append(values["id"])
        if tag == "a":
            self.links.append(values["href"])
        if tag in ("script", "link", "img", "iframe"):
            self.loaded.append(tag)
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in self.VOID:
            assert self.open.pop() == tag


def test_html_is_whole_and_needs_nothing_else(red: tuple[Json, Repository]) -> None:
    document, repository = red
    page = html.render(document, repository.out, repository.root)
    parser = _Page()
    parser.feed(page)
    assert parser.open == [] and parser.loaded == []
    assert len(parser.ids) == len(set(parser.ids))
    assert {link[1:] for link in parser.links if link.startswith("#")} <= set(parser.ids)
    for cell in document["cells"]:
        assert cell["target"] in page
    for needed in (
        "prefers-color-scheme: dark",
        "What failed",
        "<em>much</em>",
        "signal kills the program",
        "nothing &lt;to&gt; loop",
        "sigtramp.S:33",
        '<svg class="chart"',
        "second run of the same command",
        "https://example.org/1",
        "start bug=fake",
    ):
        assert needed in page, needed
    assert "<h4>Why</h4>" in page


def test_html_escapes_what_programs_say(red: tuple[Json, Repository]) -> None:
    document, repository = copy.deepcopy(red[0]), red[1]
    path = document["cells"][0]["cases"][0]["evidence"][0]
    (repository.out / path).write_text("<script>alert(1)</script>")
    (repository.root / "repro/foreign/README.md").write_text("# x\n\n<script>alert(2)</script>\n")
    document["cells"][0]["cases"][0]["symptom"] = "<script>alert(3)</script>"
    assert "<script>" not in html.render(document, repository.out, repository.root)


def test_html_survives_lost_evidence_and_pages(red: tuple[Json, Repository], tmp_path: Path) -> None:
    document = {**red[0], "bugs": []}
    assert "foreign" in html.render(document, tmp_path, tmp_path)


def test_html_shortens_long_evidence(red: tuple[Json, Repository]) -> None:
    document, repository = red
    path = document["cells"][0]["cases"][0]["evidence"][0]
    (repository.out / path).write_text("x" * 1_000_000)
    page = html.render(document, repository.out, repository.root)
    assert "[the file goes on]" in page and len(page) < 500_000


def test_chart_puts_rates_where_they_belong() -> None:
    judged = {"verdict": "reproduced", "hits": 10, "opportunities": 100, "rate": [0.01, 0.1]}
    clean = {"verdict": "clean", "hits": 0, "opportunities": 100, "rate": [0.0, 1e-5]}
    picture = html.chart([("a <b>", judged), ("c", clean), ("none", {**clean, "opportunities": 0})])
    xml.fromstring(picture)
    assert 'cx="700.0"' in picture  # a tenth: one decade of seven left of the end at 760
    assert 'x1="640.0" x2="700.0"' in picture and 'x1="340.0" x2="460.0"' in picture
    assert "none" not in re.sub(r'class="[^"]*"', "", picture)
    assert html.chart([]) == ""


def test_compare(red: tuple[Json, Repository]) -> None:
    before = red[0]
    assert compare.changes(before, before) == []
    after = copy.deepcopy(before)
    cell = next(cell for cell in after["cells"] if cell["verdict"] == "clean")
    cell["cases"][0].update(verdict="crash", passed=False)
    gone = after["cells"].pop(0)
    rate = next(cell for cell in after["cells"] if cell["hits"])["cases"][0]
    rate.update(hits=1, opportunities=1_000_000, rate=[1e-8, 1e-5])
    found = {change.what: change for change in compare.changes(before, after)}
    assert found["verdict"].worse and found["verdict"].after == "crash (failed)"
    assert found["rate"].after.startswith("1 of 1000000") and not found["rate"].worse
    assert gone["bug"] in found["cell"].cell and found["cell"].after == "not there"
    back = compare.changes(after, before)
    assert not any(change.worse for change in back if change.what == "verdict")


def test_text_for_rates() -> None:
    assert [text.percent(rate) for rate in (0, 1, 0.0123, 1e-7)] == ["0 %", "100 %", "1.23 %", "1.0e-07"]


def test_text_for_counts() -> None:
    clean = {"verdict": "clean", "hits": 0, "opportunities": 12, "rate": [0, 0.3], "miss": 7.9e-7}
    assert text.counts(clean) == "0 of 12 opportunities, chance to have missed it 7.9e-07"
    assert text.counts({**clean, "miss": 0.0}).endswith("missed it below 1e-15")
    seen = {**clean, "verdict": "reproduced", "hits": 6, "rate": [0.2, 0.8]}
    assert text.counts(seen) == "6 of 12 opportunities (rate 20 % to 80 %)"


POSTMORTEM = {
    "schema": "faultline.postmortem/1",
    "pid": 4,
    "tid": 5,
    "signal": {"name": "SIGSEGV", "code": 1, "address": "0x4"},
    "threads": [
        {
            "tid": 4,
            "name": "first",
            "state": "S",
            "wchan": "futex_do_wait",
            "syscall": {"name": "futex", "arguments": ["0x1", "0x0"]},
            "registers": {"eax": "0x1", "ebx": "0x2", "ecx": "0x3", "edx": "0x4", "esi": "0x5"},
            "frames": [{"pc": "0x40", "function": "wait", "offset": 3, "file": "./runtime/a.S", "line": 28}],
        },
        {"tid": 5, "name": "second", "state": "t", "syscall": None, "frames": [{"pc": "0x41"}]},
    ],
    "maps": [
        "00400000-00401000 r--p 00000000 fe:00 1112    /long/way/to/program",
        "f7-f8 rw-p 00000000 00:00 0",
    ],
}


def test_postmortem_in_words() -> None:
    said = postmortem.words(json.dumps(POSTMORTEM))
    assert said.splitlines()[0] == "process 4: SIGSEGV, code 1, at address 0x4"
    assert said.index("thread 5 second, state t  <- the one that died") < said.index("thread 4 first")
    for needed in (
        "waits in futex_do_wait",
        "in futex(0x1, 0x0)",
        "ebx=0x2",
        "wait+3  runtime/a.S:28",
        "1112  program",
        "f7-f8",
    ):
        assert needed in said, needed
    assert "/long/way" not in said and "None" not in said


@pytest.mark.parametrize("content", ["", "{", "[]", '{"a": 1}', '{"schema": "faultline.x", "threads": [3]}'])
def test_what_is_no_postmortem_stays_as_it_is(content: str) -> None:
    assert postmortem.words(content) == content
