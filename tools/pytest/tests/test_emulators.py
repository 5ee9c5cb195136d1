"""QEMU's user mode, gVisor and Valgrind: their commands, by fakes; and, where they are installed, they themselves."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from conftest import (
    GOOD_RUNTIME,
    NATIVE,
    RUNTIME_BUG,
    Repository,
    environment,
    programs_below,
    script,
    with_names_of_their_own,
)
from faultline import processes, runner, targets
from faultline.errors import UsageError
from faultline.guest_client import Line
from faultline.targets import Toolbox, through, vm
from faultline.targets.guest import Guest
from test_conductor import cell_of, conductor_of

pytestmark = pytest.mark.skipif(os.uname().machine != "x86_64", reason="they are used on x86-64")

KINDS = {
    "linux-amd64@qemu-user": "qemu-x86_64",
    "linux-386@qemu-user": "qemu-i386",
    "linux-arm64@qemu-user": "qemu-aarch64",
    "linux-arm@qemu-user": "qemu-arm",
    "linux-riscv64@qemu-user": "qemu-riscv64",
    "linux-amd64@gvisor": "runsc",
    "linux-amd64@valgrind": "valgrind",
    "linux-386@valgrind": "valgrind",
}
UML = "linux-amd64@uml"
VMS = [f"linux-{arch}@vm" for arch in vm.HARDWARE]


@pytest.fixture(autouse=True)
def fresh() -> None:
    """Each test asks anew what there is."""
    through._ask.cache_clear()
    through.version_of.cache_clear()


# A fake that skips options and a word, as each of them would, and runs the rest.
FAKE = """[ "$1" != --version ] || { echo "fake version 1.2 (test)"; echo more; exit 0; }
# As runsc keeps its state, and leaves it behind when it is killed.
[ "${0##*/}" != runsc ] || mktemp -d >/dev/null
while :; do case $1 in -* | do) shift ;; *) break ;; esac; done
"$@"; s=$?; [ $s -lt 128 ] || echo "qemu: uncaught target signal 11 (x) - core dumped" >&2; exit $s"""


@pytest.fixture(name="fakes")
def only_fakes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The fakes stand first on the PATH."""
    folder = tmp_path / "fakes"
    for name in set(KINDS.values()):
        script(folder / name, FAKE)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    return folder


def test_they_are_offered_beside_the_catalogue() -> None:
    assert {*KINDS, UML, *VMS} == {name for name in targets.offered() if name.startswith("linux-")}


@pytest.mark.parametrize("name", KINDS)
def test_availability(name: str, fakes: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    port = name.split("@")[0]
    if port == "linux-386" and not targets.native.runs_386():
        pytest.skip("this kernel runs no 386 programs")
    if port not in ("linux-amd64", "linux-386"):
        pytest.skip("the fake runs programs of this machine alone")
    state = targets.parse(name).availability()
    assert state.ready and state.reason.endswith("through fake 1.2 (test)")
    assert state.machine["release"] == os.uname().release
    script(fakes / KINDS[name], "echo 'no ptrace here' >&2; exit 128")
    through._ask.cache_clear()
    assert "exited with 128 instead of 42: no ptrace here" in targets.parse(name).availability().reason
    monkeypatch.setenv("PATH", "/nowhere")
    state = targets.parse(name).availability()
    package = type(targets.parse(name)).package  # type: ignore[attr-defined]
    assert not state.ready and f"apt-get install {package}" in state.remedy


@pytest.mark.parametrize("name", ["freebsd-amd64@qemu-user", "linux-386@gvisor", "freebsd-amd64@valgrind"])
def test_what_they_do_not_run(name: str) -> None:
    state = targets.parse(name).availability()
    assert not state.ready and "runs linux-amd64" in state.reason


@pytest.mark.parametrize("name", ["linux-amd64@qemu-user", "linux-amd64@gvisor", "linux-amd64@valgrind"])
def test_the_same_verdicts_as_native(repository: Repository, fakes: Path, tmp_path: Path, name: str) -> None:
    command = repository.command(
        "run", "--no-build", "--quick", "--target", name, "--out", str(repository.out)
    )
    path = f"{fakes}:{os.environ['PATH']}"
    own = tmp_path / "tmp"
    own.mkdir()
    done = subprocess.run(
        command, env=environment(PATH=path, TMPDIR=str(own)), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "reproduced" in done.stdout and "5 cells: 5 passed" in done.stdout
    assert not list(own.iterdir())


def test_gvisor_keeps_its_state_in_a_folder_that_goes() -> None:
    target = targets.parse("linux-amd64@gvisor")
    assert target.again(Toolbox(Path("/b")), Path("/p"), ["--x"], 1) == (
        "runsc --rootless --network=none --platform=ptrace --ignore-cgroups do /p --x"
    )


def test_valgrind_says_the_signal_and_exits(toolbox: Toolbox, tmp_path: Path) -> None:
    valgrind = targets.Valgrind("linux", "amd64")
    words = "==2== Process terminating with default action of signal 11 (SIGSEGV)"
    script(tmp_path / "valgrind", f"echo '==2== ' >&2; echo '{words}' >&2; echo own >&2; exit 1")
    order = runner.Order(
        toolbox.jail,
        [str(tmp_path / "valgrind")],
        1,
        9.0,
        None,
        True,
        valgrind.own_words,
        valgrind.signal_words,
    )
    seen = runner.run(order)
    assert (seen.signal, seen.exit_code, seen.stderr) == ("SIGSEGV", None, "own\n") and words in seen.aside


# A guest that boots once, and runs all.

GUEST = r"""[ "$1" != --version ] || { echo 6.1.99; exit 0; }
for word; do
  case $word in
    faultline=*) scratch=${word#*=} ;;
    ssl0=null,fd:*) out=${word#*:} ;;
    ssl1=null,fd:*) err=${word#*:} ;;
    ssl2=fd:*,fd:*) looks=${word##*:} asks=${word#*:} asks=${asks%%,*} ;;
  esac
done
[ -n "$scratch" ] && [ -n "$looks" ] || { echo "Kernel panic: no root"; exit 1; }
echo boot >>"$scratch/../boots"
here=$scratch/programs; mkdir "$here"; cp "$scratch/far.sh" "$here"
while read -r words; do
  eval "set -- $words"
  echo "$1 begin"; sh "$here/far.sh" "$2"; echo "$1 end"
done <&"$asks" >&"$looks" &
echo "guest ready"
while read -r words; do
  eval "set -- $words"; mark=$1 token=$2 seconds=$3 program=$4; shift 4
  [ -x "$here/${program##*/}" ] || cp "$program" "$here"
  echo "$mark begin" >&"$out"; echo "$mark begin" >&"$err"
  sh "$here/far.sh" run "$token" "$seconds" "${program##*/}" "$@" >&"$out" 2>&"$err"
  echo "$mark end" >&"$out"; echo "$mark end" >&"$err"
done"""


@pytest.fixture(name="guest")
def fake_guest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The fake kernel stands first on the PATH; what is kept goes into a folder of the test."""
    folder, own = tmp_path / "guest", tmp_path / "tmp"
    script(folder / "linux.uml", GUEST)
    # Not every sh takes a descriptor from a variable.
    (folder / "linux.uml").write_text(f"#!/bin/bash\n{GUEST}\n")
    own.mkdir()
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    monkeypatch.setenv("TMPDIR", str(own))
    monkeypatch.setattr("tempfile.tempdir", None)
    return own


def test_a_guest_boots_once_for_all(repository: Repository, guest: Path) -> None:
    with_names_of_their_own(repository)
    command = repository.command(
        "run", "--no-build", "--quick", "--target", UML, "--out", str(repository.out)
    )
    done = subprocess.run(command, env=environment(), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert (
        "5 cells: 5 passed" in done.stdout and "Linux 6.1.99, x86_64, through User-Mode Linux" in done.stdout
    )
    assert (guest / "boots").read_text() == "boot\n"
    (guest / "boots").unlink()
    assert not list(guest.iterdir()) and not programs_below(guest)


def test_a_guest_that_does_not_boot(repository: Repository, guest: Path, tmp_path: Path) -> None:
    script(
        tmp_path / "guest/linux.uml", '[ "$1" = --version ] && echo 6.1.99 || echo "Kernel panic: no root"'
    )
    done = repository.run("run", "--no-build", "--quick", "--target", UML)
    assert done.returncode == 3 and "cannot boot linux.uml: it ended: Kernel panic: no root" in done.stderr
    assert not list(guest.iterdir())


def test_a_hang_in_a_guest_ends_there_alone(
    empty: Repository, guest: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner, "silence_limit", lambda: 3.0)
    empty.add("foreign", RUNTIME_BUG, {**GOOD_RUNTIME, "whole": "by-case:self=sleep;key=clean"})
    with_names_of_their_own(empty)
    one = conductor_of(empty)
    try:
        result = one.conduct(cell_of(empty, "foreign", "whole", UML))
        assert result.verdict == "hang" and "it sleeps" in result.cases[0].symptom
        (path,) = [path for path in result.cases[0].evidence if path.endswith("guest-processes.txt")]
        assert "foreign.whole.linux-amd64" in (empty.out / path).read_text()
        # The same guest goes on.
        assert result.cases[1].verdict == "clean" and not programs_below(guest)
        assert (guest / "boots").read_text() == "boot\n"
    finally:
        one.clean_up()


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
def test_a_line_of_a_guest(size: int) -> None:
    said = b"left over\nm begin\nhello\nm enm end of it\nm e\nbye, m end\nafter"
    line, own = Line(0, "m"), b""
    for place in range(0, len(said), size):
        more, ended = line.add(said[place : place + size])
        own += more
        if ended:
            break
    assert ended and own == b"hello\nm enm end of it\nm e\nbye, "


# A machine by QEMU.


def test_the_names_of_machines() -> None:
    own = targets.parse("linux-arm64@vm:/boot/my+Image")
    assert own.parameter == "/boot/my+Image" and own.name == "linux-arm64@vm:/boot/my+Image"
    assert targets.parse("linux-386@vm").name == "linux-386@vm" and vm.Vm.form() == "vm[:KERNEL]"
    with pytest.raises(UsageError):
        targets.parse("linux-386@vm+restart.fast-return")


def test_what_no_machine_boots(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for arch in vm.HARDWARE:
        script(tmp_path / vm.HARDWARE[arch].qemu, "echo 'QEMU emulator version 9.9'")
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert "not freebsd-amd64" in targets.parse("freebsd-amd64@vm").availability().reason
    state = targets.parse("linux-arm@vm").availability()
    assert not state.ready and "doctor --fix" in state.remedy and "linux-image-armmp" in state.reason
    assert "no kernel /nowhere" in targets.parse("linux-amd64@vm:/nowhere").availability().reason
    # A kernel that says nothing.
    kernel = vm.unpacked("linux-image-amd64", "amd64") / "boot/vmlinuz-1"
    busybox = vm.unpacked("busybox-static", "amd64") / "bin/busybox"
    for path in (kernel, busybox):
        path.parent.mkdir(parents=True)
        path.write_bytes(b"x")
    state = targets.parse("linux-amd64@vm").availability()
    assert not state.ready and "it did not boot: QEMU emulator version 9.9" in state.reason
    monkeypatch.setenv("PATH", "/nowhere")
    assert "qemu-system-arm" in targets.parse("linux-arm64@vm").availability().remedy


def test_the_root_of_a_guest(tmp_path: Path) -> None:
    archive = vm.initramfs(b"\x7fELF", {"0-program": b"12345"})
    busybox = shutil.which("busybox")
    if not busybox:
        pytest.skip("busybox is not here")
    subprocess.run([busybox, "cpio", "-id"], input=archive, cwd=tmp_path, capture_output=True, check=False)
    assert (tmp_path / "kit/0-program").read_bytes() == b"12345" and os.access(tmp_path / "init", os.X_OK)
    assert (tmp_path / "init").read_text().startswith("#!/bin/busybox sh\n")
    assert (tmp_path / "bin/busybox").read_bytes() == b"\x7fELF" and (tmp_path / "kit/far.sh").exists()


# What they are, where they are installed; beside them this machine itself, and any command. A hang on a model, over ssh
# and in a kit: test_model, test_ssh, test_kit.

HANGS = """
    .globl _start
_start:
    mov $1, %eax       /* write(1, up, 3): from here on it hangs */
    mov $1, %edi
    lea up(%rip), %rsi
    mov $3, %edx
    syscall
wait:
    mov $34, %eax      /* pause() */
    syscall
    jmp wait
up: .ascii "up\n"
"""


@pytest.fixture(name="toolbox")
def with_the_jail(empty: Repository) -> Toolbox:
    """The fake jail of the tests."""
    return Toolbox(empty.bin)


def hang(toolbox: Toolbox, name: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A program that sleeps for ever on a target; what was seen of it."""
    compiler = shutil.which("clang-19") or shutil.which("cc")
    if not compiler:
        pytest.skip("no compiler is here")
    source, program = folder / "hangs.S", folder / "hangs"
    source.write_text(HANGS)
    subprocess.run([compiler, "-nostdlib", "-static", "-o", str(program), str(source)], check=True)
    monkeypatch.setattr(runner, "silence_limit", lambda: 3.0)
    target = targets.parse(name)
    if not target.availability().ready:
        pytest.skip(target.availability().reason)
    target.prepare(toolbox)
    try:
        target.bring(toolbox, program)
        seen = runner.run(
            runner.Order(
                toolbox.jail,
                target.command(toolbox, program, [], 1, None),
                1,
                30.0,
                target.channel,
                target.signals_are_exits,
            ),
            None,
            lambda pids: [processes.describe(pids, folder), *target.diagnose(toolbox, pids, folder)],
        )
        target.settle(toolbox)
        if isinstance(target, Guest):
            # Nothing is left inside, and the guest is still there to say so.
            assert target.ask("look") == (b"", True)
        return seen
    finally:
        target.clean_up()


@pytest.mark.parametrize(
    "name,file,said",
    [
        (NATIVE, "processes.txt", r"state S, wchan \S+, syscall 34 "),
        ("linux-amd64@cmd:env {}", "processes.txt", r"state S, wchan \S+, syscall 34 "),
        ("linux-amd64@qemu-user", "processes.txt", "hangs"),
        ("linux-amd64@gvisor", "sentry-stacks.txt", r"syscalls/linux\.Pause"),
        ("linux-amd64@valgrind", r"valgrind-\d+.txt", r"VgTs_WaitSys syscall 34"),
        (UML, "guest-processes.txt", "sys_pause"),
        ("linux-amd64@vm", "guest-processes.txt", "sys_pause"),
    ],
)
def test_a_hang_is_described_and_ended(
    toolbox: Toolbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, file: str, said: str
) -> None:
    monkeypatch.setenv("USER", "somebody")
    own = tmp_path / "tmp"
    own.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(own))
    seen = hang(toolbox, name, tmp_path, monkeypatch)
    assert "it sleeps" in seen.hang and seen.stdout == "up\n"
    paths = [path for path in seen.snapshots if re.fullmatch(file, path.name)]
    assert len(paths) == 1, (seen.snapshots, (tmp_path / "processes.txt").read_text()[:2000])
    (path,) = paths
    assert re.search(said, path.read_text())
    # Nothing is left outside: no process that bears a name of this test, the program's or a guest's, and no file.
    left = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            left += [entry.name] * (str(tmp_path) in (entry / "cmdline").read_text(errors="replace"))
        except OSError:
            # It is gone meanwhile.
            continue
    assert not left and not list(own.iterdir())


def test_a_guest_whose_kernel_hangs(
    toolbox: Toolbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = targets.parse("linux-amd64@vm")
    if not target.availability().ready:
        pytest.skip(target.availability().reason)
    assert isinstance(target, vm.Vm)
    program = tmp_path / "program"
    script(program, "exit 3")
    target.prepare(toolbox)
    try:
        target.bring(toolbox, program)
        target.command(toolbox, program, [], 1, None)
        # Its processors stand still; what has to answer does not.
        assert target.ask_monitor("stop") == ""
        monkeypatch.setattr("faultline.targets.guest.LOOK_SECONDS", 0.5)
        made = target.diagnose(toolbox, [], tmp_path)
        assert [path.name for path in made] == ["guest-console.txt", "guest-processors.txt"]
        assert "CPU#1" in (tmp_path / "guest-processors.txt").read_text()
        target.settle(toolbox)
        # The next run has a guest again.
        command = target.command(toolbox, program, [], 1, None)
        order = runner.Order(toolbox.jail, command, 1, 30.0, target.channel)
        assert runner.run(order).ending == "exited with 3"
    finally:
        target.clean_up()
