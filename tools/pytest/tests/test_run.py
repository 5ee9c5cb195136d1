"""Whole runs that go wrong in the ways that runs do: interrupted, killed, no room left."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path
from typing import Any, Callable, Iterator

import pytest
from conftest import GOOD_KERNEL, GOOD_RUNTIME, KERNEL_BUG, NATIVE, RUNTIME_BUG, Repository, environment
from faultline import cli, processes, results
from faultline.errors import MissingError


def start(repository: Repository, *arguments: str) -> subprocess.Popen[str]:
    command = repository.command("run", "--no-build", "--out", str(repository.out), *arguments)
    return subprocess.Popen(
        command,
        cwd=repository.root,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def wait_for(what: Callable[[], Any], seconds: float = 30) -> Any:
    """Waits for a state; a test fails when it never comes."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = what()
        if found:
            return found
        time.sleep(0.02)
    raise AssertionError("it never came to that")


def cells_in(repository: Repository) -> list[dict[str, Any]]:
    path = repository.out / "results.json"
    return results.read(path)["cells"] if path.exists() else []  # type: ignore[no-any-return]


def endless(driver: int) -> list[int]:
    """The endless program's processes, once they are there."""
    found = processes.descendants(driver)
    names = [Path(f"/proc/{pid}/cmdline") for pid in found]
    running = any(b"endless" in name.read_bytes() for name in names if name.exists())
    return found if running else []


def gone(pids: list[int]) -> bool:
    return not any(Path(f"/proc/{pid}").exists() for pid in pids)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("jobs", ["1", "2"])
def test_an_interruption_keeps_what_was_won(slow: Repository, number: int, jobs: str) -> None:
    with start(slow, "--jobs", jobs) as driver:
        wait_for(lambda: len(cells_in(slow)) >= 4)
        below = wait_for(lambda: endless(driver.pid))
        driver.send_signal(number)
        out, err = driver.communicate(timeout=30)
    assert driver.returncode == 130, out + err
    assert "interrupted: 4 of 7 cells ran; their results are in out/results.json" in err
    assert "Traceback" not in out + err
    wait_for(lambda: gone(below))
    assert len(cells_in(slow)) == 4
    assert {"report.html", "junit.xml"} <= set(os.listdir(slow.out))
    assert "3 not run" in out


def test_impatience_costs_no_report(slow: Repository) -> None:
    with start(slow) as driver:
        wait_for(lambda: len(cells_in(slow)) >= 4)
        for _ in range(8):
            driver.send_signal(signal.SIGINT)
            time.sleep(0.05)
        out, err = driver.communicate(timeout=30)
    assert driver.returncode == 130 and "interrupted: 4 of 7 cells ran" in err, out + err
    assert {"report.html", "junit.xml"} <= set(os.listdir(slow.out))
    assert "3 not run" in out and "Traceback" not in out + err


def test_an_interruption_while_python_imports(tmp_path: Path) -> None:
    """A module that sends the signal stands in for the one that is read just then."""
    (tmp_path / "rich.py").write_text("import os, signal\nexec('os.kill(os.getpid(), signal.SIGINT)')\n")
    env = environment()
    env["PYTHONPATH"] = f"{tmp_path}:{env['PYTHONPATH']}"
    command = ["/usr/bin/python3", "-m", "faultline", "list"]
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_a_killed_driver_leaves_no_process(slow: Repository, jobs: str) -> None:
    with start(slow, "--jobs", jobs) as driver:
        wait_for(lambda: len(cells_in(slow)) >= 4)
        below = wait_for(lambda: endless(driver.pid))
        driver.kill()
        driver.wait()
        wait_for(lambda: gone(below))
        for stream in (driver.stdout, driver.stderr):
            assert stream
            stream.close()
    assert len(cells_in(slow)) == 4 and results.problems(results.read(slow.out)) == []


def test_a_killed_program_is_a_crash_and_the_run_goes_on(empty: Repository) -> None:
    empty.add("foreign", RUNTIME_BUG, {**GOOD_RUNTIME, "trusting": "die:9"})
    cells = empty.cells("--quick", code=1)
    assert [cell["verdict"] for cell in cells] == ["crash", "diagnosed", "clean"]
    assert "SIGKILL" in cells[0]["symptom"]


@pytest.fixture(name="small_disk")
def small_file_system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A file system of 256 KB, or the test is skipped."""
    folder = tmp_path_factory.mktemp("disk")
    mount = ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        pytest.skip("needs to mount a file system")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_a_full_disk_is_told_and_costs_no_results(
    repository: Repository, small_disk: Path, jobs: str
) -> None:
    out = small_disk / "out"
    arguments = ["run", "--no-build", "--quick", "--out", str(out), "--jobs", jobs]
    # Room for some of the cells, but not for all and the report.
    filler = small_disk / "filler"
    filler.write_bytes(b"x" * (256 - 60) * 1024)
    done = repository.run(*arguments)
    assert done.returncode == 3, done.stdout + done.stderr
    assert "No space left on device" in done.stderr and "cannot write" in done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    kept = results.read(out)
    assert f"results.json has the results of {len(kept['cells'])} of them" in done.stderr or (
        f"{len(kept['cells'])} of 7 cells ran; their results are in" in done.stderr
    )
    assert kept["cells"] and not [name for name in os.listdir(out) if name.startswith(".results")]


def test_a_disk_that_is_full_from_the_start(repository: Repository, small_disk: Path) -> None:
    with (small_disk / "filler").open("wb", buffering=0) as filler:
        try:
            while True:
                filler.write(b"x" * 4096)
        except OSError:
            pass
    done = repository.run("run", "--no-build", "--quick", "--out", str(small_disk / "out"))
    assert done.returncode == 3 and "cannot write to" in done.stderr
    assert "No space left on device" in done.stderr and "Traceback" not in done.stdout + done.stderr


def test_a_full_standard_output(repository: Repository) -> None:
    with open("/dev/full", "w", encoding="utf-8") as full:
        command = repository.command("list", "--json")
        done = subprocess.run(
            command, env=environment(), stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )
    assert done.returncode == 3 and "No space left" in done.stderr and "Traceback" not in done.stderr


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_a_run_whose_standard_output_is_full(repository: Repository, jobs: str) -> None:
    arguments = ["run", "--no-build", "--quick", "--jobs", jobs, "--out", str(repository.out)]
    with open("/dev/full", "w", encoding="utf-8") as full:
        done = subprocess.run(
            repository.command(*arguments),
            cwd=repository.root,
            env=environment(),
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert done.returncode == 3
    assert done.stderr == (
        "faultline: cannot write to standard output: No space left on device. 0 of 7 cells ran\n"
    )


def test_what_the_file_has_is_told(
    repository: Repository, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The disk is full from the third result on: what is in memory is not what is kept."""
    write = results.write_atomically

    def two_times(path: Path, text: str) -> None:
        if path.name == "results.json" and len(json.loads(text)["cells"]) > 2:
            raise MissingError(f"cannot write {path}: No space left on device")
        write(path, text)

    monkeypatch.setattr(results, "write_atomically", two_times)
    monkeypatch.chdir(repository.root)
    handlers = {number: signal.getsignal(number) for number in cli.INTERRUPTS}
    try:
        arguments = ["run", "--no-build", "--quick", "--out", "out"]
        assert cli.main(["--root", str(repository.root), *arguments]) == 3
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
    assert "3 of 7 cells ran; out/results.json has the results of 2 of them" in capsys.readouterr().err
    assert len(results.read(repository.out)["cells"]) == 2


def test_results_of_an_earlier_run_do_not_mix_with_new_ones(repository: Repository) -> None:
    repository.cells("--quick", code=0)
    assert len(repository.cells("--quick", "--bug", "foreign", code=0)) == 3
    assert sorted(os.listdir(repository.out / "evidence")) == ["README", "foreign"]


def test_a_red_run_names_all_that_is_needed(repository: Repository) -> None:
    done = repository.run("run", "--no-build", "--out", str(repository.out), "--defect", "trust")
    assert (done.returncode, done.stderr) == (1, "")
    for needed in (
        "FAILED reproduced   foreign whole on linux-amd64@native",
        "got reproduced, expected clean",
        "died of SIGSEGV, nothing on fd 2",
        "runtime/os/linux/sigtramp.S:33",
        "repro/foreign/README.md",
        "--defect trust",
    ):
        assert needed in done.stdout, needed
    document = results.read(repository.out)
    assert document["options"]["defect"] == "trust"
    assert [cell["passed"] for cell in document["cells"]] == [True, True, False]


def without_times(document: Any) -> Any:
    """results.json but for when it was and how long it took."""
    if isinstance(document, dict):
        return {
            key: without_times(value) for key, value in document.items() if key not in ("seconds", "started")
        }
    return [without_times(value) for value in document] if isinstance(document, list) else document


def is_worker(pid: int) -> bool:
    """Whether a process is one of pytest-xdist's: how execnet begins."""
    try:
        return b"exec(eval(sys.stdin.readline()))" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False


def test_two_workers_find_the_same_as_one(repository: Repository) -> None:
    # Groups of cells both by bug and, where a target is costly, by target.
    on_two = ["--target", NATIVE, "linux-amd64@cmd:env {}", "linux-amd64@cmd:sh -c 'exec {}'"]
    found = []
    for jobs in ("1", "2"):
        with start(repository, "--quick", "--jobs", jobs, *on_two) as driver:
            workers: set[int] = set()
            while driver.poll() is None:
                workers |= {pid for pid in processes.children(driver.pid) if is_worker(pid)}
                time.sleep(0.01)
        assert driver.returncode == 0 and len(workers) == (2 if jobs == "2" else 0)
        found.append(results.read(repository.out))
    assert len(found[0]["cells"]) == 15 and without_times(found[0]) == without_times(found[1])


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_a_run_leaves_no_file_outside_its_folder(
    repository: Repository, jobs: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setenv("TMPDIR", str(scratch))
    repository.cells("--quick", "--jobs", jobs, code=0)
    assert not list(scratch.iterdir())


def test_a_worker_that_dies_costs_one_cell(empty: Repository) -> None:
    """The program kills the worker that runs it; the jail's parent."""
    empty.add("a-first", KERNEL_BUG, GOOD_KERNEL)
    empty.add("b-deadly", {**RUNTIME_BUG, "hosted_cases": {}}, GOOD_RUNTIME)
    deadly = empty.bin / "repro/b-deadly/b-deadly.saying.linux-amd64"
    worker = "$(ps -o ppid= -p $(ps -o ppid= -p $$))"
    deadly.write_text(f"#!/bin/sh\nkill -9 {worker}\nsleep 60\n")
    if not shutil.which("ps"):
        pytest.skip("needs ps")
    cells = {(cell["bug"], cell["variant"]): cell for cell in empty.cells("--quick", "--jobs", "2", code=1)}
    lost = cells[("b-deadly", "saying")]
    assert lost["verdict"] == "broken" and "a worker died" in lost["reason"]
    assert cells[("b-deadly", "trusting")]["passed"] and cells[("a-first", "direct")]["passed"]


def test_the_cell_script_runs_one_cell_in_a_tree_of_links(repository: Repository, tmp_path: Path) -> None:
    """As Bazel lays it out: the driver, the declaration and the programs below one root, all of them links."""
    from conftest import DRIVER

    tree = tmp_path / "runfiles"
    (tree / "tools/pytest").mkdir(parents=True)
    for source in DRIVER.glob("faultline/**/*"):
        if source.is_file() and "__pycache__" not in str(source):
            link = tree / "tools/pytest" / source.relative_to(DRIVER)
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to(source)
    shutil.copytree(repository.root / "repro/foreign", tree / "repro/foreign")
    shutil.copytree(repository.root / "bazel", tree / "bazel")
    for built in ("repro/foreign", "tools/jail", "kernel"):
        shutil.copytree(repository.bin / built, tree / built, dirs_exist_ok=True)
    out = tmp_path / "outputs"
    env = environment(TEST_UNDECLARED_OUTPUTS_DIR=str(out))
    command = ["bash", str(DRIVER / "cell_test.sh"), "foreign", "whole", NATIVE]
    done = subprocess.run(command, cwd=tree, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert [cell["variant"] for cell in results.read(out)["cells"]] == ["whole"]
    assert results.read(out)["bugs"][0]["page"] == "repro/foreign/README.md"
    done = subprocess.run(
        [*command[:-2], "nobody", NATIVE], cwd=tree, env=env, capture_output=True, check=False
    )
    assert done.returncode == 2


def test_evidence_that_is_not_ours_is_left_alone(repository: Repository) -> None:
    """A folder of that name may be anybody's."""
    mine = repository.out / "evidence/photograph"
    mine.parent.mkdir(parents=True)
    mine.write_text("dear")
    done = repository.run("run", "--no-build", "--quick", "--out", str(repository.out))
    assert done.returncode == 2 and "is not faultline's" in done.stderr
    assert mine.read_text() == "dear"
