"""Words for cells, shared by the terminal, JUnit and the HTML report."""

from __future__ import annotations

from typing import Any, Mapping

Json = Mapping[str, Any]

# What each verdict says, for people who meet the words for the first time.
MEANING = {
    "reproduced": "the bug's declared symptom was seen",
    "clean": "all the work done and no symptom, with a stated power",
    "diagnosed": "the runtime met the condition and said so",
    "crash": "died in an undeclared way",
    "hang": "no progress within the watchdog's time",
    "broken": "the harness failed: could not start, lost output, or starved",
    "inapplicable": "this cell cannot exist",
}


MODEL = "a model, not the real kernel"


def is_model(cell: Json) -> bool:
    """Whether the cell ran on a model: its verdict says nothing about the system's real kernel."""
    return bool(cell.get("kernel") == "model")


def name(cell: Json) -> str:
    """A cell's name in one line."""
    label = f" ({MODEL})" if is_model(cell) else ""
    return f"{cell['bug']} {cell['variant']} on {cell['target']}{label}"


def models(document: Json) -> list[str]:
    """The targets that are models."""
    return list(dict.fromkeys(cell["target"] for cell in document["cells"] if is_model(cell)))


def machines(document: Json) -> list[str]:
    """A line for each target with a machine of its own: what it is, and whose expectations held there."""
    lines = []
    for target, facts in document.get("machines", {}).items():
        judged = {cell.get("judged_as") for cell in document["cells"] if cell["target"] == target}
        others = sorted(name for name in judged if name and name != target)
        line = f"{target}: {facts['system']} {facts['release']}, {facts['machine']}"
        line += f", through {facts['through']}" if "through" in facts else ""
        lines.append(f"{line}; expected is what is expected of {', '.join(others)}" if others else line)
    return lines


def known(document: Json) -> list[str]:
    """A line for each known failure of a target that was met as expected."""
    lines: dict[str, list[str]] = {}
    for cell in document["cells"]:
        for case in cell["cases"]:
            if case["passed"] and case.get("known"):
                lines.setdefault(f"{cell['target']}: {case['known']}", []).append(case["case"])
    return [f"{line}: {len(cases)} cases" for line, cases in lines.items()]


def percent(rate: float) -> str:
    """A rate for people: 0.05 %, 1.2e-07 for what is too small for that."""
    if rate == 0:
        return "0 %"
    if rate < 1e-4:
        return f"{rate:.1e}"
    return f"{100 * rate:.3g} %"


def counts(judged: Json) -> str:
    """The counts of a cell or case, and what follows from them."""
    hits, opportunities = judged["hits"], judged["opportunities"]
    text = f"{hits} of {opportunities} opportunities"
    if hits:
        low, high = judged["rate"]
        text += f" (rate {percent(low)} to {percent(high)})"
    miss = judged.get("miss")
    if miss is not None and judged["verdict"] == "clean":
        text += (
            f", chance to have missed it {miss:.1e}"
            if miss > 1e-15
            else ", chance to have missed it below 1e-15"
        )
    return text


def failing_cases(cell: Json) -> list[Json]:
    """The cases of a cell that did not pass."""
    return [case for case in cell["cases"] if not case["passed"]]


def explain(cell: Json, most: int = 1000) -> list[str]:
    """Why a cell failed, line by line: the cell, expected against got, the symptom, the line to read.

    At most `most` cases are explained, the others only named.
    """
    lines = [f"{name(cell)}: {cell['verdict']}, expected {' or '.join(cell['expected'])}"]
    failing = failing_cases(cell)
    for case in failing[:most]:
        lines.append(
            f"  case {case['case']}: got {case['verdict']}, expected {' or '.join(case['expected'])}"
        )
        if case["symptom"]:
            lines.append(f"    symptom   {case['symptom']}")
        if case["reason"] and case["reason"] != case["symptom"]:
            lines.append(f"    reason    {case['reason']}")
        if case.get("known"):
            lines.append(f"    {case['known']}")
        lines.append(f"    counted   {counts(case)}")
        if case["at"]:
            lines.append(f"    read      {case['at']}")
        if case["evidence"]:
            lines.append(f"    evidence  {'/'.join(case['evidence'][0].split('/')[:-1])}/")
        if case["command"]:
            lines.append(f"    once more {case['command']}")
    if failing[most:]:
        lines.append(f"  and so did {', '.join(case['case'] for case in failing[most:])}")
    if not cell["cases"] and cell["reason"]:
        lines.append(f"    reason    {cell['reason']}")
    lines.append(f"  page       {cell['page']}")
    if cell["again"]:
        lines.append(f"  again      {cell['again']}")
    return lines
