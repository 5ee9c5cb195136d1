"""QEMU's system emulation: a whole machine with a kernel of a distribution, or the user's own."""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import json
import os
import platform
import re
import shlex
import shutil
import socket
import stat
import struct
import subprocess
import tempfile
from pathlib import Path
from typing import Any, Mapping, Sequence

from ..errors import MissingError
from ..far import script
from .base import Availability, Target, Toolbox
from .guest import LOOK_SECONDS, Guest
from .ssh import machine_facts
from .through import run_to_end, version_of


@dataclasses.dataclass(frozen=True)
class Hardware:
    """The machine that QEMU is for the programs of one architecture."""

    qemu: str
    # QEMU's package, and the name that Debian has for the architecture.
    package: str
    debian: str
    kernel_package: str
    options: tuple[str, ...]
    # The device of the console, and the number of the first further serial line, ttyS.
    console: str
    first_line: int
    # On machines of these (uname -m) KVM can run it.
    kin: tuple[str, ...] = ()


# A PC has four serial lines. Other boards have one of their own; a card has the rest.
_CARD = ("-device", "pci-serial-4x,chardev1=out,chardev2=err,chardev3=looks")
_PC = (
    *("-M", "pc", "-cpu", "max"),
    *(word for line in ("out", "err", "looks") for word in ("-serial", f"chardev:{line}")),
)

HARDWARE: Mapping[str, Hardware] = {
    "amd64": Hardware(
        "qemu-system-x86_64", "qemu-system-x86", "amd64", "linux-image-amd64", _PC, "ttyS0", 1, ("x86_64",)
    ),
    "386": Hardware(
        "qemu-system-i386", "qemu-system-x86", "i386", "linux-image-686", _PC, "ttyS0", 1, ("x86_64", "i686")
    ),
    "arm64": Hardware(
        "qemu-system-aarch64",
        "qemu-system-arm",
        "arm64",
        "linux-image-arm64",
        ("-M", "virt", "-cpu", "max", *_CARD),
        "ttyAMA0",
        0,
        ("aarch64",),
    ),
    "arm": Hardware(
        "qemu-system-arm",
        "qemu-system-arm",
        "armhf",
        "linux-image-armmp",
        ("-M", "virt", "-cpu", "max", *_CARD),
        "ttyAMA0",
        0,
    ),
}

# Programs of the catalogue see threads on processors of their own.
_CPUS = 2
_MEGABYTES = 768

# A kernel boots to its end in 10 s where every instruction is translated. By KVM it takes 3 s, where that works.
_TRANSLATED_SECONDS = 180.0
_KVM_SECONDS = 20.0

_REMEDY = "./faultline doctor --fix (it downloads and unpacks the package, and installs no kernel)"


def cache() -> Path:
    """Where set-up unpacks what is not installed (setup/unpack)."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "faultline"


def unpacked(package: str, arch: str) -> Path:
    """The folder of a package that setup/unpack unpacked, named as in setup/packages.txt."""
    return cache() / "debs" / f"{package}:{arch}"


def _entry(name: str, mode: int, content: bytes = b"", device: tuple[int, int] = (0, 0)) -> bytes:
    """An entry of an archive for the kernel (Linux, Documentation/driver-api/early-userspace/buffer-format.rst)."""
    # c_ino (which must not be 0 for more than one link), mode, uid, gid, nlink, mtime, size, the file's own device,
    # its number as a device, length of the name, checksum.
    fields = (0, mode, 0, 0, 1, 0, len(content), 0, 0, *device, len(name) + 1, 0)
    head = "070701" + "".join(f"{field:08X}" for field in fields) + name + "\0"
    return _padded(head.encode()) + _padded(content)


def _padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % 4)


_PROLOGUE = """\
#!/bin/busybox sh
/bin/busybox mount -t proc proc /proc
/bin/busybox --install -s /bin
/bin/umount /proc
"""


def initramfs(busybox: bytes, files: Mapping[str, bytes]) -> bytes:
    """The root of a guest: a busybox, sh/guest.sh as its first process, and the files of the kit in /kit."""
    made = [_entry(name, stat.S_IFDIR | 0o755) for name in ("bin", "dev", "proc", "mnt", "tmp", "kit")]
    made += [
        _entry("dev/console", stat.S_IFCHR | 0o600, device=(5, 1)),
        _entry("bin/busybox", stat.S_IFREG | 0o755, busybox),
        _entry("init", stat.S_IFREG | 0o755, (_PROLOGUE + script("guest.sh")).encode()),
        _entry("kit/far.sh", stat.S_IFREG | 0o755, script("supervise.sh", "far.sh").encode()),
    ]
    made += [_entry(f"kit/{name}", stat.S_IFREG | 0o755, content) for name, content in sorted(files.items())]
    return b"".join([*made, _entry("TRAILER!!!", 0)])


@dataclasses.dataclass(frozen=True)
class Kernel:
    """A kernel, and the busybox for its guests."""

    arch: str
    image: Path
    busybox: Path

    def command(self, accelerator: str, root: Path, words: Sequence[str]) -> list[str]:
        """QEMU's command, but for what its console and serial lines are."""
        hardware = HARDWARE[self.arch]
        line = f"console={hardware.console} quiet panic=-1 faultline=/kit first_line={hardware.first_line}"
        return [
            shutil.which(hardware.qemu) or hardware.qemu,
            *("-nodefaults", "-no-user-config", "-display", "none", "-no-reboot", "-accel", accelerator),
            *("-smp", str(_CPUS), "-m", str(_MEGABYTES), "-kernel", str(self.image), "-initrd", str(root)),
            *("-append", " ".join([line, *words])),
        ]


def _key(*sources: str) -> str:
    return hashlib.sha256("\n".join(sources).encode()).hexdigest()[:32]


def _this_boot() -> str:
    """What tells this machine, since it started, from others that may share the cache."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return platform.node()


def _keep(path: Path, facts: Mapping[str, Any]) -> None:
    """Keeps an answer. One that cannot be kept is asked for again the next time."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f".{path.name}.{os.getpid()}")
        temporary.write_text(json.dumps(facts), encoding="utf-8")
        os.replace(temporary, path)
    except OSError:
        pass


@functools.lru_cache(maxsize=None)
def _boots(kernel: Kernel) -> tuple[Mapping[str, Any], str]:
    """What a kernel says of itself once it has booted, `accel` with it; else why it did not.

    Asked once for each kernel, QEMU and boot of this machine; the answer is kept.
    """
    told = kernel.image.stat()
    version = version_of(HARDWARE[kernel.arch].qemu)
    kept = cache() / "vm"
    answer = kept / _key(
        str(kernel),
        str((told.st_size, told.st_mtime_ns, kernel.busybox.stat().st_mtime_ns)),
        version,
        _this_boot(),
        script("guest.sh", "supervise.sh", "far.sh"),
    )
    try:
        facts: Mapping[str, Any] = json.loads(answer.read_text(encoding="utf-8"))
        return facts, ""
    except (OSError, ValueError):
        pass
    hangs = kept / f"kvm-{_key(version, _this_boot())}"
    kvm = platform.machine() in HARDWARE[kernel.arch].kin and os.access("/dev/kvm", os.R_OK | os.W_OK)
    problems = {}
    for accelerator in ["kvm", "tcg"] if kvm and not hangs.exists() else ["tcg"]:
        facts, problem = _try(kernel, accelerator)
        if problem:
            problems[accelerator] = problem
            continue
        if "kvm" in problems:
            # The same kernel boots without: KVM is what fails here, as it does in some machines that are guests.
            _keep(hangs, problems)
        _keep(answer, facts)
        return facts, ""
    return {}, problems["tcg"]


def _try(kernel: Kernel, accelerator: str) -> tuple[dict[str, Any], str]:
    """Boots a kernel to its end, with nothing to run."""
    seconds = _KVM_SECONDS if accelerator == "kvm" else _TRANSLATED_SECONDS
    with tempfile.TemporaryDirectory(prefix="faultline-vm-") as folder:
        root = Path(folder) / "root"
        try:
            root.write_bytes(initramfs(kernel.busybox.read_bytes(), {}))
            null = [word for line in ("out", "err", "looks") for word in ("-chardev", f"null,id={line}")]
            qemu = kernel.command(accelerator, root, ["probe=1"])
            command = [*qemu, "-chardev", "stdio,id=con,signal=off", "-serial", "chardev:con", *null]
            # It ends also where nobody is left who could end it.
            done = run_to_end(
                ["timeout", "-k", "5", f"{seconds:g}", *command, *HARDWARE[kernel.arch].options], 2 * seconds
            )
        except subprocess.TimeoutExpired:
            return {}, f"it did not boot within {seconds:g} s"
        except OSError as error:
            return {}, f"{error.filename}: {error.strerror}"
    said = done.stdout.decode("utf-8", "replace").replace("\r", "").splitlines()
    facts = machine_facts(said)
    if not {"system", "release", "machine"} <= set(facts):
        if done.returncode == 124:
            return {}, f"it did not boot within {seconds:g} s ({accelerator})"
        words = [
            line for line in [*said, *done.stderr.decode("utf-8", "replace").splitlines()] if line.strip()
        ]
        return {}, f"it did not boot: {(words or ['it said nothing'])[-1].strip()[:200]}"
    return {**facts, "accel": accelerator}, ""


class Vm(Guest):
    """A machine by QEMU: Debian's kernel of the architecture, or PATH, the user's own."""

    where = "vm"
    sign = ":"
    parameter_name = "KERNEL"
    bare = True
    verbatim = True
    offered = tuple(f"linux-{arch}" for arch in HARDWARE)

    def __init__(self, os_name: str, arch: str, faults: Sequence[str] = (), parameter: str = "") -> None:
        super().__init__(os_name, arch, faults, parameter)
        self._programs: dict[Path, str] = {}
        self._monitor: socket.socket | None = None
        self._far_monitor: socket.socket | None = None

    @property
    def _package(self) -> Path:
        hardware = HARDWARE[self.arch]
        return unpacked(hardware.kernel_package, hardware.debian)

    def _kernel(self) -> Kernel | None:
        """The kernel to boot; None when it, or the busybox for it, is not there."""
        images = [Path(self.parameter)] if self.parameter else sorted(self._package.glob("boot/vmlinuz-*"))
        busybox = unpacked("busybox-static", HARDWARE[self.arch].debian) / "bin/busybox"
        if not images or not images[-1].is_file() or not busybox.is_file():
            return None
        return Kernel(self.arch, images[-1].absolute(), busybox)

    def availability(self) -> Availability:
        if self.port not in self.offered:
            return Availability(
                False, f"vm boots {', '.join(self.offered)}, not {self.port}", "another kind of target"
            )
        hardware = HARDWARE[self.arch]
        if not shutil.which(hardware.qemu):
            remedy = f"apt-get install {hardware.package} (./faultline doctor --fix does it)"
            return Availability(False, f"there is no {hardware.qemu} here", remedy)
        kernel = self._kernel()
        if not kernel:
            if self.parameter and not Path(self.parameter).is_file():
                return Availability(False, f"there is no kernel {self.parameter}", "the path of one")
            return Availability(False, f"there is no kernel of {hardware.kernel_package} here", _REMEDY)
        facts, problem = _boots(kernel)
        if problem:
            return Availability(False, f"{kernel.image}: {problem}", "a kernel that boots here")
        through = f"{version_of(hardware.qemu)} ({str(facts['accel']).upper()})"
        facts = {name: value for name, value in facts.items() if name != "accel"}
        says = f"{facts['system']} {facts['release']}, {facts['machine']}, through {through}"
        return Availability(True, says, machine={**facts, "through": through})

    def bring(self, toolbox: Toolbox, program: Path) -> None:
        if program in self._programs:
            return
        # One boot for all cells: whatever is built for the port comes along.
        name = re.compile(rf"[^.]+\.[^.]+\.{re.escape(self.port)}(\.hosted)?(\.with-[^.]+)?")
        built = (
            path for path in (toolbox.root / "repro").glob(f"*/*.{self.port}*") if name.fullmatch(path.name)
        )
        for path in [program, *sorted(built)]:
            if path not in self._programs and path.is_file() and os.access(path, os.X_OK):
                self._programs[path] = f"{len(self._programs)}-{path.name}"
        # A guest that runs is without it.
        self._halt()

    def in_guest(self, program: Path) -> str:
        return f"/kit/{self._programs[program]}"

    def kernel_command(self, toolbox: Toolbox, scratch: Path, lines: Sequence[int]) -> list[str]:
        kernel = self._kernel()
        facts, problem = _boots(kernel) if kernel else ({}, "it is gone")
        if not kernel or problem:
            raise MissingError(f"{self.name} cannot boot: {problem}")
        root = scratch / "root"
        root.write_bytes(
            initramfs(
                kernel.busybox.read_bytes(),
                {name: path.read_bytes() for path, name in self._programs.items()},
            )
        )
        # The FIFOs by name: the descriptors are inherited only so that they have both ends.
        wires = [f"file,id={name},path={scratch / name}" for name in ("out", "err")]
        # QEMU's name for a pair of them.
        for end, name in (("in", "asks"), ("out", "looks")):
            if not (scratch / f"both.{end}").is_symlink():
                (scratch / f"both.{end}").symlink_to(name)
        wires.append(f"pipe,id=looks,path={scratch / 'both'}")
        self._monitor, self._far_monitor = socket.socketpair()
        monitor = [
            *("-chardev", f"socket,id=monitor,fd={self._far_monitor.fileno()}"),
            *("-mon", "chardev=monitor,mode=control"),
        ]
        return [
            *kernel.command(facts["accel"], root, []),
            *("-chardev", "stdio,id=con,signal=off", "-serial", "chardev:con"),
            *(word for wire in wires for word in ("-chardev", wire)),
            *monitor,
            *HARDWARE[self.arch].options,
        ]

    def inherited(self) -> Sequence[int]:
        return [self._far_monitor.fileno()] if self._far_monitor else []

    def _boot(self, toolbox: Toolbox) -> None:
        super()._boot(toolbox)
        if self._far_monitor:
            self._far_monitor.close()
            self._far_monitor = None

    def _halt(self) -> None:
        super()._halt()
        for end in (self._monitor, self._far_monitor):
            if end:
                end.close()
        self._monitor = self._far_monitor = None

    def diagnose(self, toolbox: Toolbox, pids: Sequence[int], folder: Path) -> list[Path]:
        made = super().diagnose(toolbox, pids, folder)
        if [path.name for path in made] == ["guest-processes.txt"]:
            return made
        # The kernel itself hangs: where its processors stand.
        registers = self.ask_monitor("info registers -a")
        if registers:
            path = folder / "guest-processors.txt"
            path.write_text(registers, encoding="utf-8")
            made.append(path)
        return made

    def ask_monitor(self, line: str) -> str:
        """What QEMU answers to a line of its monitor; "" when it does not."""
        if not self._monitor:
            return ""
        self._monitor.settimeout(LOOK_SECONDS)
        try:
            with self._monitor.makefile("rwb") as stream:
                for request in (
                    {"execute": "qmp_capabilities"},
                    {"execute": "human-monitor-command", "arguments": {"command-line": line}, "id": "asked"},
                ):
                    stream.write(json.dumps(request).encode() + b"\n")
                    stream.flush()
                for answer in stream:
                    said = json.loads(answer)
                    if said.get("id") == "asked":
                        return str(said.get("return", ""))
        except (OSError, ValueError):
            pass
        return ""

    def clean_up(self) -> None:
        super().clean_up()
        self._programs.clear()

    def again(self, toolbox: Toolbox, program: Path, arguments: Sequence[str], seed: int) -> str:
        return shlex.join(
            [
                *("env", "PYTHONPATH=tools/pytest", "python3", "-m", "faultline.once"),
                *(self.name, str(toolbox.root), str(program), *arguments),
            ]
        )
