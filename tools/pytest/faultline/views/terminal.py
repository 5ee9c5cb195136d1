"""The results in a terminal: the matrix, the failures, one closing line."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Mapping, Sequence

from rich import box
from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from . import text

Json = Mapping[str, Any]

STYLES = {
    "reproduced": "magenta",
    "clean": "green",
    "diagnosed": "cyan",
    "crash": "red",
    "hang": "red",
    "broken": "red",
    "inapplicable": "dim",
}

FAILED_STYLE = "bold white on red"

# A defect may turn every case of a cell; the report has them all.
EXPLAINED_CASES = 3

# Narrower than this a column of verdicts cannot be.
_VERDICT_WIDTH = 12


def verdict(cell: Json) -> Text:
    """A cell's verdict as one word; a failed one cannot be overlooked, also without colours."""
    word = cell["verdict"]
    if cell["passed"]:
        return Text("n/a" if word == "inapplicable" else word, style=STYLES[word])
    return Text(f"! {word} !", style=FAILED_STYLE)


def split_target(target: str) -> list[str]:
    """A target over several lines, so that its column stays narrow."""
    return re.findall(r"[@+,]?[^@+,]+", target)


def matrix(document: Json, width: int) -> RenderableType:
    """Bugs and variants down, targets across. Where the names do not fit, letters stand for the targets; where not all
    targets fit, there are several tables, and those of one kind stay together."""
    cells = document["cells"]
    targets = list(dict.fromkeys(cell["target"] for cell in cells))
    rows = list(dict.fromkeys((cell["bug"], cell["variant"], cell.get("kind", "")) for cell in cells))
    by_key = {(cell["bug"], cell["variant"], cell["target"]): cell for cell in cells}
    models = text.models(document)
    headers = {name: [*split_target(name), *(["(a model)"] if name in models else [])] for name in targets}
    left = max((len(variant) for _, variant, _ in rows), default=0) + 2
    left = max([left, *(len(bug) for bug, _, _ in rows)]) + 13
    needed = left + sum(max(_VERDICT_WIDTH, *map(len, headers[name])) + 3 for name in targets)
    lettered = needed > width and len(targets) > 1

    tables = _across(targets, max(1, (width - left) // (_VERDICT_WIDTH + 3))) if lettered else [targets]
    targets = [target for across in tables for target in across]
    letters = {target: _letter(place) for place, target in enumerate(targets)}
    parts: list[RenderableType] = []
    for across in tables:
        table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, padding=(0, 1))
        table.add_column("bug / variant", no_wrap=True)
        table.add_column("", no_wrap=True, style="dim")
        for target in across:
            header = letters[target] if lettered else "\n".join(headers[target])
            table.add_column(
                header, no_wrap=True, vertical="bottom", justify="left", min_width=_VERDICT_WIDTH
            )
        last = ""
        for bug, variant, kind in rows:
            found = [by_key.get((bug, variant, target)) for target in across]
            if not any(found):
                continue
            if bug != last:
                if last:
                    table.add_row()
                table.add_row(Text(bug, style="bold"))
                last = bug
            table.add_row(
                f"  {variant}", kind, *(verdict(cell) if cell else Text("·", style="dim") for cell in found)
            )
        parts += [Text(""), table] if parts else [table]
    if not lettered:
        return parts[0]
    legend = Table.grid(padding=(0, 2))
    for target in targets:
        legend.add_row(Text(letters[target], style="bold"), target, text.MODEL if target in models else "")
    return Group(*parts, Text(""), legend)


def _across(targets: Sequence[str], most: int) -> list[list[str]]:
    """The targets of each table, `most` at most: those of one port and one kind in one, as far as they fit."""
    tables: list[list[str]] = []
    kinds: dict[str, list[str]] = {}
    for target in targets:
        kinds.setdefault(re.split(r"[-:+]", target.partition("@")[2])[0] + target.split("@")[0], []).append(
            target
        )
    for kind in kinds.values():
        for begin in range(0, len(kind), most):
            part = kind[begin : begin + most]
            if tables and len(tables[-1]) + len(part) <= most:
                tables[-1] += part
            else:
                tables.append(part)
    return tables


def _letter(place: int) -> str:
    return chr(ord("A") + place) if place < 26 else f"T{place}"


def failures(document: Json) -> list[Text]:
    """What to read about each failed cell."""
    lines: list[Text] = []
    for cell in document["cells"]:
        if cell["passed"]:
            continue
        head, *rest = text.explain(cell, EXPLAINED_CASES)
        lines.append(Text(f"FAILED {head}", style="bold red"))
        lines += [Text(line) for line in rest]
        lines.append(Text(""))
    return lines


def summary(document: Json) -> str:
    """The closing line's counts."""
    cells = document["cells"]
    passed = sum(1 for cell in cells if cell["passed"])
    line = f"{len(cells)} cells: {passed} passed, {len(cells) - passed} failed"
    missing = document.get("planned", len(cells)) - len(cells)
    if missing > 0:
        line += f", {missing} not run"
    modelled = sum(1 for cell in cells if text.is_model(cell))
    if modelled:
        line += f", {modelled} of them on models"
    return f"{line} in {document.get('seconds', 0):.1f} s"


def left_out(document: Json) -> list[str]:
    """A line for each target that this machine cannot run."""
    return [
        f"left out: {out['target']}: {out['reason']}"
        + (f" (it takes {out['remedy']})" if out.get("remedy") else "")
        for out in document.get("left_out", [])
    ]


def show(console: Console, document: Json, files: Sequence[Path] = ()) -> None:
    """Prints the whole view."""
    console.print()
    if document["cells"]:
        console.print(matrix(document, console.width))
        console.print()
    for line in failures(document):
        console.print(line, soft_wrap=True)
    for words in text.machines(document):
        console.print(Text(words, style="dim"), soft_wrap=True)
    for words in text.known(document):
        console.print(Text(words, style="yellow"), soft_wrap=True)
    for words in left_out(document):
        console.print(Text(words, style="yellow"), soft_wrap=True)
    good = all(cell["passed"] for cell in document["cells"]) and document.get("complete", True)
    console.print(Text(summary(document), style="bold green" if good else "bold red"))
    for path in files:
        console.print(Text(f"  {path}", style="dim"), soft_wrap=True)


def svg(document: Json, width: int = 150) -> str:
    """The terminal's matrix as a picture."""
    with open("/dev/null", "w", encoding="utf-8") as nowhere:
        console = Console(
            record=True, width=width, file=nowhere, force_terminal=True, color_system="truecolor"
        )
        console.print(Text.assemble(("$ ", "dim"), ("./faultline run", "bold")))
        console.print()
        console.print(matrix(document, width))
        console.print()
        good = all(cell["passed"] for cell in document["cells"])
        console.print(Text(summary(document), style="bold green" if good else "bold red"))
        # A fixed id keeps the picture's text the same from run to run; fonts are the viewer's own, not fetched.
        picture = console.export_svg(title="faultline", unique_id="faultline")
    return re.sub(r"\s*@font-face \{.*?\}|\s*<!--.*?-->", "", picture, flags=re.DOTALL)
