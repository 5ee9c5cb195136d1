"""Another machine, over ssh. A POSIX shell is all that it needs to have."""

from __future__ import annotations

import functools
import hashlib
import os
import queue
import re
import secrets
import shlex
import shutil
import subprocess
import tempfile
import threading
from pathlib import Path
from typing import Any, Mapping, Sequence

from ..errors import MissingError, UsageError
from ..far import Channel, script
from .base import Availability, Recording, Target, Toolbox
from .elsewhere import HOST
from .probe import EXIT_0_386

# Overrides the command, for options that have no place in ~/.ssh/config; as rsync's RSYNC_RSH.
COMMAND_VARIABLE = "FAULTLINE_SSH"

# Nobody is there to answer a question; a connection that is gone is noticed.
_OPTIONS = (
    *("-T", "-o", "BatchMode=yes", "-o", "ConnectTimeout=10"),
    *("-o", "ServerAliveInterval=5", "-o", "ServerAliveCountMax=3"),
)

CONNECT_SECONDS = 30.0
COPY_SECONDS = 600.0

# What ssh itself exits with when it fails.
EXIT_SSH_FAILED = 255

# Architectures by what uname -m calls a machine that runs their programs, the machine's own first.
MACHINES: Mapping[str, tuple[str, ...]] = {
    "x86_64": ("amd64", "386"),
    "amd64": ("amd64", "386"),
    "i386": ("386",),
    "i486": ("386",),
    "i586": ("386",),
    "i686": ("386",),
    "aarch64": ("arm64",),
    "arm64": ("arm64",),
    "armv6l": ("arm",),
    "armv7l": ("arm",),
    "armv8l": ("arm",),
    "riscv64": ("riscv64",),
}


def _words() -> str:
    return os.environ.get(COMMAND_VARIABLE, "") or "ssh"


def _command() -> list[str]:
    words = shlex.split(_words())
    # The jail takes a path.
    return [shutil.which(words[0]) or words[0], *words[1:], *_OPTIONS]


def machine_facts(lines: Sequence[str]) -> dict[str, Any]:
    """The lines of supervise.sh's `machine` as facts."""
    facts: dict[str, Any] = {}
    for line in lines:
        name, _, value = line.partition(" ")
        if name in ("system", "release", "version", "machine", "node"):
            facts[name] = value.strip()
        elif name == "cpus":
            facts[name] = max(1, int(value)) if value.strip().isdigit() else 1
    return facts


def _last_line(said: bytes) -> str:
    lines = [line for line in said.decode("utf-8", "replace").splitlines() if line.strip()]
    return lines[-1].strip() if lines else "it said nothing"


def _probe_386() -> str:
    """Shell commands that print "runs-386" where a 386 program runs."""
    octal = "".join(f"\\{byte:03o}" for byte in EXIT_0_386)
    return (
        f'p=${{TMPDIR:-/tmp}}/faultline-386.$$\n(umask 077; printf \'{octal}\' >"$p") && chmod 700 "$p" &&\n'
        '"$p" 2>/dev/null && echo runs-386\nrm -f "$p"\n'
    )


@functools.lru_cache(maxsize=None)
def _ask(host: str, probing: bool) -> tuple[dict[str, Any], bool, str]:
    """The facts of the machine, whether it runs 386 Linux programs, and why it cannot be reached."""
    words = script("supervise.sh") + "machine\n" + (_probe_386() if probing else "")
    try:
        done = subprocess.run(
            [*_command(), host, "sh", "-s"],
            input=words.encode(),
            capture_output=True,
            timeout=CONNECT_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return {}, False, f"no answer within {CONNECT_SECONDS:g} s"
    except OSError as error:
        return {}, False, f"{_command()[0]} does not run: {error.strerror}"
    lines = done.stdout.decode("utf-8", "replace").splitlines()
    facts = machine_facts(lines)
    if done.returncode == EXIT_SSH_FAILED or not {"system", "release", "machine"} <= set(facts):
        return {}, False, _last_line(done.stderr)
    return facts, "runs-386" in lines, ""


class Ssh(Target):
    """The machine HOST, as ssh knows it, with its real kernel."""

    where = "ssh"
    sign = ":"
    parameter_name = "HOST"

    def __init__(self, os_name: str, arch: str, faults: Sequence[str] = (), parameter: str = "") -> None:
        super().__init__(os_name, arch, faults, parameter)
        self._token = ""
        self._folder = ""
        self._local: Path | None = None
        self._keeper: subprocess.Popen[bytes] | None = None
        self._brought: dict[str, str] = {}
        self._names: dict[Path, str] = {}

    @classmethod
    def check_parameter(cls, parameter: str) -> None:
        if not re.fullmatch(HOST, parameter):
            raise UsageError(f"'{parameter}' is not a host for ssh")

    @property
    def channel(self) -> Channel:
        return Channel(self.parameter, self._token)

    def availability(self) -> Availability:
        facts, runs_386, problem = _ask(self.parameter, self.port == "linux-386")
        if problem:
            return Availability(
                False,
                f"cannot reach {self.parameter}: {problem}",
                f"a machine on which `{_words()} -o BatchMode=yes {self.parameter} true` works",
            )
        host = f"{facts['system']} {facts['release']}, {facts['machine']}"
        if facts["system"].lower() != self.os_name:
            return Availability(False, f"{self.parameter} runs {host}", f"a {self.os_name} machine", facts)
        if self.arch not in MACHINES.get(facts["machine"], ()):
            return Availability(False, f"{self.parameter} runs {host}", f"a {self.arch} machine", facts)
        if self.port == "linux-386" and not runs_386:
            return Availability(
                False, f"the kernel of {self.parameter} refuses 386 programs", "one that runs them", facts
            )
        return Availability(True, f"{self.parameter}: {host}", machine=facts)

    # The far folder and the one connection that keeps it.

    def prepare(self, toolbox: Toolbox) -> None:
        super().prepare(toolbox)
        self._token = f"faultline-{secrets.token_hex(12)}"
        self._local = Path(tempfile.mkdtemp(prefix="faultline-ssh-"))
        end = f"end-of-{self._token}"
        words = (
            f'umask 077\nd=${{TMPDIR:-/tmp}}/{self._token}\nmkdir "$d" && cat >"$d/far.sh" <<\'{end}\' &&\n'
            f"{script('supervise.sh', 'far.sh')}{end}\nexec sh \"$d/far.sh\" keep\n"
            'echo "cannot use $d" >&2\nexit 3\n'
        )
        said = self._local / "said"
        with said.open("wb") as err, open(os.devnull, "wb") as nowhere:
            # Below the jail: whoever ends the driver, and however, ends the connection too, and then the far
            # side ends itself.
            jail = [str(toolbox.jail), "--result", str(nowhere.fileno()), "--"]
            self._keeper = subprocess.Popen(
                [*jail, *_command(), *self._master(), self.parameter, "sh", "-s"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=err,
                pass_fds=[nowhere.fileno()],
                start_new_session=True,
            )
        lines: queue.Queue[str] = queue.Queue()
        threading.Thread(target=_read_lines, args=(self._keeper, lines), daemon=True).start()
        try:
            assert self._keeper.stdin
            with self._keeper.stdin as stdin:
                stdin.write(words.encode())
        except BrokenPipeError:
            pass
        try:
            line = ""
            while not line.startswith("ready "):
                line = lines.get(timeout=CONNECT_SECONDS)
                if not line:
                    raise MissingError(f"cannot prepare {self.parameter}: {_last_line(said.read_bytes())}")
        except queue.Empty:
            raise MissingError(
                f"cannot prepare {self.parameter}: no answer within {CONNECT_SECONDS:g} s"
            ) from None
        self._folder = line.removeprefix("ready ").rstrip("\n")

    def _master(self) -> list[str]:
        return ["-o", "ControlMaster=yes", "-o", f"ControlPath={self._local}/c", "-o", "ControlPersist=no"]

    def _far(self, *words: str) -> list[str]:
        """The command that runs a command of far.sh."""
        shared = ["-o", "ControlMaster=no", "-o", f"ControlPath={self._local}/c"]
        far = shlex.join(["sh", f"{self._folder}/far.sh", *words])
        return [*_command(), *shared, self.parameter, far]

    def bring(self, toolbox: Toolbox, program: Path) -> None:
        if program in self._names:
            return
        content = program.read_bytes()
        digest = hashlib.sha256(content).hexdigest()
        if digest not in self._brought:
            name = f"{program.name}.{digest[:12]}"
            try:
                done = subprocess.run(
                    self._far("take", name, str(len(content))),
                    input=content,
                    capture_output=True,
                    timeout=COPY_SECONDS,
                    check=False,
                )
            except subprocess.TimeoutExpired:
                raise MissingError(f"{self.parameter} did not take {program.name} in time") from None
            if done.returncode != 0:
                raise MissingError(
                    f"cannot copy {program.name} to {self.parameter}: {_last_line(done.stderr)}"
                )
            self._brought[digest] = name
        self._names[program] = self._brought[digest]

    def command(
        self,
        toolbox: Toolbox,
        program: Path,
        arguments: Sequence[str],
        seed: int,
        recording: Recording | None,
    ) -> list[str]:
        words = list(arguments)
        seconds = int(words[words.index("--seconds") + 1]) if "--seconds" in words else 600
        # The watchdog stands on this side; that one is for when it cannot be reached.
        return self._far("run", self._token, str(10 * seconds + 60), self._names[program], *words)

    def again(self, toolbox: Toolbox, program: Path, arguments: Sequence[str], seed: int) -> str:
        far = f"f=/tmp/{program.name}.$$; cat >$f; chmod 700 $f; $f {shlex.join(arguments)}; s=$?; rm -f $f; exit $s"
        return f"ssh {self.parameter} {shlex.quote('exec sh -c ' + shlex.quote(far))} < {shlex.quote(str(program))}"

    def diagnose(self, toolbox: Toolbox, pids: Sequence[int], folder: Path) -> list[Path]:
        try:
            done = subprocess.run(
                self._far("look"),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=CONNECT_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return []
        if not done.stdout:
            return []
        path = folder / "far-processes.txt"
        path.write_bytes(done.stdout)
        return [path]

    def settle(self, toolbox: Toolbox) -> None:
        self._quietly("sweep")

    def clean_up(self) -> None:
        if self._folder and self._keeper and self._keeper.poll() is None:
            self._quietly("end")
        if self._keeper:
            # Without the connection the far side ends itself, if it could not be told to.
            self._keeper.terminate()
            self._keeper.wait()
            self._keeper = None
        if self._local:
            shutil.rmtree(self._local, ignore_errors=True)
            self._local = None
        self._folder = ""
        self._brought.clear()
        self._names.clear()

    def _quietly(self, word: str) -> None:
        try:
            subprocess.run(
                self._far(word),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=CONNECT_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired:
            pass


def _read_lines(keeper: subprocess.Popen[bytes], lines: queue.Queue[str]) -> None:
    """Passes on the lines until "ready", and reads on so that the far side can write; "" at the end."""
    assert keeper.stdout
    ready = False
    with keeper.stdout as stream:
        for line in stream:
            text = line.decode("utf-8", "replace")
            if not ready:
                lines.put(text)
            ready = ready or text.startswith("ready ")
    lines.put("")
