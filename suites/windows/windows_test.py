"""Windows programs: their images, read byte by byte, and, where Wine is installed, their verdicts.

The offsets are those of winnt.h's IMAGE_* structures.
"""

from __future__ import annotations

import dataclasses
import json
import os
import struct
import subprocess
import sys
from pathlib import Path

import pytest
from faultline import processes, targets

ROOT = Path.cwd()
TARGETS = [name for name in targets.offered() if name.endswith("@wine")]
PROGRAMS = sorted(
    path for path in ROOT.glob("repro/*/*.windows-*") if path.is_file() and "hosted" not in path.name
)

MACHINES = {"amd64": 0x8664, "386": 0x14C}
CONSOLE = 3
EXECUTABLE = 0x20000000
# As //bazel/toolchain asks for it.
STACK = 8 << 20


@dataclasses.dataclass(frozen=True)
class Image:
    """A PE image: what a loader reads of it."""

    data: bytes

    def number(self, offset: int, form: str) -> int:
        """A little-endian number."""
        return int(struct.unpack_from("<" + form, self.data, offset)[0])

    @property
    def header(self) -> int:
        """Where PE's header is."""
        return self.number(0x3C, "I")

    @property
    def machine(self) -> int:
        """The processor."""
        return self.number(self.header + 4, "H")

    @property
    def wide(self) -> bool:
        """Whether addresses have 64 bits: PE32+."""
        return self.number(self.header + 24, "H") == 0x20B

    def optional(self, offset: int, form: str) -> int:
        """A number of the optional header."""
        return self.number(self.header + 24 + offset, form)

    def sections(self) -> list[tuple[str, int, int, int, int]]:
        """Name, address, size, where it is in the file, flags."""
        at = self.header + 24 + self.number(self.header + 20, "H")
        found = []
        for i in range(self.number(self.header + 6, "H")):
            place = at + 40 * i
            name = self.data[place : place + 8].rstrip(b"\0").decode()
            found.append(
                (
                    name,
                    self.number(place + 12, "I"),
                    self.number(place + 8, "I"),
                    self.number(place + 20, "I"),
                    self.number(place + 36, "I"),
                )
            )
        return found

    def place(self, address: int) -> int:
        """Where in the file an address of the loaded image is."""
        for _, start, size, offset, _ in self.sections():
            if start <= address < start + size:
                return offset + address - start
        raise AssertionError(f"{address:#x} lies in no section")

    def text(self, address: int) -> str:
        """The string at an address."""
        start = self.place(address)
        return self.data[start : self.data.index(b"\0", start)].decode()

    def imports(self) -> dict[str, list[str]]:
        """Library -> the functions that are imported of it."""
        found: dict[str, list[str]] = {}
        at = self.place(self.optional(120 if self.wide else 104, "I"))
        size, form = (8, "Q") if self.wide else (4, "I")
        while name := self.number(at + 12, "I"):
            entry = self.place(self.number(at, "I"))
            functions = []
            while hint := self.number(entry, form):
                functions.append(self.text(hint + 2))
                entry += size
            found[self.text(name).lower()] = functions
            at += 20
        return found


@pytest.mark.parametrize("path", PROGRAMS, ids=lambda path: str(path.name))
def test_the_image(path: Path) -> None:
    image = Image(path.read_bytes())
    arch = next(arch for arch in MACHINES if f".windows-{arch}" in path.name)
    assert image.data[:2] == b"MZ" and image.data[image.header :][:4] == b"PE\0\0"
    assert image.machine == MACHINES[arch] and image.wide == (arch == "amd64")
    assert image.optional(68, "H") == CONSOLE
    assert image.optional(72, "Q" if image.wide else "I") == STACK
    entry = image.optional(16, "I")
    (home,) = [section for section in image.sections() if section[1] <= entry < section[1] + section[2]]
    assert home[0] == ".text" and home[4] & EXECUTABLE
    # No C library, and no thread-local storage of the loader's.
    imports = image.imports()
    assert set(imports) <= {"kernel32.dll", "ntdll.dll"}
    assert {"AddVectoredExceptionHandler", "GetStdHandle", "WriteFile", "TlsAlloc"} <= set(
        imports["kernel32.dll"]
    )
    assert not any("@" in name for names in imports.values() for name in names)
    assert ".tls" not in [section[0] for section in image.sections()]


def test_there_are_programs() -> None:
    assert {path.name.split(".")[0] for path in PROGRAMS} == {"deep-callback", "foreign-signal"}


@pytest.mark.parametrize("name", TARGETS)
def test_a_live_program_is_described_and_leaves_nothing(name: str, tmp_path: Path) -> None:
    target = targets.parse(name)
    state = target.availability()
    if not state.ready:
        pytest.skip(f"{state.reason}; it takes {state.remedy}")
    toolbox = targets.Toolbox(ROOT)
    target.prepare(toolbox)
    command = target.command(
        toolbox,
        toolbox.program("foreign-signal", "needm", target.port, False),
        ["--case", "fault", "--seconds", "300"],
        1,
        None,
    )
    with open(os.devnull, "wb") as nowhere, subprocess.Popen(
        [str(toolbox.jail), "--result", str(nowhere.fileno()), "--", *command],
        stdout=subprocess.PIPE,
        pass_fds=[nowhere.fileno()],
        text=True,
    ) as jail:
        try:
            assert jail.stdout
            assert any(line.startswith("progress") for line in jail.stdout)
            below = processes.descendants(jail.pid)
            # The tracer, which has its say too, is not here.
            made = target.diagnose(toolbox, below, tmp_path)
            assert [path.name for path in made] == ["wine-stacks.txt"]
            said = made[0].read_text(encoding="utf-8", errors="replace")
            assert said.count("Backtracing for thread") >= 2 and "runtime" in said
        finally:
            jail.terminate()
            jail.wait()
    assert not [pid for pid in below if Path(f"/proc/{pid}").exists()]
    scratch = Path(command[5])
    assert scratch.exists()
    target.clean_up()
    assert not scratch.exists()


@pytest.mark.parametrize("name", TARGETS)
def test_verdicts(name: str, tmp_path: Path) -> None:
    state = targets.parse(name).availability()
    if not state.ready:
        pytest.skip(f"{state.reason}; it takes {state.remedy}")
    options = ["--no-build", "--bin", str(ROOT), "--out", str(tmp_path), "--quick", "--target", name]
    done = subprocess.run(
        [sys.executable, "-m", "faultline", "run", *options, "--bug", "foreign-signal"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    cells = json.loads((tmp_path / "results.json").read_text(encoding="utf-8"))["cells"]
    assert {cell["variant"]: cell["verdict"] for cell in cells} == {
        "trust-m": "reproduced",
        "badsignal": "diagnosed",
        "needm": "clean",
    }
