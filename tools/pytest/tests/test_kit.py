"""Kits: packed, unpacked and run in several shells, and judged when they come home."""

from __future__ import annotations

import gzip
import io
import json
import os
import re
import shutil
import signal
import subprocess
import tarfile
from pathlib import Path
from typing import Any, Callable

import pytest
from conftest import (
    GOOD_KERNEL,
    GOOD_RUNTIME,
    KERNEL_BUG,
    NATIVE,
    RUNTIME_BUG,
    Repository,
    programs_below,
    script,
    with_names_of_their_own,
)
from faultline import kit, results, stats
from test_far import SHELLS
from test_run import gone, wait_for

Shell = list[str]


@pytest.fixture(name="shell", params=["dash", "busybox"])
def each_shell(request: pytest.FixtureRequest) -> Shell:
    """The command of a shell."""
    assert shutil.which(request.param), f"{request.param} is not installed"
    return SHELLS[request.param]


@pytest.fixture(name="stocked")
def stocked_repository(empty: Repository) -> Repository:
    """Two bugs whose programs have names of their own."""
    empty.add("foreign", RUNTIME_BUG, GOOD_RUNTIME)
    empty.add("lost-argument", KERNEL_BUG, GOOD_KERNEL)
    return with_names_of_their_own(empty)


def pack(repository: Repository, *arguments: str) -> Path:
    """A kit of everything, unpacked; its folder."""
    done = repository.run("kit", "--no-build", "-o", "kit.tar.gz", *arguments)
    assert done.returncode == 0, done.stderr
    return unpack(repository)


def unpack(repository: Repository, where: str = "there") -> Path:
    folder = repository.root / where
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    subprocess.run(["tar", "xzf", "../kit.tar.gz"], cwd=folder, check=True)
    return folder / "faultline-kit"


def run(folder: Path, *arguments: str, shell: Shell = SHELLS["dash"], path: str = "") -> tuple[int, str]:
    """run.sh --quick; its exit code and words."""
    done = subprocess.run(
        [*shell, "./run.sh", "--quick", *arguments],
        cwd=folder,
        env={**os.environ, "PATH": path + os.environ["PATH"]},
        capture_output=True,
        text=True,
        timeout=400,
        check=False,
    )
    assert not (folder / ".running").exists()
    return done.returncode, done.stdout + done.stderr


def bring(repository: Repository, *files: Path, code: int = 0) -> tuple[list[dict[str, Any]], str]:
    """report --import; the cells and the words."""
    done = repository.run("report", "--import", *map(str, files), "--out", str(repository.out))
    assert done.returncode == code, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    path = repository.out / "results.json"
    return results.read(path)["cells"] if path.exists() else [], done.stdout + done.stderr


def repacked(source: Path, change: Callable[[str, bytes], bytes | None]) -> Path:
    """A result with changed files: what `change` gives for a name and its content; None leaves it out."""
    out = source.with_name("changed.tar.gz")
    with tarfile.open(source) as old, tarfile.open(out, "w:gz") as new:
        for member in old:
            stream = old.extractfile(member)
            content = change(member.name, stream.read() if stream else b"")
            if content is not None:
                member.size = len(content)
                new.addfile(member, io.BytesIO(content))
    return out


def below(folder: Path, word: str = "") -> list[int]:
    """The programs of a kit that run, and whose command lines hold a word."""
    return programs_below(folder.resolve() / "programs", word)


def verdicts(cells: list[dict[str, Any]]) -> dict[tuple[str, str, str], str]:
    return {
        (cell["bug"], cell["variant"], case["case"]): case["verdict"]
        for cell in cells
        for case in cell["cases"]
    }


# Packing.


def test_equal_inputs_give_equal_bytes(stocked: Repository) -> None:
    pack(stocked)
    first = (stocked.root / "kit.tar.gz").read_bytes()
    for path in (stocked.bin / "repro").glob("*/*"):
        os.utime(path, (1, 1))
        path.chmod(0o700)
    pack(stocked)
    assert (stocked.root / "kit.tar.gz").read_bytes() == first
    assert gzip.decompress(first)[:1] == b"f" and first[4:8] == bytes(4), "no time"


def test_what_is_in_a_kit(stocked: Repository) -> None:
    folder = pack(stocked)
    before = (folder / "kit").read_text()
    names = {path.name for path in (folder / "programs/foreign").iterdir()}
    assert names == {
        f"foreign.{variant}.linux-amd64{form}"
        for variant in RUNTIME_BUG["variants"]
        for form in ("", ".hosted")
    }
    catalogue = json.loads((folder / "catalogue.json").read_text())
    assert [bug["name"] for bug in catalogue["bugs"]] == ["foreign", "lost-argument"]
    folder = pack(stocked, "--bug", "lost-*")
    assert os.listdir(folder / "programs") == ["lost-argument"] and (folder / "kit").read_text() != before


@pytest.mark.parametrize(
    "arguments,code,said",
    [
        (["--target", "netbsd-*"], 2, "unknown OS and arch 'netbsd-*'"),
        (["--target", NATIVE], 2, "a kit is for OS-ARCH, whatever machine that is on: linux-amd64"),
        (["--bug", "nope"], 2, "unknown bug 'nope'"),
        (["-o", "."], 2, "it is a folder"),
        (["--bin", "nowhere"], 3, "is not there. Build it: bazel build //repro/foreign/..."),
    ],
)
def test_mistakes(stocked: Repository, arguments: list[str], code: int, said: str) -> None:
    done = stocked.run("kit", "--no-build", *arguments)
    assert (done.returncode, said in done.stderr) == (code, True), done.stderr


def test_what_the_script_asks_for_is_enough_for_the_judge() -> None:
    """The script has a table and whole numbers; the judge has the exact interval."""
    for miss in (1e-3, 1e-6, 1e-9):
        for hits in (1, 2, 3, 5, 10, 20, 100):
            for opportunities in (hits, hits + 1, 3 * hits, 50 * hits, 5000 * hits):
                asked = opportunities * kit.need_thousandths(hits, miss) // 1000 + 1
                needed = stats.opportunities_needed(stats.interval(hits, opportunities)[0], miss)
                assert asked >= needed, (miss, hits, opportunities)


# There and back.


def test_the_same_verdicts_as_native(stocked: Repository, shell: Shell) -> None:
    native = verdicts(stocked.cells("--quick", "--target", NATIVE, code=0))
    folder = pack(stocked)
    code, said = run(folder, shell=shell)
    assert code == 0 and said.rstrip().endswith("/faultline-result.tar.gz"), said
    assert not below(folder)
    cells, said = bring(stocked, folder / "faultline-result.tar.gz")
    assert verdicts(cells) == native and all(cell["passed"] for cell in cells)
    assert {cell["judged_as"] for cell in cells} == {NATIVE}
    document = results.read(stocked.out)
    (target,) = document["machines"]
    assert target.startswith("linux-amd64@kit:") and document["options"]["scale"] == "quick"
    assert {"report.html", "junit.xml"} <= set(os.listdir(stocked.out))
    trusting = cells[0]["cases"][0]
    assert trusting["hits"] == 4 and trusting["command"].startswith(
        "programs/foreign/foreign.trusting.linux-amd64 --case"
    )
    (again,) = [path for path in trusting["evidence"] if path.endswith("again.sh")]
    assert "in the folder of the kit" in (stocked.out / again).read_text()
    assert cells[0]["again"] == "./run.sh --bug foreign"


@pytest.mark.parametrize(
    "behaviour,verdict,said",
    [
        ("die:6", "crash", "died of SIGABRT, nothing on fd 2"),
        ("die-talking", "crash", 'died of SIGSEGV, fd 2: "fatal error"'),
        ("refuse", "broken", 'refused its arguments (64), fd 2: "no such option"'),
        ("barren", "broken", "starved: no opportunity"),
    ],
)
def test_other_endings(empty: Repository, behaviour: str, verdict: str, said: str) -> None:
    empty.add("foreign", RUNTIME_BUG, {**GOOD_RUNTIME, "whole": behaviour})
    folder = pack(with_names_of_their_own(empty))
    assert run(folder)[0] == 0
    cells, _ = bring(empty, folder / "faultline-result.tar.gz", code=1)
    assert cells[2]["verdict"] == verdict
    assert said in cells[2]["cases"][0]["symptom"] + cells[2]["cases"][0]["reason"]


@pytest.mark.parametrize(
    "name,behaviour,said",
    [
        ("dash", "sleep", "it sleeps"),
        ("busybox", "sleep", "it sleeps"),
        ("dash", "spin", "it (spins|crawls)"),
    ],
)
def test_a_hang_is_described_and_ended(empty: Repository, name: str, behaviour: str, said: str) -> None:
    empty.add("foreign", RUNTIME_BUG, {**GOOD_RUNTIME, "whole": f"by-case:self={behaviour};key=clean"})
    folder = pack(with_names_of_their_own(empty))
    words = (folder / "run.sh").read_text()
    assert "\nsilence=5\n" in words
    (folder / "run.sh").write_text(words.replace("\nsilence=5\n", "\nsilence=2\n"))
    assert run(folder, shell=SHELLS[name])[0] == 0 and not below(folder)
    cells, _ = bring(empty, folder / "faultline-result.tar.gz", code=1)
    case = cells[2]["cases"][0]
    assert case["verdict"] == "hang" and re.search(said, case["symptom"])
    (path,) = [path for path in case["evidence"] if path.endswith("far-processes.txt")]
    assert "thread" in (empty.out / path).read_text()


def test_stragglers_are_ended_and_programs_ignore_no_signal(stocked: Repository) -> None:
    program = stocked.bin / "repro/lost-argument/lost-argument.looped.linux-amd64"
    noted = stocked.root / "ignored"
    straggler = f'\ngrep SigIgn /proc/self/status >{noted}\n(exec -a "$0" sleep 1000) & exec '
    program.write_text(program.read_text().replace("\nexec ", straggler, 1))
    folder = pack(stocked, "--bug", "lost-argument")
    assert run(folder)[0] == 0 and not below(folder)
    assert int(noted.read_text().split()[1], 16) & 0b110 == 0


# What goes wrong there.


def stopping(repository: Repository) -> Path:
    """A kit whose last cell is endless until the file of that name is there."""
    repository.add("foreign", {**RUNTIME_BUG, "hosted_cases": {}}, GOOD_RUNTIME)
    with_names_of_their_own(repository)
    go = repository.root / "go"
    program = repository.bin / "repro/foreign/foreign.whole.linux-amd64"
    good = program.read_text()
    command = good.split("\n")[1]
    endless = command.replace(" clean ", " endless ")
    assert endless != command
    program.write_text(f"#!/bin/bash\nif [ -e {go} ]; then {command}; fi\n{endless}\n")
    pack(repository)
    return go


@pytest.mark.parametrize(
    "name,number",
    [
        ("dash", signal.SIGINT),
        ("busybox", signal.SIGINT),
        ("dash", signal.SIGTERM),
        ("busybox", signal.SIGHUP),
    ],
)
def test_an_interruption_keeps_what_was_won_and_is_gone_on_with(
    empty: Repository, name: str, number: int
) -> None:
    shell = SHELLS[name]
    go = stopping(empty)
    folder = empty.root / "there/faultline-kit"
    with subprocess.Popen(
        [*shell, "./run.sh", "--quick"],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as process:
        wait_for(lambda: below(folder, "endless"), 120)
        # As a terminal does it: to the shell and to the program.
        os.killpg(process.pid, number)
        out, _ = process.communicate(timeout=120)
    assert process.returncode == 130 and "interrupted; packing what there is" in out, out
    wait_for(lambda: not below(folder), 120)
    assert not (folder / ".running").exists()
    cells, said = bring(empty, folder / "faultline-result.tar.gz", code=1)
    assert [cell["verdict"] for cell in cells] == ["reproduced", "diagnosed"]
    assert "was cut short" in said and "1 not run" in said
    if number == signal.SIGINT:
        go.write_text("")
        began = (folder / "faultline-result/runs/linux-amd64/foreign/trusting/self/1.end").stat().st_mtime_ns
        assert run(folder, shell=shell)[0] == 0
        cells, _ = bring(empty, folder / "faultline-result.tar.gz")
        assert [cell["verdict"] for cell in cells] == ["reproduced", "diagnosed", "clean"]
        path = folder / "faultline-result/runs/linux-amd64/foreign/trusting/self/1.end"
        assert path.stat().st_mtime_ns == began


def test_a_killed_script_leaves_no_program(empty: Repository) -> None:
    stopping(empty)
    folder = empty.root / "there/faultline-kit"
    with subprocess.Popen(["dash", "./run.sh"], cwd=folder, stdout=subprocess.DEVNULL) as process:
        live = wait_for(lambda: below(folder), 120)
        process.kill()
        process.wait()
        wait_for(lambda: gone(live) and not below(folder), 120)


def test_a_second_run_at_once_is_refused(empty: Repository) -> None:
    stopping(empty)
    folder = empty.root / "there/faultline-kit"
    with subprocess.Popen(
        ["dash", "./run.sh"], cwd=folder, stdout=subprocess.DEVNULL, start_new_session=True
    ) as process:
        wait_for(lambda: below(folder), 120)
        done = subprocess.run(["dash", "./run.sh"], cwd=folder, capture_output=True, text=True, check=False)
        os.killpg(process.pid, signal.SIGINT)
        process.wait()
    assert done.returncode == 3 and f"process {process.pid} runs this kit already" in done.stderr


@pytest.mark.parametrize(
    "arguments,code,said",
    [
        (["--bug", "nope"], 2, "there is no bug 'nope' in this kit: foreign lost-argument"),
        (["--nope"], 2, "unknown argument --nope"),
        (["--seed", "x"], 2, "--seed x is not a number"),
        (["--out"], 2, "--out needs a value"),
        (["--out", "programs"], 2, "has no results of a kit"),
        (["--out", "/proc/x/y"], 2, "cannot write to --out"),
    ],
)
def test_mistakes_there(
    stocked: Repository, shell: Shell, arguments: list[str], code: int, said: str
) -> None:
    assert run(pack(stocked), *arguments, shell=shell)[0] == code
    assert said in run(pack(stocked), *arguments, shell=shell)[1]


def test_results_of_another_kit_are_not_mixed_in(stocked: Repository) -> None:
    folder = pack(stocked)
    assert run(folder, "--bug", "lost-argument")[0] == 0
    code, said = run(folder, "--seed", "2", "--bug", "lost-argument")
    assert code == 2 and "another kit, scale or seed" in said


def test_parts_of_a_run_add_up(stocked: Repository) -> None:
    folder = pack(stocked)
    for bug in ("lost-argument", "foreign"):
        assert run(folder, "--bug", bug)[0] == 0
    cells, _ = bring(stocked, folder / "faultline-result.tar.gz")
    assert len(cells) == 5


@pytest.mark.parametrize("damage", ["gone", "short"])
def test_a_kit_that_is_not_whole(stocked: Repository, shell: Shell, damage: str) -> None:
    folder = pack(stocked)
    program = folder / "programs/foreign/foreign.whole.linux-amd64"
    if damage == "gone":
        program.unlink()
    else:
        program.write_bytes(program.read_bytes()[:-1])
    code, said = run(folder, shell=shell)
    assert code == 3 and "this kit is not whole: programs/foreign/foreign.whole.linux-amd64" in said


def machine(repository: Repository, **says: str) -> str:
    """A folder for PATH whose uname says what it is told."""
    words = "".join(f'  -{option}) echo "{value}" ;;\n' for option, value in says.items())
    script(repository.root / "uname/uname", f'case $1 in\n{words}  *) exec /usr/bin/uname "$@" ;;\nesac')
    return f"{repository.root / 'uname'}:"


def test_a_wrong_machine(stocked: Repository, shell: Shell) -> None:
    folder = pack(stocked)
    code, said = run(folder, shell=shell, path=machine(stocked, s="NetBSD", m="sparc64"))
    assert code == 3
    assert (
        "this machine is netbsd on sparc64, and this kit has programs for freebsd-amd64 linux-amd64" in said
    )


def test_a_machine_that_does_not_run_the_programs(stocked: Repository, shell: Shell) -> None:
    for path in (stocked.bin / "repro/foreign").iterdir():
        path.write_bytes(b"\x7fELF rubbish")
    code, said = run(pack(stocked), shell=shell)
    assert code == 3 and "does not run the programs for linux-amd64" in said


FREEBSD = {
    **KERNEL_BUG,
    "targets": ["freebsd-amd64@model-9.1", "freebsd-amd64@model-10"],
    "expect": {"direct/* on *@model-9.1": "reproduced", "*/* on *": "clean"},
}


@pytest.mark.parametrize(
    "release,judged_as,code",
    [("9.1-RELEASE-p3", "@model-9.1", 0), ("10.4-STABLE", "@model-10", 1), ("13.2-RELEASE", "@native", 1)],
)
def test_a_real_kernel_is_judged_as_its_release(
    empty: Repository, shell: Shell, release: str, judged_as: str, code: int
) -> None:
    """Also where there is no /proc like Linux's: the processes are then found by ps."""
    empty.add("lost-argument", FREEBSD, {"direct": "hits:1", "looped": "clean"})
    folder = pack(with_names_of_their_own(empty))
    status, said = run(folder, shell=shell, path=machine(empty, s="FreeBSD", r=release, m="amd64", n="box"))
    assert status == 0, said
    cells, said = bring(empty, folder / "faultline-result.tar.gz", code=code)
    assert {cell["target"] for cell in cells} == {"freebsd-amd64@kit:box"}
    assert {cell["judged_as"] for cell in cells} == {f"freebsd-amd64{judged_as}"}
    assert (cells[0]["verdict"], cells[1]["verdict"]) == ("reproduced", "clean")
    assert {cell["kernel"] for cell in cells} == {"real"} and f"FreeBSD {release}, amd64" in said
    # What calibrates the immune variant ran on the same machine.
    if judged_as == "@model-9.1":
        assert cells[1]["cases"][0]["power_from"].endswith("direct/pair on freebsd-amd64@kit:box")


# What goes wrong on the way home.


@pytest.fixture(name="brought")
def brought_result(stocked: Repository) -> Path:
    """The archive of a whole run."""
    folder = pack(stocked)
    assert run(folder)[0] == 0
    return folder / "faultline-result.tar.gz"


def test_a_truncated_archive_loses_nothing_that_is_whole(stocked: Repository, brought: Path) -> None:
    # Packed anew so that what stands at the end is known.
    whole = repacked(brought, lambda _name, content: content).read_bytes()
    cut = brought.with_name("cut.tar.gz")
    counts = []
    for share in (0.9, 0.7, 0.5):
        cut.write_bytes(whole[: int(len(whole) * share)])
        cells, said = bring(stocked, cut, code=3)
        assert "is not whole" in said and all(cell["passed"] for cell in cells)
        counts.append(len(cells))
    assert counts[0] >= counts[1] >= counts[2] and counts[0] >= 3 > 0 and counts[2] < 5
    # Too little: what was judged before stays.
    before = (stocked.out / "results.json").read_bytes()
    for length in (0, 10, 300):
        cut.write_bytes(whole[:length])
        _, said = bring(stocked, cut, code=2)
        assert "cut.tar.gz" in said
    assert (stocked.out / "results.json").read_bytes() == before


def test_another_version_of_the_catalogue(stocked: Repository, brought: Path) -> None:
    path = stocked.root / "repro/foreign/BUILD.bazel"
    path.write_text(path.read_text().replace("a signal kills the program", "another title"))
    cells, said = bring(stocked, brought, code=2)
    assert {cell["bug"] for cell in cells} == {"lost-argument"}
    assert "made by another version of the catalogue; not judged: foreign" in said
    before = (stocked.out / "results.json").read_bytes()
    path = stocked.root / "repro/lost-argument/BUILD.bazel"
    path.write_text(path.read_text().replace("a call loses an argument", "another title"))
    _, said = bring(stocked, brought, code=2)
    assert "not judged: foreign, lost-argument" in said
    assert (stocked.out / "results.json").read_bytes() == before


def test_an_archive_that_contradicts_itself(stocked: Repository, brought: Path) -> None:
    def other(name: str, content: bytes) -> bytes:
        return content.replace(b"system Linux", b"system FreeBSD") if name == "machine" else content

    _, said = bring(stocked, repacked(brought, other), code=2)
    assert "it has runs of linux-amd64 from a machine that is FreeBSD" in said


def test_a_missing_file_of_a_run_costs_that_cell_alone(stocked: Repository, brought: Path) -> None:
    def without(name: str, content: bytes) -> bytes | None:
        return None if name.endswith("foreign/saying/self/1.err") else content

    cells, said = bring(stocked, repacked(brought, without), code=1)
    assert [cell["variant"] for cell in cells if cell["bug"] == "foreign"] == ["trusting", "whole"]
    assert "1 not run" in said


def test_what_did_not_happen_is_not_judged_as_if_it_had(stocked: Repository, brought: Path) -> None:
    """An ending that is not recorded is broken, not an exit with 0."""

    def unended(name: str, content: bytes) -> bytes:
        if not name.endswith("foreign/whole/self/1.end"):
            return content
        return b"".join(line for line in content.splitlines(True) if not line.startswith(b"exited"))

    cells, _ = bring(stocked, repacked(brought, unended), code=1)
    (cell,) = [cell for cell in cells if cell["variant"] == "whole"]
    assert cell["verdict"] == "broken" and "did not record how it ended" in cell["reason"]


def test_several_machines(stocked: Repository, brought: Path) -> None:
    def named(name: str, content: bytes) -> bytes:
        lines = content.splitlines(True)
        if name != "machine":
            return content
        return b"".join(b"node my box!\n" if line.startswith(b"node ") else line for line in lines)

    other = repacked(brought, named)
    cells, _ = bring(stocked, brought, other)
    assert len(cells) == 10 and "linux-amd64@kit:my_box_" in {cell["target"] for cell in cells}
    # The same file named twice is one.
    cells, _ = bring(stocked, brought, brought)
    assert len(cells) == 5
    same = other.with_name("same.tar.gz")
    shutil.copy(other, same)
    _, said = bring(stocked, same, other, code=2)
    assert "both have foreign on linux-amd64@kit:my_box_" in said


@pytest.mark.parametrize(
    "arguments,said",
    [
        ([], "which results?"),
        (["--import", "kit.tar.gz"], "is a kit, not the result of one"),
        (["--import", "nowhere"], "cannot read nowhere"),
        (["--import", "."], "cannot read ."),
        (["--import", "repro/foreign/README.md"], "is not a result of a kit's run.sh"),
        (["--import", "x", "--svg", "y"], "give either it or RESULTS"),
        (["out", "--out", "x"], "--out belongs to --import"),
    ],
)
def test_mistakes_at_home(stocked: Repository, arguments: list[str], said: str) -> None:
    pack(stocked)
    done = stocked.run("report", *arguments)
    assert done.returncode == 2 and said in done.stderr and "Traceback" not in done.stderr, done.stderr


def test_files_of_an_archive_are_never_unpacked(stocked: Repository, brought: Path) -> None:
    evil = brought.with_name("evil.tar.gz")
    with tarfile.open(brought) as old, tarfile.open(evil, "w:gz") as new:
        for member in old:
            new.addfile(member, old.extractfile(member) if member.isfile() else None)
        for name in ("../../evil", "/tmp/evil"):
            member = tarfile.TarInfo(name)
            member.size = 4
            new.addfile(member, io.BytesIO(b"evil"))
    bring(stocked, evil)
    assert not list(stocked.root.rglob("evil"))
