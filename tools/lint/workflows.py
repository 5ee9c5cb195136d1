"""Checks the files of hosted CI: their form, that each job is one gate call, and that every port has its gate."""

from __future__ import annotations

import json
import re
import sys
import types
from pathlib import Path
from typing import Any, Iterator, Mapping, Sequence

import jsonschema
import yaml  # type: ignore[import]  # Debian has no types of it

HERE = Path(__file__).absolute().parent

# A gate call: the driver's, or the kit's script where no driver is. Set-up stands in steps of its own, but for what
# unpacks a kit.
_GATE = re.compile(r"(?:tar xzf faultline-kit\.tar\.gz && faultline-kit/run\.sh|ci/gate)( .+)?")
# What may stand beside it, whole: it makes ready, and judges nothing.
_SET_UP = (
    "apt-get update && apt-get install -y --no-install-recommends git ca-certificates python3",
    "./faultline doctor --fix",
)


def ports(table: str) -> list[str]:
    """The OS-ARCH names of bazel/ports.bzl. It is read as the Python that it is too, with Starlark's own words."""
    words: dict[str, Any] = {"struct": types.SimpleNamespace, "select": dict}
    exec(compile(table, "ports.bzl", "exec"), words)
    return list(words["PORTS"])


def load(text: str) -> Any:
    """A workflow file. YAML 1.1 takes the word `on` for true."""
    document = yaml.safe_load(text)
    if isinstance(document, dict) and True in document:
        document["on"] = document.pop(True)
    return document


def _commands(job: Mapping[str, Any]) -> Iterator[str]:
    """What a job runs, here and in machines that its actions start."""
    for step in job["steps"]:
        for command in (step.get("run"), step.get("with", {}).get("run")):
            if command is not None:
                yield command.strip()


def _gated(job: Mapping[str, Any], command: str) -> list[str]:
    """The OS/ARCH that a gate call is for, a matrix told out."""
    word = (command.split() + ["", ""])[1] if command.startswith("ci/gate ") else ""
    if command.startswith("ci/gate ${{ matrix."):
        named = re.match(r"ci/gate \$\{\{ matrix\.(\w+) \}\}", command)
        return list(job.get("strategy", {}).get("matrix", {}).get(named[1], [])) if named else []
    return [word] if "/" in word and not word.startswith("-") else []


def problems(document: Any, known: Sequence[str]) -> list[str]:
    """What is wrong with a workflow, for these ports."""
    schema = json.loads((HERE / "workflow.schema.json").read_text(encoding="utf-8"))
    wrong = [
        f"{'/'.join(str(part) for part in error.absolute_path) or 'the file'}: {error.message}"
        for error in jsonschema.Draft7Validator(schema).iter_errors(document)
    ]
    if wrong:
        return wrong
    gated: list[str] = []
    for name, job in document["jobs"].items():
        commands = [command for command in _commands(job) if command not in _SET_UP]
        if len(commands) != 1 or not _GATE.fullmatch(commands[0]) or "\n" in commands[0]:
            wrong.append(f"jobs/{name}: is not one call of ci/gate or of a kit's run.sh, but {commands}")
            continue
        gated += _gated(job, commands[0])
        needs = job.get("needs", [])
        for other in [needs] if isinstance(needs, str) else needs:
            if other not in document["jobs"]:
                wrong.append(f"jobs/{name}: needs {other}, which is no job")
        for step in job["steps"]:
            # A gate that may fail is none.
            if re.search(
                r"\|\||;|continue-on-error", step.get("run", "") + str(step.get("with", {}).get("run", ""))
            ):
                wrong.append(f"jobs/{name}: {step} may hide a failure")
    names = [port.replace("-", "/", 1) for port in known]
    wrong += [f"{name} has no job that is its gate" for name in names if name not in gated]
    wrong += [f"{name} has a gate and is no port of bazel/ports.bzl" for name in gated if name not in names]
    wrong += [
        f"{name} has {gated.count(name)} gates" for name in dict.fromkeys(gated) if gated.count(name) > 1
    ]
    return wrong


def main(root: Path) -> int:
    """Checks the tree; the number of files with problems."""
    files = sorted((root / ".github/workflows").glob("*.yml"))
    known = ports((root / "bazel/ports.bzl").read_text(encoding="utf-8"))
    bad = 0 if files and known else 1
    for path in files:
        try:
            wrong = problems(load(path.read_text(encoding="utf-8")), known)
        except yaml.YAMLError as error:
            wrong = [str(error)]
        for words in wrong:
            print(f"{path.relative_to(root)}: {words}")
        bad += bool(wrong)
    return bad


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
