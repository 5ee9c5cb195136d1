"""The results as JUnit XML: a test suite per bug and target, a test case per case."""

from __future__ import annotations

import re
import xml.etree.ElementTree as xml
from typing import Any, Mapping

from . import text

Json = Mapping[str, Any]

# Characters that XML 1.0 has no way to write.
_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def _clean(value: str) -> str:
    return _FORBIDDEN.sub("\ufffd", value)


def render(document: Json) -> str:
    """The whole document. A cell that broke is an error, one that failed a failure, one that cannot be is skipped."""
    root = xml.Element("testsuites", name="faultline")
    suites: dict[tuple[str, str], list[Json]] = {}
    for cell in document["cells"]:
        suites.setdefault((cell["bug"], cell["target"]), []).append(cell)
    total = {"tests": 0, "failures": 0, "errors": 0, "skipped": 0}
    for (bug, target), cells in suites.items():
        label = f" ({text.MODEL})" if text.is_model(cells[0]) else ""
        suite = xml.SubElement(
            root,
            "testsuite",
            name=f"{bug} on {target}{label}",
            timestamp=document["started"].split("+")[0],
            hostname=document["host"]["machine"],
            time=f"{sum(cell['seconds'] for cell in cells):.3f}",
        )
        count = {"tests": 0, "failures": 0, "errors": 0, "skipped": 0}
        for cell in cells:
            for judged in cell["cases"] or [cell]:
                count["tests"] += 1
                kind = _add(suite, cell, judged)
                if kind:
                    count[kind] += 1
        for key, number in count.items():
            suite.set(key, str(number))
            total[key] += number
    for key, number in total.items():
        root.set(key, str(number))
    root.set("time", f"{document.get('seconds', 0):.3f}")
    xml.indent(root)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + xml.tostring(root, encoding="unicode") + "\n"


def _add(suite: xml.Element, cell: Json, judged: Json) -> str:
    """Adds one test case; the count that it belongs to besides the tests."""
    test = xml.SubElement(
        suite,
        "testcase",
        classname=f"{cell['bug']}.{cell['variant']}",
        name=_clean(f"{judged.get('case', 'cell')} on {cell['target']}"),
        time=f"{judged['seconds']:.3f}",
    )
    properties = xml.SubElement(test, "properties")
    xml.SubElement(properties, "property", name="kernel", value=cell.get("kernel", "real"))
    for key in ("verdict", "at", "command"):
        if judged.get(key):
            xml.SubElement(properties, "property", name=key, value=_clean(str(judged[key])))
    xml.SubElement(properties, "property", name="expected", value=" ".join(judged["expected"]))
    if judged["verdict"] == "inapplicable":
        xml.SubElement(test, "skipped", message=_clean(cell["reason"]))
        return "skipped"
    if judged["passed"]:
        xml.SubElement(test, "system-out").text = _clean(text.counts(judged))
        return ""
    broken = judged["verdict"] == "broken"
    message = f"{judged['verdict']}, expected {' or '.join(judged['expected'])}"
    said = judged["symptom"] or judged["reason"]
    failure = xml.SubElement(
        test,
        "error" if broken else "failure",
        type=judged["verdict"],
        message=_clean(f"{message}: {said}" if said else message),
    )
    failure.text = _clean("\n".join(text.explain(cell)))
    return "errors" if broken else "failures"
