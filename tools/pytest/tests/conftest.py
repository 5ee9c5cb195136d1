"""A fake repository and what Bazel would have built of it, so that the driver's tests need no compiler."""

from __future__ import annotations

import dataclasses
import json
import os
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any, Callable, Mapping, Optional

import pytest

HERE = Path(__file__).absolute().parent
DRIVER = HERE.parent
sys.path.insert(0, str(DRIVER))

PYTHON = "/usr/bin/python3"

NATIVE = "linux-amd64@native"
FAULTED = "linux-amd64@native+restart.fast-return,mode=any"

# A bug that the kernel has, shown by a fault.
KERNEL_BUG: dict[str, Any] = {
    "title": "a call loses an argument",
    "seat": "kernel",
    "fault": "restart.fast-return",
    "upstream": ["https://example.org/1"],
    "affects": ["someos 1.0"],
    "tags": ["restart"],
    "variants": {"direct": "vulnerable", "looped": "immune"},
    "cases": {"pair": "two threads"},
    "targets": [NATIVE, FAULTED],
    "expect": {"direct/* on *+restart.fast-return*": "reproduced", "*/* on *": "clean"},
    "symptoms": [{"event": "hit"}],
    "paths": {"looped": "int80"},
    "also_for": ["freebsd-amd64"],
    "srcs": ["fake.cc"],
}

# A bug that the runtime has, shown by a variant; it ends the process.
RUNTIME_BUG: dict[str, Any] = {
    "title": "a signal kills the program",
    "seat": "runtime",
    "tags": ["signal"],
    "variants": {"trusting": "vulnerable", "saying": "vulnerable", "whole": "immune"},
    "defects": {"trusting": "trust", "saying": "say"},
    "breaks": ["trust"],
    "cases": {"self": "a thread signals itself"},
    "hosted_cases": {"key": "inside a key destructor"},
    "targets": [NATIVE],
    "expect": {"trusting/* on *": "reproduced", "saying/* on *": "diagnosed", "whole/* on *": "clean"},
    "symptoms": [{"signal": "SIGSEGV", "stderr": "^$"}],
    "diagnoses": [{"exit": "2", "stderr": "^runtime: signal received"}],
    "srcs": ["fake.cc"],
}

GOOD_KERNEL = {"direct": "under-fault", "looped": "clean"}
GOOD_RUNTIME = {"trusting": "die", "saying": "say", "whole": "clean", "whole.with-trust": "die"}


def declaration(name: str, bug: Mapping[str, Any]) -> str:
    """The BUILD.bazel of a bug."""
    arguments = "".join(f"    {key} = {json.dumps(value)},\n" for key, value in {"name": name, **bug}.items())
    return f'load("//bazel:abi_bug.bzl", "abi_bug")\n\nabi_bug(\n{arguments})\n'


def ports_table(root: Path, words: str = 'WITH_LIBC = ["linux-amd64", "linux-386"]') -> None:
    """The table of ports, as far as the driver reads it."""
    (root / "bazel").mkdir(exist_ok=True)
    (root / "bazel/ports.bzl").write_text(f"{words}\n", encoding="utf-8")


def script(path: Path, body: str) -> None:
    """Writes an executable shell script."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{body}\n", encoding="utf-8")
    path.chmod(0o755)


@dataclasses.dataclass
class Repository:
    """A fake checkout: `root` with repro/, `bin` with the programs."""

    root: Path

    @property
    def bin(self) -> Path:
        """What Bazel built."""
        return self.root / "bazel-bin"

    @property
    def out(self) -> Path:
        """Where runs write to."""
        return self.root / "out"

    def add(self, name: str, bug: Mapping[str, Any], behaviours: Mapping[str, str]) -> None:
        """Adds a bug whose variants behave as told; `behaviours` may name a VARIANT.hosted or .with-DEFECT."""
        folder = self.root / "repro" / name
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "BUILD.bazel").write_text(declaration(name, bug), encoding="utf-8")
        ports_table(self.root)
        (folder / "README.md").write_text(f"# {name}\n\nWhat happens: *much*.\n\n## Why\n\n- [1] a thing\n")
        (folder / "fake.cc").write_text(
            '// The program.\nconstexpr Case kCases[] = {{"pair", Pair}, {"self", Self}};\n'
        )
        ports = {target.split("@")[0] for target in bug["targets"]} | set(bug.get("also_for", []))
        for variant in bug["variants"]:
            plain = behaviours[variant]
            for suffix in ["", ".hosted"] if bug.get("hosted_cases") else [""]:
                defects = bug.get("breaks", []) if variant not in bug.get("defects", {}) else []
                for with_defect in ["", *[f".with-{defect}" for defect in defects]]:
                    behaviour = behaviours.get(f"{variant}{suffix}{with_defect}")
                    behaviour = behaviour or behaviours.get(f"{variant}{with_defect}") or plain
                    for port in ports:
                        path = self.bin / "repro" / name / f"{name}.{variant}.{port}{suffix}{with_defect}"
                        fake = shlex.join([PYTHON, "-S", "-E", str(HERE / "fakes/program.py"), behaviour])
                        script(path, f'exec {fake} "$@"')

    def run(self, *arguments: str, timeout: float = 60, **more: Any) -> subprocess.CompletedProcess[str]:
        """`faultline ARGUMENTS` in this repository."""
        return subprocess.run(
            self.command(*arguments),
            cwd=self.root,
            env=environment(),
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
            **more,
        )

    def command(self, *arguments: str) -> list[str]:
        """The command line of `run`."""
        return [PYTHON, "-m", "faultline", "--root", str(self.root), *arguments]

    def cells(self, *arguments: str, code: Optional[int] = None) -> list[dict[str, Any]]:
        """`faultline run --no-build ARGUMENTS`, its exit code checked; the cells in results.json."""
        done = self.run("run", "--no-build", "--out", str(self.out), *arguments)
        assert code is None or done.returncode == code, done.stdout + done.stderr
        document = json.loads((self.out / "results.json").read_text(encoding="utf-8"))
        cells: list[dict[str, Any]] = document["cells"]
        return cells


def environment(**more: str) -> dict[str, str]:
    """The environment of a driver under test."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("PYTEST", "FAKE", "COLUMNS"))
    }
    return {**kept, "PYTHONPATH": str(DRIVER), "PYTHONDONTWRITEBYTECODE": "1", **more}


def with_names_of_their_own(repository: Repository) -> Repository:
    """Lets the fake programs keep their paths as their names, as compiled programs do."""
    for path in (repository.bin / "repro").glob("*/*"):
        words = path.read_text().replace("#!/bin/sh", "#!/bin/bash").replace("\nexec ", '\nexec -a "$0" ')
        path.write_text(words)
    return repository


def programs_below(folder: Path, word: str = "") -> list[int]:
    """The processes whose command lines begin with a folder's path and hold a word."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            words = (entry / "cmdline").read_bytes()
        except OSError:
            # It is gone meanwhile.
            continue
        if words.startswith(f"{folder}/".encode()) and word.encode() in words:
            found.append(int(entry.name))
    return found


@pytest.fixture(name="empty")
def empty_repository(tmp_path: Path) -> Repository:
    """A repository with the tools and no bug."""
    repository = Repository(tmp_path)
    for name, path in (
        ("jail", "tools/jail/jail"),
        ("inject", "kernel/inject"),
        ("model", "kernel/model/model"),
    ):
        fake = shlex.join([PYTHON, "-S", "-E", str(HERE / f"fakes/{name}.py")])
        script(repository.bin / path, f'exec {fake} "$@"')
    return repository


@pytest.fixture(name="repository")
def good_repository(empty: Repository) -> Repository:
    """A repository with one bug of each seat, all as it should be."""
    empty.add("lost-argument", KERNEL_BUG, GOOD_KERNEL)
    empty.add("foreign", RUNTIME_BUG, GOOD_RUNTIME)
    return empty


@pytest.fixture(name="changed")
def changed_repository(empty: Repository) -> Callable[[str], Repository]:
    """A repository with the runtime's bug whose immune variant behaves as told."""

    def make(behaviour: str) -> Repository:
        empty.add("foreign", RUNTIME_BUG, {**GOOD_RUNTIME, "whole": behaviour})
        return empty

    return make


@pytest.fixture(name="slow")
def slow_repository(empty: Repository) -> Repository:
    """A repository whose first cell passes and whose second takes for ever, talking all the while."""
    empty.add("a-first", KERNEL_BUG, GOOD_KERNEL)
    empty.add("b-endless", {**RUNTIME_BUG, "hosted_cases": {}}, {**GOOD_RUNTIME, "trusting": "endless"})
    return empty
