"""`faultline report --import`: what a kit brought back, judged as if it had run here."""

from __future__ import annotations

import dataclasses
import io
import re
import shlex
import tarfile
import zlib
from pathlib import Path
from typing import Any, Mapping, Sequence

from . import cells, kit, runner, targets
from .catalogue import Bug, Catalogue
from .cells import Case, Cell, LeftOut, Plan
from .conductor import SCALES, Errand, Scale
from .errors import UsageError
from .runner import Observation
from .targets import MACHINES, machine_facts

HEADER = "faultline-result 1"

# More than this is no result: it is held in memory.
_MOST_BYTES = 1024 * 1024 * 1024

Key = tuple[str, str, str, str]


@dataclasses.dataclass(frozen=True)
class Run:
    """One run as it was recorded."""

    command: str
    seconds: float
    stdout: bytes
    stderr: bytes
    ending: str
    hang: str
    left: int
    processes: bytes


@dataclasses.dataclass
class Result:
    """One archive that a kit made."""

    path: Path
    facts: dict[str, Any]
    scale: Scale
    seed: int
    versions: dict[str, str]
    left_out: list[str]
    # (port, bug, variant, case), as planned there and as far as they are whole here.
    planned: list[Key]
    runs: dict[Key, list[Run]]
    complete: bool
    # What is wrong with the archive itself; what could be read of it is good.
    problem: str

    @property
    def machine(self) -> str:
        """The machine's name, as it stands in targets."""
        name = re.sub(r"[^A-Za-z0-9_.-]+", "_", self.facts.get("node", "")).lstrip("-.")
        return name or "unnamed"

    def target(self, port: str) -> str:
        """The target that stands for the machine."""
        return f"{port}@kit:{self.machine}"


def _unzipped(path: Path) -> tuple[bytes, str]:
    """What a .gz holds, as far as it can be read, and why it ends early where it does."""
    content = bytearray()
    gzip_header = 16 + zlib.MAX_WBITS
    stream = zlib.decompressobj(gzip_header)
    try:
        with path.open("rb") as file:
            while not stream.eof:
                piece = file.read(65536)
                if not piece:
                    return bytes(content), "it ends too early"
                content += stream.decompress(piece)
                if len(content) > _MOST_BYTES:
                    raise UsageError(f"{path} holds more than {_MOST_BYTES >> 20} MB")
    except zlib.error as error:
        return bytes(content), f"it is damaged: {error}" if content else "not a gzip file"
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror}") from None
    return bytes(content), ""


def _members(path: Path) -> tuple[dict[str, bytes], str]:
    """The files of an archive in memory, and why it ends early where it does. Nothing is unpacked."""
    content, problem = _unzipped(path)
    files: dict[str, bytes] = {}
    try:
        with tarfile.open(fileobj=io.BytesIO(content), mode="r:") as tar:
            for member in tar:
                stream = tar.extractfile(member) if member.isfile() else None
                data = stream.read() if stream else b""
                if stream and len(data) == member.size:
                    files[member.name.removeprefix("./")] = data
    except (EOFError, tarfile.TarError) as error:
        problem = problem or str(error)
    return files, problem


def _lines(files: Mapping[str, bytes], name: str) -> list[str]:
    return files.get(name, b"").decode("utf-8", "replace").splitlines()


def _fields(lines: Sequence[str]) -> dict[str, str]:
    return {name: value for name, _, value in (line.partition(" ") for line in lines)}


def read(path: Path) -> Result:
    """An archive, or as much of it as there is. Raises UsageError when it is none at all, or contradicts itself."""
    files, problem = _members(path)
    header = _lines(files, "result")
    facts = machine_facts(_lines(files, "machine"))
    if header[:1] != [HEADER]:
        if "faultline-kit/run.sh" in files or "faultline-kit/README" in files:
            raise UsageError(
                f"{path} is a kit, not the result of one: unpack it, run its run.sh, import what that makes"
            )
        why = f": {problem}" if problem else ""
        raise UsageError(f"{path} is not a result of a kit's run.sh{why}")
    needed = {"machine", "bugs", "cases"} - set(files)
    if needed or not {"system", "release", "machine"} <= set(facts):
        raise UsageError(f"{path} ends before its first run: {problem or 'its head is not whole'}")
    head = _fields(header)
    if head.get("scale") not in SCALES or not head.get("seed", "").isdigit():
        raise UsageError(f"{path} is of another version of faultline: its head is {' / '.join(header)}")
    planned = [
        (words[0], words[1], words[2], words[3])
        for words in (line.split() for line in _lines(files, "cases"))
        if len(words) >= 4
    ]
    result = Result(
        path=path,
        facts=facts,
        scale=SCALES[head["scale"]],
        seed=int(head["seed"]),
        versions=_fields(_lines(files, "bugs")),
        left_out=_lines(files, "left"),
        planned=planned,
        runs={},
        complete="complete" in files,
        problem=problem,
    )
    _check_machine(result)
    for key in planned:
        runs = _runs(files, "/".join(("runs", *key)))
        if runs is not None:
            result.runs[key] = runs
    return result


def _check_machine(result: Result) -> None:
    facts = result.facts
    for port in dict.fromkeys(key[0] for key in result.planned):
        os_name, _, arch = port.partition("-")
        if facts["system"].lower() != os_name or arch not in MACHINES.get(facts["machine"], ()):
            raise UsageError(
                f"{result.path} contradicts itself: it has runs of {port} from a machine that is "
                f"{facts['system']} {facts['release']}, {facts['machine']}"
            )


def _runs(files: Mapping[str, bytes], folder: str) -> list[Run] | None:
    """A case's runs; None when it was not brought to its end, or is not all here."""
    done = files.get(f"{folder}/done", b"").split()
    if not done or not done[0].isdigit():
        return None
    runs = []
    for number in range(1, int(done[0]) + 1):
        base = f"{folder}/{number}"
        if not {f"{base}.out", f"{base}.err", f"{base}.end"} <= set(files):
            return None
        end = _fields(_lines(files, f"{base}.end"))
        ending = next((f"{word} {end[word]}" for word in ("exited", "killed") if word in end), "")
        runs.append(
            Run(
                command=end.get("command", ""),
                seconds=float(end["seconds"]) if end.get("seconds", "").isdigit() else 0.0,
                stdout=files[f"{base}.out"],
                stderr=files[f"{base}.err"],
                ending=ending,
                hang=end.get("hang", ""),
                left=int(end["left"]) if end.get("left", "").isdigit() else 0,
                processes=files.get(f"{base}.processes", b""),
            )
        )
    return runs


class Recorded:
    """A conductor's source of runs: those of archives, one after the other, each case from its first one on."""

    def __init__(self, found: Sequence[Result]) -> None:
        self._results = {
            result.target(port): result
            for result in found
            for port in dict.fromkeys(key[0] for key in result.planned)
        }
        self._place: dict[tuple[str, str, str, str], int] = {}

    def _key(self, cell: Cell, case: Case) -> Key:
        return (cell.port, cell.bug.name, cell.variant, case.name)

    def available(self, target: str) -> targets.Availability:
        there = target in self._results
        return targets.Availability(there, "there are results of it" if there else "nothing runs now")

    def begin(self, cell: Cell, case: Case) -> bool:
        self._place[(*cell.key, case.name)] = 0
        return False

    def run(self, errand: Errand, on_event: runner.OnEvent) -> Observation | None:
        place = self._place[(*errand.cell.key, errand.case.name)]
        runs = self._results[errand.cell.target].runs.get(self._key(errand.cell, errand.case), [])
        if place >= len(runs):
            return None
        self._place[(*errand.cell.key, errand.case.name)] = place + 1
        run = runs[place]
        seen = runner.recorded(shlex.split(run.command), errand.seed, run.stdout, run.stderr)
        seen.seconds, seen.left_behind, seen.hang = run.seconds, run.left, run.hang
        if not run.hang and not runner.fill_in_ending(seen, run.ending):
            seen.failed = "the kit did not record how it ended"
        if run.processes:
            path = errand.folder / "far-processes.txt"
            path.write_bytes(run.processes)
            seen.snapshots = [path]
        return seen

    def again(self, errand: Errand, seen: Observation) -> str:
        return shlex.join(seen.command)

    def before_again(self, cell: Cell) -> str:
        return f"On {self._results[cell.target].machine}, in the folder of the kit"

    def cell_again(self, cell: Cell) -> list[str]:
        return ["./run.sh", "--bug", cell.bug.name]

    def can_trace(self, cell: Cell) -> bool:
        return False

    def clean_up(self) -> None:
        """Nothing ran."""


@dataclasses.dataclass(frozen=True)
class Import:
    """What archives hold that this catalogue can judge, and what is wrong with the rest."""

    plan: Plan
    runnable: tuple[Cell, ...]
    problems: tuple[str, ...]
    # Whether some of it was made by another version of the catalogue.
    refused: bool
    host: Mapping[str, Any]


def _plan_one(result: Result, catalogue: Catalogue, refused: list[str]) -> tuple[list[Cell], list[Cell]]:
    """The cells that a result planned, and those of them that it has whole; `refused` gets the bugs that are others."""
    bugs: Mapping[str, Bug] = {bug.name: bug for bug in catalogue.bugs}
    planned: list[Cell] = []
    whole: list[Cell] = []
    for name, port in dict.fromkeys((key[1], key[0]) for key in result.planned):
        bug = bugs.get(name)
        if bug is None or kit.version(bug) != result.versions.get(name):
            refused.append(name)
            continue
        target = result.target(port)
        judged_as = targets.stand_in(port, result.facts["release"], bug.targets)
        for variant in bug.variants:
            cell = cells.make(bug, variant, target, judged_as=judged_as)
            planned.append(cell)
            keys = [(port, name, variant, case.name) for case in cell.cases]
            if cell.inapplicable or all(key in result.runs for key in keys):
                whole.append(cell)
    return planned, whole


def plan(found: Sequence[Result], catalogue: Catalogue) -> Import:
    """Puts all archives together. Raises UsageError when two have results of the same cell, or scales differ."""
    planned: list[Cell] = []
    whole: list[Cell] = []
    problems: list[str] = []
    owners: dict[tuple[str, str, str], Path] = {}
    left_out: list[LeftOut] = []
    others = False
    for result in found:
        if result.scale != found[0].scale:
            raise UsageError(
                f"{found[0].path} is {found[0].scale.name} and {result.path} is {result.scale.name}; "
                "import them one at a time, each with its --out"
            )
        if result.problem:
            problems.append(f"{result.path} is not whole ({result.problem}); what there is of it is judged")
        elif not result.complete:
            problems.append(
                f"{result.path} is of a run that was cut short; ./run.sh with the same --out goes on with it"
            )
        refused: list[str] = []
        its_cells, its_whole = _plan_one(result, catalogue, refused)
        if refused:
            problems.append(
                f"{result.path} was made by another version of the catalogue; not judged: "
                f"{', '.join(dict.fromkeys(refused))}. Make a new kit, or judge it where it was made"
            )
        others = others or bool(refused)
        for cell in its_cells:
            other = owners.setdefault(cell.key, result.path)
            if other != result.path:
                raise UsageError(
                    f"{other} and {result.path} both have {cell.bug.name} on {cell.target}; import one of them, or "
                    "one at a time, each with its --out"
                )
        planned += its_cells
        whole += its_whole
        left_out += [
            LeftOut(result.target(port), "that machine does not run its programs", "one that does")
            for port in result.left_out
        ]
    facts = found[0].facts
    machines = {
        cell.target: result.facts for result in found for cell in planned if cell.target in _targets(result)
    }
    host = {key: facts[key] for key in ("system", "release", "version", "machine") if key in facts}
    host["cpus"] = facts.get("cpus", 1)
    return Import(
        Plan(tuple(planned), tuple(left_out), machines), tuple(whole), tuple(problems), others, host
    )


def _targets(result: Result) -> set[str]:
    return {result.target(key[0]) for key in result.planned}
