"""Two results documents: which cells' verdicts changed, and whose rates."""

from __future__ import annotations

import dataclasses
from typing import Any, Mapping

Json = Mapping[str, Any]


@dataclasses.dataclass(frozen=True)
class Change:
    """One difference between two runs. `worse`: the cell passed before and does not now."""

    cell: str
    what: str
    before: str
    after: str
    worse: bool


def _index(document: Json) -> dict[str, Json]:
    found: dict[str, Json] = {}
    for cell in document["cells"]:
        key = f"{cell['bug']} {cell['variant']} on {cell['target']}"
        for case in cell["cases"] or [cell]:
            found[f"{key}: {case['case']}" if "case" in case else key] = case
    return found


def _word(judged: Json) -> str:
    return str(judged["verdict"]) + ("" if judged["passed"] else " (failed)")


def _rate(judged: Json) -> str:
    low, high = judged["rate"]
    return f"{judged['hits']} of {judged['opportunities']} ({low:.3g} to {high:.3g})"


def changes(before: Json, after: Json) -> list[Change]:
    """Every case that came, went, changed its verdict, or whose rate's intervals no longer overlap."""
    old, new = _index(before), _index(after)
    found = []
    for name in dict.fromkeys([*old, *new]):
        if name not in new:
            found.append(Change(name, "cell", _word(old[name]), "not there", old[name]["passed"]))
        elif name not in old:
            found.append(Change(name, "cell", "not there", _word(new[name]), not new[name]["passed"]))
        elif _word(old[name]) != _word(new[name]):
            worse = old[name]["passed"] and not new[name]["passed"]
            found.append(Change(name, "verdict", _word(old[name]), _word(new[name]), worse))
        else:
            (low, high), (new_low, new_high) = old[name]["rate"], new[name]["rate"]
            if new_low > high or new_high < low:
                found.append(Change(name, "rate", _rate(old[name]), _rate(new[name]), False))
    return found
