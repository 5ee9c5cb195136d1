"""The catalogue: what bugs there are, read from repro/*/BUILD.bazel without running Bazel.

A bug is declared once, by an abi_bug() call with literal arguments. Starlark's literals are Python's, so
`ast` reads them. Bazel's own view of the same call is <bug>.catalogue.json; `differences` compares the two.
"""

from __future__ import annotations

import ast
import dataclasses
import fnmatch
import json
import re
from pathlib import Path
from typing import Any, Iterable, Mapping

from . import targets
from .errors import FaultlineError, UsageError

VERDICTS = ("reproduced", "diagnosed", "clean", "crash", "hang", "broken", "inapplicable")

# What may be expected of a case; the other verdicts are never what anyone wants.
EXPECTABLE = ("reproduced", "diagnosed", "clean")

KINDS = ("vulnerable", "immune")
SEATS = ("kernel", "runtime")
SYMPTOM_KEYS = ("event", "signal", "exit", "stdout", "stderr")

# Argument -> (type of its default or value, needed).
_ARGUMENTS: dict[str, tuple[type, bool]] = {
    "name": (str, True),
    "title": (str, True),
    "seat": (str, True),
    "variants": (dict, True),
    "cases": (dict, True),
    "targets": (list, True),
    "expect": (dict, True),
    "symptoms": (list, True),
    "srcs": (list, True),
    "upstream": (list, False),
    "affects": (list, False),
    "fault": (str, False),
    "tags": (list, False),
    "defects": (dict, False),
    "breaks": (list, False),
    "hosted_cases": (dict, False),
    "hosted_srcs": (list, False),
    "inapplicable": (dict, False),
    "diagnoses": (list, False),
    "paths": (dict, False),
    "also_for": (list, False),
    "only": (dict, False),
    "srcs_instead": (dict, False),
}

HOSTED = "hosted:"


@dataclasses.dataclass(frozen=True)
class Bug:
    """One abi_bug() call. The fields are its arguments; see bazel/abi_bug.bzl for their meaning."""

    name: str
    title: str
    seat: str
    variants: Mapping[str, str]
    cases: Mapping[str, str]
    targets: tuple[str, ...]
    expect: Mapping[str, str]
    symptoms: tuple[Mapping[str, str], ...]
    srcs: tuple[str, ...]
    upstream: tuple[str, ...]
    affects: tuple[str, ...]
    fault: str
    tags: tuple[str, ...]
    defects: Mapping[str, str]
    breaks: tuple[str, ...]
    hosted_cases: Mapping[str, str]
    hosted_srcs: tuple[str, ...]
    inapplicable: Mapping[str, str]
    diagnoses: tuple[Mapping[str, str], ...]
    paths: Mapping[str, str]
    also_for: tuple[str, ...]
    only: Mapping[str, str]
    srcs_instead: Mapping[str, str]
    folder: Path
    # The os-arch pairs that hosted twins are built for: WITH_LIBC of bazel/ports.bzl.
    with_libc: tuple[str, ...]

    def __str__(self) -> str:
        return self.name

    @property
    def page(self) -> Path:
        """The page that explains the bug."""
        return self.folder / "README.md"

    @property
    def ports(self) -> list[str]:
        """The os-arch pairs that it is built for: those of its targets, in their order, and then the others."""
        return list(dict.fromkeys([*(target.split("@")[0] for target in self.targets), *self.also_for]))

    @property
    def all_cases(self) -> dict[str, str]:
        """Every case with its line; those of the hosted twin as "hosted:NAME"."""
        return {**self.cases, **{HOSTED + name: line for name, line in self.hosted_cases.items()}}

    def has_hosted(self, port: str) -> bool:
        """Whether there is a hosted twin for an os-arch."""
        return bool(self.hosted_cases) and port in self.with_libc

    def cases_on(self, target: str) -> dict[str, str]:
        """The cases that there are on a target, or for an os-arch."""
        port = target.split("@")[0]
        cases = self.all_cases if self.has_hosted(port) else dict(self.cases)
        return {name: line for name, line in cases.items() if self._is_on(name, port.split("-")[0])}

    def _is_on(self, case: str, os_name: str) -> bool:
        """Whether there is a case on an operating system: one that `only` does not name is everywhere."""
        for pattern, system in self.only.items():
            if fnmatch.fnmatchcase(case, pattern):
                return system.removeprefix("!") != os_name if system.startswith("!") else system == os_name
        return True

    @property
    def places(self) -> list[str]:
        """Every target that cells may be made for by name: its own, and those offered for the other os-arch pairs."""
        others = [name for name in targets.offered() if name.split("@")[0] in self.also_for]
        return [*self.targets, *(name for name in others if name not in self.targets)]

    def why_inapplicable(self, variant: str, target: str) -> str:
        """Why this cell cannot exist, or "" when it can."""
        for pattern, reason in self.inapplicable.items():
            if fnmatch.fnmatchcase(f"{variant} on {target}", pattern):
                return reason
        return ""

    def why_not_built(self, variant: str, port: str) -> str:
        """Why there is no program of a variant for an os-arch, or "" when there is one."""
        on_port = [target for target in self.targets if target.startswith(port + "@")]
        # Elsewhere is a target without a name.
        on_port += [port + "@"] * (port in self.also_for)
        reasons = [self.why_inapplicable(variant, target) for target in on_port]
        return reasons[0] if reasons and all(reasons) else ""

    def expected(self, variant: str, case: str, target: str) -> tuple[str, ...]:
        """The verdicts that pass; empty when the catalogue does not say."""
        pattern = self._expectation(variant, case, target)
        return tuple(self.expect[pattern].split("|")) if pattern else ()

    def _expectation(self, variant: str, case: str, target: str) -> str:
        for pattern in self.expect:
            if fnmatch.fnmatchcase(f"{variant}/{case} on {target}", pattern):
                return pattern
        return ""

    def arguments(self) -> dict[str, Any]:
        """The call's arguments as plain data: the same keys and shapes as in catalogue.json."""
        return {name: _plain(getattr(self, name), kind) for name, (kind, _) in sorted(_ARGUMENTS.items())}


def _plain(value: Any, kind: type) -> Any:
    if kind is dict:
        return dict(value)
    if kind is list:
        return [dict(item) if isinstance(item, Mapping) else item for item in value]
    return value


@dataclasses.dataclass(frozen=True)
class Catalogue:
    """All bugs, in the order of their names."""

    root: Path
    bugs: tuple[Bug, ...]

    def targets(self) -> list[str]:
        """Every target that some bug names, each once, in order of appearance."""
        return list(dict.fromkeys(target for bug in self.bugs for target in bug.targets))

    def defects(self) -> list[str]:
        """Every defect of the runtime that the catalogue knows."""
        return sorted({d for bug in self.bugs for d in (*bug.breaks, *bug.defects.values())})


class _Reader:
    """Reads one BUILD.bazel; every complaint says where."""

    def __init__(self, path: Path, shown: str, with_libc: tuple[str, ...]) -> None:
        self.path = path
        self.shown = shown
        self.with_libc = with_libc

    def fail(self, line: int, message: str) -> UsageError:
        return UsageError(f"{self.shown}:{line}: {message}")

    def read(self) -> Bug:
        source = self.path.read_text(encoding="utf-8")
        try:
            tree = ast.parse(source)
        except SyntaxError as error:
            raise self.fail(error.lineno or 1, f"not readable: {error.msg}") from None
        calls = [
            node
            for node in ast.walk(tree)
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "abi_bug"
        ]
        if len(calls) != 1:
            line = calls[1].lineno if calls else 1
            raise self.fail(line, f"one folder declares one bug; there are {len(calls)} abi_bug() calls here")
        values, lines = self._values(calls[0])
        bug = Bug(folder=self.path.parent, with_libc=self.with_libc, **values)
        self._check(bug, lines)
        return bug

    def _values(self, call: ast.Call) -> tuple[dict[str, Any], dict[str, int]]:
        if call.args:
            raise self.fail(call.args[0].lineno, "abi_bug() takes named arguments only")
        values: dict[str, Any] = {}
        lines: dict[str, int] = {"": call.lineno}
        for keyword in call.keywords:
            name = keyword.arg or "**"
            if name not in _ARGUMENTS:
                raise self.fail(keyword.value.lineno, f"abi_bug() has no argument '{name}'")
            self._no_repeated_keys(keyword.value)
            try:
                value = ast.literal_eval(keyword.value)
            except ValueError:
                raise self.fail(keyword.value.lineno, f"'{name}' is not a literal") from None
            kind = _ARGUMENTS[name][0]
            if not isinstance(value, kind):
                raise self.fail(keyword.value.lineno, f"'{name}' is not a {_KIND_NAMES[kind]}")
            self._texts_only(name, value, keyword.value.lineno)
            values[name] = tuple(value) if isinstance(value, list) else value
            lines[name] = keyword.value.lineno
        for name, (kind, needed) in _ARGUMENTS.items():
            if name in values:
                if needed and not values[name]:
                    raise self.fail(lines[name], f"'{name}' is empty")
                continue
            if needed:
                raise self.fail(call.lineno, f"abi_bug() needs '{name}'")
            values[name] = () if kind is list else kind()
        return values, lines

    def _no_repeated_keys(self, node: ast.expr) -> None:
        if not isinstance(node, ast.Dict):
            return
        seen = set()
        for key in node.keys:
            if isinstance(key, ast.Constant):
                if key.value in seen:
                    raise self.fail(key.lineno, f"'{key.value}' stands here twice")
                seen.add(key.value)

    def _texts_only(self, name: str, value: Any, line: int) -> None:
        inner: list[Any] = []
        if isinstance(value, dict):
            inner = [*value.keys(), *value.values()]
        elif name in ("symptoms", "diagnoses"):
            for item in value:
                if not isinstance(item, dict) or not item:
                    raise self.fail(line, f"'{name}' is a list of dicts")
                inner += [*item.keys(), *item.values()]
        elif isinstance(value, list):
            inner = value
        for item in inner:
            if not isinstance(item, str):
                raise self.fail(line, f"'{name}' holds {item!r}, which is not a string")

    def _check(self, bug: Bug, lines: dict[str, int]) -> None:
        if bug.name != bug.folder.name:
            raise self.fail(lines["name"], f"the bug '{bug.name}' stands in the folder '{bug.folder.name}'")
        if bug.seat not in SEATS:
            raise self.fail(lines["seat"], f"'{bug.seat}' is not a seat: {' or '.join(SEATS)}")
        if not bug.page.is_file():
            raise self.fail(lines[""], f"the bug has no page: README.md is missing in {bug.folder.name}/")
        kinds = list(bug.variants.values())
        for kind in kinds:
            if kind not in KINDS:
                raise self.fail(lines["variants"], f"a variant is {' or '.join(KINDS)}, not '{kind}'")
        if kinds != sorted(kinds, key=KINDS.index):
            raise self.fail(lines["variants"], "vulnerable variants stand first: they calibrate the others")
        for name in ("defects", "paths"):
            for variant in getattr(bug, name):
                if variant not in bug.variants:
                    raise self.fail(lines[name], f"there is no variant '{variant}'")
        for target in bug.targets:
            try:
                targets.parse(target)
            except FaultlineError as error:
                raise self.fail(lines["targets"], str(error)) from None
        for port in bug.also_for:
            try:
                targets.parse(f"{port}@native")
            except FaultlineError as error:
                raise self.fail(lines["also_for"], str(error)) from None
        for name in ("symptoms", "diagnoses"):
            for condition in getattr(bug, name):
                self._check_condition(name, condition, lines[name])
        self._check_systems(bug, lines)
        self._check_patterns(bug, lines)

    def _check_condition(self, name: str, condition: Mapping[str, str], line: int) -> None:
        for key, value in condition.items():
            if key not in SYMPTOM_KEYS:
                raise self.fail(line, f"'{key}' in '{name}' is none of {', '.join(SYMPTOM_KEYS)}")
            if key in ("stdout", "stderr"):
                try:
                    re.compile(value)
                except re.error as error:
                    raise self.fail(
                        line, f"'{value}' in '{name}' is no regular expression: {error}"
                    ) from None
            if key == "event" and value != "hit":
                raise self.fail(line, f"the one event that can be a symptom is 'hit', not '{value}'")
            if key == "exit" and not value.isdigit():
                raise self.fail(line, f"'exit' in '{name}' is a number, not '{value}'")
            if key == "signal" and not re.fullmatch(r"SIG[A-Z0-9]+", value):
                raise self.fail(line, f"'signal' in '{name}' is a name like SIGSEGV, not '{value}'")

    def _check_systems(self, bug: Bug, lines: dict[str, int]) -> None:
        for pattern, system in bug.only.items():
            if not fnmatch.filter(bug.all_cases, pattern):
                raise self.fail(lines["only"], f"'{pattern}' matches no case")
            if system.removeprefix("!") not in targets.OSES:
                raise self.fail(
                    lines["only"], f"'{system}' is no operating system, nor one with a ! before it"
                )
        for system in bug.srcs_instead:
            if system not in targets.OSES:
                raise self.fail(lines["srcs_instead"], f"'{system}' is no operating system")

    def _check_patterns(self, bug: Bug, lines: dict[str, int]) -> None:
        for name in ("inapplicable", "expect"):
            for pattern in getattr(bug, name):
                if re.search(r"[?\[\]]", pattern):
                    raise self.fail(lines[name], f"'{pattern}': the only wildcard is *")
        for pattern in bug.inapplicable:
            anywhere = [*bug.targets, *(port + "@" for port in bug.also_for)]
            names = [f"{variant} on {target}" for variant in bug.variants for target in anywhere]
            if not fnmatch.filter(names, pattern):
                raise self.fail(lines["inapplicable"], f"'{pattern}' matches no VARIANT on TARGET")
        used = set()
        for variant in bug.variants:
            for target in bug.places:
                if bug.why_inapplicable(variant, target):
                    continue
                for case in bug.cases_on(target):
                    pattern = bug._expectation(variant, case, target)
                    if not pattern:
                        raise self.fail(
                            lines["expect"], f"nothing is expected of {variant}/{case} on {target}"
                        )
                    used.add(pattern)
        for pattern, verdicts in bug.expect.items():
            if pattern not in used:
                raise self.fail(
                    lines["expect"],
                    f"'{pattern}' matches no VARIANT/CASE on TARGET that an earlier pattern leaves",
                )
            for verdict in verdicts.split("|"):
                if verdict not in EXPECTABLE:
                    raise self.fail(
                        lines["expect"], f"'{verdict}' cannot be expected: {', '.join(EXPECTABLE)} can"
                    )


_KIND_NAMES: dict[type, str] = {str: "string", list: "list", dict: "dict"}


def read_bug(path: Path, root: Path | None = None) -> Bug:
    """The bug that this BUILD.bazel declares. Raises UsageError that names file and line."""
    shown = str(path.relative_to(root)) if root and path.is_relative_to(root) else str(path)
    return _Reader(path, shown, with_libc(path.parents[2])).read()


def with_libc(root: Path) -> tuple[str, ...]:
    """The os-arch pairs whose libc is there to build with, from bazel/ports.bzl. Raises UsageError."""
    path = root / "bazel/ports.bzl"
    try:
        tree = ast.parse(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror}") from None
    except SyntaxError as error:
        raise UsageError(f"bazel/ports.bzl:{error.lineno}: not readable: {error.msg}") from None
    for node in tree.body:
        if isinstance(node, ast.Assign) and [ast.unparse(name) for name in node.targets] == ["WITH_LIBC"]:
            return tuple(ast.literal_eval(node.value))
    raise UsageError("bazel/ports.bzl does not say WITH_LIBC")


def declares_bug(path: Path) -> bool:
    """Whether this BUILD.bazel holds an abi_bug() call at all."""
    return bool(re.search(r"^abi_bug\(", path.read_text(encoding="utf-8"), re.MULTILINE))


def read(root: Path) -> Catalogue:
    """The catalogue of the repository (or runfiles tree) at `root`. Raises UsageError."""
    paths = [path for path in sorted(root.glob("repro/*/BUILD.bazel")) if declares_bug(path)]
    if not paths:
        raise UsageError(f"{root / 'repro'} declares no bug")
    return Catalogue(root, tuple(read_bug(path, root) for path in paths))


def differences(bug: Bug, bazel_view: Mapping[str, Any]) -> list[str]:
    """Where Bazel's view of a bug and this one differ, one line each; empty when they are equal."""
    ours = bug.arguments()
    lines = []
    for key in sorted({*ours, *bazel_view}):
        if key not in bazel_view:
            lines.append(f"{bug.name}: '{key}' is missing in Bazel's view")
        elif key not in ours:
            lines.append(f"{bug.name}: Bazel's view has '{key}', which this one does not know")
        elif ours[key] != bazel_view[key]:
            lines.append(f"{bug.name}: '{key}' is {ours[key]!r} here and {bazel_view[key]!r} in Bazel")
    return lines


def bazel_view(bin_root: Path, bug: str) -> dict[str, Any]:
    """Bazel's view of a bug, from below bazel-bin or a runfiles root."""
    path = bin_root / "repro" / bug / f"{bug}.catalogue.json"
    view = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(view, dict):
        raise UsageError(f"{path}: not an object")
    return view


def compare_views(catalogue: Catalogue, bin_root: Path, names: Iterable[str] = ()) -> list[str]:
    """All differences between this catalogue and Bazel's view below `bin_root`."""
    wanted = set(names) or {bug.name for bug in catalogue.bugs}
    lines: list[str] = []
    for bug in catalogue.bugs:
        if bug.name in wanted:
            lines += differences(bug, bazel_view(bin_root, bug.name))
    return lines
