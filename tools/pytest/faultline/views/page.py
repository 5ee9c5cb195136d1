"""A bug's page in a terminal: rich renders the Markdown, and this the tables in it, which rich leaves as they are."""

from __future__ import annotations

import re
from typing import Iterator

from rich import box
from rich.console import RenderableType
from rich.markdown import Markdown
from rich.table import Table
from rich.text import Text

# The line below a table's head: |---|:---:|
_RULE = re.compile(r"^\s*\|?(\s*:?-+:?\s*\|)+(\s*:?-+:?\s*)?$")

_FENCE = re.compile(r"^\s*(```|~~~)")

_INLINE = re.compile(
    r"`(?P<code>[^`]+)`|\*\*(?P<strong>.+?)\*\*|\*(?P<em>[^*\s][^*]*)\*"
    r"|<(?P<bare>https?://[^>\s]+)>|\[(?P<words>[^\]]+)\]\((?P<link>[^)\s]+)\)"
)


def render(source: str) -> Iterator[RenderableType]:
    """The page, part by part."""
    lines = source.splitlines()
    prose: list[str] = []
    fenced = False
    at = 0
    while at < len(lines):
        fenced ^= bool(_FENCE.match(lines[at]))
        if fenced or "|" not in lines[at] or at + 1 == len(lines) or not _RULE.match(lines[at + 1]):
            prose.append(lines[at])
            at += 1
            continue
        if any(line.strip() for line in prose):
            yield Markdown("\n".join(prose))
            yield ""
        prose = []
        head, at = lines[at], at + 2
        rows = []
        while at < len(lines) and "|" in lines[at]:
            rows.append(_split(lines[at]))
            at += 1
        yield _table(_split(head), rows)
        if at < len(lines):
            yield ""
    if any(line.strip() for line in prose):
        yield Markdown("\n".join(prose))


def _split(line: str) -> list[str]:
    """The cells of a table's line; a | in one is written \\|."""
    line = re.sub(r"^\s*\||(?<!\\)\|\s*$", "", line)
    return [cell.replace("\\|", "|").strip() for cell in re.split(r"(?<!\\)\|", line)]


def _table(head: list[str], rows: list[list[str]]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, padding=(0, 1))
    for name in head:
        table.add_column(_inline(name), header_style="bold", overflow="fold")
    for row in rows:
        table.add_row(*(_inline(cell) for cell in row[: len(head)]))
    return table


def _inline(source: str) -> Text:
    """Code, emphasis and links within a line."""
    text = Text()
    end = 0
    for match in _INLINE.finditer(source):
        text.append(source[end : match.start()])
        end = match.end()
        if match["code"]:
            text.append(match["code"], style="markdown.code")
        elif match["bare"]:
            text.append(match["bare"])
        elif match["words"]:
            text.append(f"{match['words']} ({match['link']})")
        else:
            text.append(match["strong"] or match["em"], style="bold" if match["strong"] else "italic")
    text.append(source[end:])
    return text
