"""`faultline kit`: the programs for other machines, the catalogue, and a shell script that runs them there."""

from __future__ import annotations

import fnmatch
import gzip
import hashlib
import io
import json
import math
import os
import re
import tarfile
from pathlib import Path
from typing import Any, Iterable, Mapping, Sequence

from . import cells, far, stats
from .catalogue import Bug, Catalogue
from .cells import Cell
from .conductor import ASSUMED_RATE, SCALES, Scale
from .errors import MissingError, UsageError, unknown
from .judge import dies
from .targets import Availability, Toolbox

FORMAT = "faultline.kit/1"
FOLDER = "faultline-kit"

# Hits that the table of needed opportunities has; run.sh takes the last for more.
_TABLED_HITS = 100


def version(bug: Bug) -> str:
    """What tells one declaration of a bug from another: results are judged by the declaration they were made by."""
    text = json.dumps(bug.arguments(), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def ports(catalogue: Catalogue, wanted: Sequence[str]) -> list[str]:
    """The os-arch pairs that the patterns name. Raises UsageError for one that names none."""
    known = list(dict.fromkeys(port for bug in catalogue.bugs for port in bug.ports))
    picked = set()
    for pattern in wanted or ["*"]:
        if "@" in pattern:
            raise UsageError(
                f"'{pattern}': a kit is for OS-ARCH, whatever machine that is on: {pattern.split('@')[0]}"
            )
        matches = fnmatch.filter(known, "*" if pattern == "all" else pattern)
        if not matches:
            raise unknown("OS and arch", pattern, known)
        picked.update(matches)
    return [port for port in known if port in picked]


def judged_targets(bug: Bug, port: str) -> list[str]:
    """The targets whose expectations can hold on a machine of that port (see targets.stand_in)."""
    models = [target for target in bug.targets if target.startswith(f"{port}@model-")]
    return [*models, f"{port}@native"]


def kit_cells(bug: Bug, port: str, judged_as: str) -> list[Cell]:
    """The cells of a bug on a machine of that port, those that show the bug first: they calibrate the rest."""
    target = f"{port}@kit:machine"
    found = [cells.make(bug, variant, target, judged_as=judged_as) for variant in bug.variants]
    return cells.run_order([cell for cell in found if not cell.inapplicable])


def _calibrators(cell: Cell, case: str) -> list[str]:
    """VARIANT/CASE in the order in which the judge asks for their rates, on the same machine alone."""

    def only_there(target: str) -> Availability:
        return Availability(target == cell.target, "")

    names = [case, *(name for name in cell.bug.all_cases if name != case)]
    return [
        f"{other.variant}/{name}"
        for name in names
        for other in cells.calibrators(cell, name, only_there, with_itself=name != case)
    ]


def _cases(bug: Bug, port: str, judged_as: str) -> list[str]:
    """The plan's lines for one bug: first what is sampled, then what is excluded by that."""
    sampled, excluded = [], []
    for cell in kit_cells(bug, port, judged_as):
        for case in cell.cases:
            program = Toolbox(Path()).program(bug.name, cell.variant, port, case.hosted).name
            head = f"case {port} {bug.name} {judged_as} {cell.variant} {case.name} {bug.name}/{program}"
            if "clean" in case.expected:
                excluded.append(f"{head} exclude {','.join(_calibrators(cell, case.name)) or '-'}")
            else:
                mortal = dies(bug) or "diagnosed" in case.expected
                sampled.append(f"{head} {'deaths' if mortal else 'sample'} -")
    return [f"as {port} {bug.name} {judged_as}", *sampled, *excluded]


def _scale(scale: Scale) -> list[str]:
    assumed = stats.opportunities_needed(ASSUMED_RATE, scale.miss)
    lines = [
        f"scale {scale.name} {scale.hits} {scale.deaths} {math.ceil(scale.sample_seconds)} "
        f"{math.ceil(scale.clean_seconds)} {assumed}"
    ]
    for hits in range(1, _TABLED_HITS + 1):
        lines.append(f"need {scale.name} {hits} {need_thousandths(hits, scale.miss)}")
    return lines


def need_thousandths(hits: int, miss: float) -> int:
    """How many thousandths of an opportunity are needed for each in which `hits` were seen."""
    return math.ceil(1000 * math.log(1 / miss) / stats.poisson_low(hits))


def plan(catalogue: Catalogue, bugs: Sequence[Bug], wanted: Sequence[str]) -> list[str]:
    """The lines of `plan`; run.sh says what they mean."""
    lines = [line for scale in SCALES.values() for line in _scale(scale)]
    for bug in bugs:
        for port in wanted:
            if port in bug.ports:
                for judged_as in judged_targets(bug, port):
                    lines += _cases(bug, port, judged_as)
    for line in lines:
        # The plan is read word by word.
        if not re.fullmatch(r"[A-Za-z0-9 @.,:/_-]+", line):
            raise UsageError(
                f"a kit cannot hold this, its names have other signs than letters, digits and .,:_-: {line}"
            )
    return lines


def programs(lines: Iterable[str]) -> list[str]:
    """The programs that a plan names, as BUG/NAME."""
    return sorted({line.split()[6] for line in lines if line.startswith("case ")})


_README = """\
Programs that show bugs between language runtimes and kernels, for: {ports}.

    ./run.sh                     runs every cell that is for this machine
    ./run.sh --help

It needs a POSIX shell and what every system has (tar, gzip, ps or /proc). Take the archive that it makes,
faultline-result.tar.gz, to where this kit was made, and there:

    faultline report --import faultline-result.tar.gz
"""


def contents(
    catalogue: Catalogue, bugs: Sequence[Bug], wanted: Sequence[str], toolbox: Toolbox
) -> dict[str, bytes]:
    """The files of a kit. Raises MissingError when a program is not built."""
    lines = plan(catalogue, bugs, wanted)
    files = {
        "README": _README.format(ports=", ".join(wanted)).encode(),
        "run.sh": far.script("run.sh").encode(),
        "supervise.sh": far.script("supervise.sh").encode(),
        "plan": ("\n".join(lines) + "\n").encode(),
        "bugs": "".join(f"{bug.name} {version(bug)}\n" for bug in bugs).encode(),
        "catalogue.json": _catalogue(bugs, wanted).encode(),
    }
    for name in programs(lines):
        path = toolbox.root / "repro" / name
        try:
            files[f"programs/{name}"] = path.read_bytes()
        except OSError:
            raise MissingError(
                f"{path} is not there. Build it: bazel build //repro/{name.split('/')[0]}/..."
            ) from None
    digest = hashlib.sha256()
    for name, content in sorted(files.items()):
        digest.update(f"{name} {len(content)}\n".encode() + content)
    files["kit"] = f"{digest.hexdigest()[:32]}\n".encode()
    files["sizes"] = "".join(f"{len(content)} {name}\n" for name, content in sorted(files.items())).encode()
    return files


def labels(lines: Iterable[str]) -> list[str]:
    """What has to be built for a plan."""
    return [f"//repro/{name.split('/')[0]}:{name.split('/')[1]}" for name in programs(lines)]


def _catalogue(bugs: Sequence[Bug], wanted: Sequence[str]) -> str:
    data: Mapping[str, Any] = {
        "format": FORMAT,
        "ports": list(wanted),
        "bugs": [{**bug.arguments(), "version": version(bug)} for bug in bugs],
    }
    return json.dumps(data, indent=1, sort_keys=True) + "\n"


def archive(files: Mapping[str, bytes]) -> bytes:
    """The files as .tar.gz, with the same bytes for the same files: no times, no owners, one order."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for name in sorted(files):
            member = tarfile.TarInfo(f"{FOLDER}/{name}")
            member.size = len(files[name])
            member.mode = 0o755 if name == "run.sh" or name.startswith("programs/") else 0o644
            tar.addfile(member, io.BytesIO(files[name]))
    out = io.BytesIO()
    with gzip.GzipFile(filename="", fileobj=out, mode="wb", mtime=0) as zipped:
        zipped.write(packed.getvalue())
    return out.getvalue()


def write(path: Path, content: bytes) -> None:
    """Writes the archive whole or not at all. Raises UsageError."""
    if path.is_dir():
        raise UsageError(f"cannot write {path}: it is a folder")
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            temporary.write_bytes(content)
            os.replace(temporary, path)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as error:
        raise MissingError(f"cannot write {path}: {error.strerror}") from None
