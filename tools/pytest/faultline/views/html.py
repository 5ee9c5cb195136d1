"""The results as one self-contained HTML page: matrix, failures, a section per bug, the evidence of each cell."""

from __future__ import annotations

import html
import math
import re
from pathlib import Path
from typing import Any, Mapping

from . import postmortem, text
from .terminal import split_target, summary

Json = Mapping[str, Any]

# Of each evidence file at most this much stands in the page; the file itself has all.
SHOWN_BYTES = 8 * 1024
READ_BYTES = 1024 * 1024

# The chart's axis: rates from one in ten million to one, a decade each.
_DECADES = 7


def _slug(*words: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", " ".join(words).lower()).strip("-")


def markdown(source: str) -> str:
    """A page's Markdown as HTML, its headings below those of the report. Raw HTML in it is shown, not used."""
    from markdown_it import MarkdownIt

    parser = MarkdownIt("js-default")
    tokens = parser.parse(source)
    # The title stands above the page already.
    if tokens and tokens[0].type == "heading_open" and tokens[0].tag == "h1":
        tokens = tokens[3:]
    for token in tokens:
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{min(6, int(token.tag[1]) + 2)}"
    rendered: str = parser.renderer.render(tokens, parser.options, {})
    return rendered


def evidence(folder: Path, names: list[str]) -> list[dict[str, str]]:
    """The evidence files' texts, shortened."""
    found = []
    for name in names:
        try:
            with (folder / name).open("rb") as file:
                content = file.read(READ_BYTES).decode("utf-8", "replace")
        except OSError:
            continue
        if name.endswith(".json"):
            content = postmortem.words(content)
        shown = content[:SHOWN_BYTES]
        if len(content) > SHOWN_BYTES:
            shown += "\n[the file goes on]"
        if shown.strip():
            found.append({"name": name, "file": name.rsplit("/", 1)[-1], "text": shown})
    return found


def _x(rate: float, width: float) -> float:
    """A rate's place on the logarithmic axis."""
    if rate <= 0:
        return 0.0
    return width * min(1.0, max(0.0, 1 + math.log10(rate) / _DECADES))


def chart(rows: list[tuple[str, Json]]) -> str:
    """An SVG of rates with their exact intervals, one row each; "" when nothing was counted.

    Hits: a dot in its interval. No hits: an open interval from zero to what the count still allows.
    """
    rows = [(label, judged) for label, judged in rows if judged["opportunities"]]
    if not rows:
        return ""
    left, width, step, top = 340, 420, 22, 26
    height = top + step * len(rows) + 12
    parts = [
        f'<svg class="chart" viewBox="0 0 {left + width + 40} {height}" role="img" '
        'aria-label="rates per opportunity with their 95 % intervals">'
    ]
    for decade in range(_DECADES + 1):
        x = left + width * decade / _DECADES
        label = "1" if decade == _DECADES else f"10<tspan dy='-5' font-size='8'>-{_DECADES - decade}</tspan>"
        parts.append(f'<line class="grid" x1="{x:.1f}" x2="{x:.1f}" y1="{top - 6}" y2="{height - 8}"/>')
        parts.append(f'<text class="tick" x="{x:.1f}" y="{top - 12}" text-anchor="middle">{label}</text>')
    for place, (label, judged) in enumerate(rows):
        y = top + step * place + step / 2
        low, high = judged["rate"]
        start, end = left + _x(low, width), left + _x(high, width)
        kind = "hit" if judged["hits"] else "none"
        parts.append(
            f'<text class="label" x="{left - 12}" y="{y + 4:.1f}" text-anchor="end">{html.escape(label)}</text>'
        )
        parts.append(
            f'<line class="bar {kind}" x1="{start:.1f}" x2="{end:.1f}" y1="{y:.1f}" y2="{y:.1f}">'
            f"<title>{html.escape(text.counts(judged))}</title></line>"
        )
        if judged["hits"]:
            x = left + _x(judged["hits"] / judged["opportunities"], width)
            parts.append(f'<circle class="dot" cx="{x:.1f}" cy="{y:.1f}" r="4"/>')
        else:
            parts.append(
                f'<line class="end" x1="{end:.1f}" x2="{end:.1f}" y1="{y - 5:.1f}" y2="{y + 5:.1f}"/>'
            )
    parts.append("</svg>")
    return "".join(parts)


def _bug(about: Json, document: Json, folder: Path, root: Path) -> dict[str, Any]:
    cells = [cell for cell in document["cells"] if cell["bug"] == about["name"]]
    page = ""
    try:
        page = markdown((root / about.get("page", "")).read_text(encoding="utf-8"))
    except OSError:
        page = ""
    shown = []
    for cell in cells:
        cases = [
            {**case, "files": evidence(folder, case["evidence"]), "counts": text.counts(case)}
            for case in cell["cases"]
        ]
        shown.append(
            {
                **cell,
                "id": _slug(cell["bug"], cell["variant"], cell["target"]),
                "cases": cases,
                "counts": text.counts(cell),
            }
        )
    variants: dict[str, dict[str, Any]] = {}
    for cell in shown:
        row = variants.setdefault(
            cell["variant"], {"name": cell["variant"], "kind": cell.get("kind", ""), "cells": {}}
        )
        row["cells"][cell["target"]] = cell
    rows = [(f"{cell['variant']} on {cell['target']}", cell) for cell in cells]
    return {
        **dict.fromkeys(("seat", "fault", "upstream", "affects", "tags"), ""),
        **about,
        "id": _slug(about["name"]),
        "html": page,
        "cells": shown,
        "rows": list(variants.values()),
        "chart": chart([(_short(label), cell) for label, cell in rows]),
        "passed": all(cell["passed"] for cell in cells),
    }


def _short(label: str, width: int = 54) -> str:
    return label if len(label) <= width else label[: width - 1] + "…"


def render(document: Json, folder: Path, root: Path) -> str:
    """The page. `folder` is where the document's evidence lies, `root` the repository with the bugs' pages."""
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    cells = document["cells"]
    targets = list(dict.fromkeys(cell["target"] for cell in cells))
    about = {bug["name"]: bug for bug in document.get("bugs", [])}
    for cell in cells:
        about.setdefault(
            cell["bug"],
            {"name": cell["bug"], "title": "", "page": cell.get("page", "")},
        )
    bugs = [_bug(bug, document, folder, root) for bug in about.values()]
    failing = [
        {
            "cell": cell,
            "lines": "\n".join(text.explain(cell)),
            "id": _slug(cell["bug"], cell["variant"], cell["target"]),
        }
        for cell in cells
        if not cell["passed"]
    ]
    return environment.get_template("report.html.j2").render(
        document=document,
        bugs=bugs,
        targets=targets,
        split_target=split_target,
        models=text.models(document),
        machines=text.machines(document),
        known=text.known(document),
        model_label=text.MODEL,
        failing=failing,
        meaning=text.MEANING,
        summary=summary(document),
        good=not failing and bool(cells) and document.get("complete", True),
    )
