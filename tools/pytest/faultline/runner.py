"""One run of one program under the jail: started, read line by line, watched, and cleaned up after."""

from __future__ import annotations

import dataclasses
import os
import re
import selectors
import signal
import subprocess
import time
from pathlib import Path
from typing import Callable, Mapping, Sequence

from . import processes, protocol
from .far import Channel, Reports
from .protocol import Event

# How long a program may print nothing. While work is done it prints every 500 ms, so this is ten times that.
SILENCE_SECONDS = 5.0

# A program that still talks may go on for this many times the seconds that it was given.
OVERTIME = 3.0

# What is kept of each stream: its beginning and its end.
KEPT_BYTES = 256 * 1024

# Below this share of one CPU a silent tree of processes sleeps; a watcher thread's ticks stay far below.
ASLEEP_SHARE = 0.05

# What a shell, and whoever does as it does, adds to a signal's number to make it an exit status.
EXIT_OF_SIGNAL = 128

# However starved a silent program is, after this many limits it is called a hang.
PATIENCE = 10


class Tail:
    """The beginning and the end of a stream, whatever its length."""

    def __init__(self, kept: int = KEPT_BYTES) -> None:
        self._kept = kept
        self._head = bytearray()
        self._tail = bytearray()
        self._lost = 0

    def add(self, data: bytes) -> None:
        """Takes in the next bytes."""
        room = max(0, self._kept - len(self._head))
        self._head += data[:room]
        self._tail += data[room:]
        if len(self._tail) > 2 * self._kept:
            self._lost += len(self._tail) - self._kept
            del self._tail[: -self._kept]

    def text(self) -> str:
        """What was kept, with a mark where something was left out."""
        gap = f"\n[{self._lost} bytes left out]\n".encode() if self._lost else b""
        return (bytes(self._head) + gap + bytes(self._tail)).decode("utf-8", "replace")


@dataclasses.dataclass
class Observation:
    """All that was seen of one run."""

    command: list[str]
    seed: int
    started: bool = False
    controlled: bool = False
    ended: bool = False
    control_failed: str = ""
    attempts: int = 0
    opportunities: int = 0
    hits: int = 0
    hit_events: list[Event] = dataclasses.field(default_factory=list)
    last_note: str = ""
    stdout: str = ""
    stderr: str = ""
    exit_code: int | None = None
    signal: str = ""
    hang: str = ""
    failed: str = ""
    left_behind: int = 0
    # What the place said on fd 2 besides the program.
    aside: str = ""
    seconds: float = 0.0
    snapshots: list[Path] = dataclasses.field(default_factory=list)

    @property
    def ending(self) -> str:
        """How it ended, in words."""
        if self.failed:
            return self.failed
        if self.hang:
            return self.hang
        if self.signal:
            return f"died of {self.signal}"
        return f"exited with {self.exit_code}"


def signal_name(number: int) -> str:
    """SIGSEGV for 11; SIG64 for one without a name."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"SIG{number}"


def silence_limit() -> float:
    """How long silence is allowed on this machine now: longer when it is loaded."""
    load = os.getloadavg()[0] / (os.cpu_count() or 1)
    return SILENCE_SECONDS * min(6.0, max(1.0, load))


class Watchdog:
    """Tells a program that hangs from one that gets no CPU.

    A silent program hangs when its limit has passed and either it sleeps (no thread runnable, next to no CPU
    time used), or it has used up the limit in CPU time without a line (it spins). One that wants to run and
    is not let, or that cannot be looked at, gets `PATIENCE` limits.
    """

    LOOK_EVERY = 0.25

    def __init__(
        self, limit: float, budget: float, look: Callable[[], processes.Activity | None], now: float
    ) -> None:
        self._limit = limit
        self._deadline = now + budget * OVERTIME + limit
        self._budget = budget
        self._look = look
        self._last_line = now
        self._first: processes.Activity | None = None
        self._looks = 0
        self._runnable = 0

    def line(self, now: float) -> None:
        """A line came."""
        self._last_line = now
        self._first = None

    def wait(self, now: float) -> float:
        """For how long nothing needs to be checked."""
        return max(0.0, min(self.LOOK_EVERY, self._deadline - now))

    def verdict(self, now: float) -> str:
        """Why the program hangs, or "" when it does not."""
        if now >= self._deadline:
            return f"went on beyond {OVERTIME:g} times its {self._budget:g} s"
        silence = now - self._last_line
        if silence < self.LOOK_EVERY:
            return ""
        seen = self._look()
        if seen is None:
            if silence >= PATIENCE * self._limit:
                return f"no line for {silence:.1f} s, and nothing was heard of it meanwhile"
            return ""
        if self._first is None:
            self._first, self._looks, self._runnable = seen, 0, 0
        self._looks += 1
        self._runnable += seen.runnable
        if silence < self._limit:
            return ""
        used = seen.cpu_seconds - self._first.cpu_seconds
        said = f"no line for {silence:.1f} s"
        if used >= self._limit:
            return f"{said}, and {used:.1f} s of CPU time used meanwhile: it spins"
        if used < ASLEEP_SHARE * silence and self._runnable <= ASLEEP_SHARE * self._looks:
            return f"{said}, and {used:.2f} s of CPU time used meanwhile: it sleeps"
        if silence >= PATIENCE * self._limit:
            return f"{said}, and {used:.1f} s of CPU time used meanwhile: it crawls"
        return ""


@dataclasses.dataclass(frozen=True)
class Order:
    """What to run: the command below the jail, the seed in it, the seconds that it was given.

    With a channel the program runs on the far side of it, and the command is only the way there. What else the
    place makes of an ending: see `Target.signals_are_exits`, `Target.signal_words`, `Target.deaths` and
    `Target.own_words`.
    """

    jail: Path
    command: Sequence[str]
    seed: int
    seconds: float
    channel: Channel | None = None
    signals_are_exits: bool = False
    own_words: str = ""
    signal_words: str = ""
    deaths: Mapping[str, str] = dataclasses.field(default_factory=dict)


OnEvent = Callable[[Event], None]
OnHang = Callable[[Sequence[int]], Sequence[Path]]


def run(order: Order, on_event: OnEvent | None = None, on_hang: OnHang | None = None) -> Observation:
    """Runs the order to its end; nothing of it is alive afterwards, also when this raises."""
    seen = Observation(list(order.command), order.seed)
    began = time.monotonic()
    result_read, result_write = os.pipe()
    try:
        # A session of its own, so that a terminal's Ctrl-C reaches the driver alone, which then cleans up.
        jail = subprocess.Popen(
            [str(order.jail), "--result", str(result_write), "--", *order.command],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            pass_fds=[result_write],
            start_new_session=True,
            env=_environment(),
        )
    except OSError as error:
        os.close(result_read)
        seen.failed = f"could not start {order.jail}: {error.strerror}"
        return seen
    finally:
        os.close(result_write)
    try:
        session = _Session(order, seen, jail, result_read, on_event, on_hang)
        result = session.follow()
    finally:
        _end(jail)
        for stream in (jail.stdout, jail.stderr):
            if stream:
                stream.close()
        os.close(result_read)
    if order.channel and session.reports:
        _judge_far_ending(seen, order.channel, session.reports)
    else:
        _judge_ending(seen, result, jail.returncode)
    _undo_place(seen, order)
    seen.seconds = time.monotonic() - began
    return seen


def recorded(command: Sequence[str], seed: int, stdout: bytes, stderr: bytes) -> Observation:
    """What was seen of a run that is long over, but for how it ended, from what it printed."""
    seen = Observation(list(command), seed)
    for line in stdout.split(b"\n"):
        take(seen, line)
    out, err = Tail(), Tail()
    out.add(stdout)
    err.add(stderr)
    seen.stdout, seen.stderr = out.text(), err.text()
    seen.hits = max(seen.hits, len(seen.hit_events))
    return seen


def _environment() -> dict[str, str]:
    kept = ("PATH", "HOME", "TMPDIR", "LD_LIBRARY_PATH")
    return {name: os.environ[name] for name in kept if name in os.environ} | {"LC_ALL": "C.UTF-8"}


def _end(jail: subprocess.Popen[bytes]) -> None:
    """Ends the jail and, through it, everything below it."""
    if jail.poll() is not None:
        return
    jail.terminate()
    try:
        jail.wait(2)
    except subprocess.TimeoutExpired:
        # Its init and everything below die with it.
        jail.kill()
        jail.wait()


class _Session:
    """Follows one running jail: three pipes and the process itself in one selector."""

    def __init__(
        self,
        order: Order,
        seen: Observation,
        jail: subprocess.Popen[bytes],
        result: int,
        on_event: OnEvent | None,
        on_hang: OnHang | None,
    ) -> None:
        self._seen = seen
        self._jail = jail
        self._on_event = on_event
        self._on_hang = on_hang
        self._out, self._err, self._result = Tail(), Tail(), bytearray()
        self._partial = bytearray()
        self.reports = Reports(order.channel, self._err.add) if order.channel else None
        look = self.reports.look if self.reports else lambda: processes.activity(self._below())
        self._watchdog = Watchdog(silence_limit(), order.seconds, look, time.monotonic())
        assert jail.stdout and jail.stderr
        self._sinks: dict[int, Callable[[bytes], None]] = {
            jail.stdout.fileno(): self._take_out,
            jail.stderr.fileno(): self.reports.add if self.reports else self._err.add,
            result: self._result.extend,
        }

    def _below(self) -> list[int]:
        """The processes of the program and its tracer: below the jail and the jail's own init."""
        below = processes.descendants(self._jail.pid)
        return [pid for pid in below if not _is_jail(pid)]

    def follow(self) -> str:
        """Reads until the jail is gone; the line it left as a result."""
        exited = os.pidfd_open(self._jail.pid)
        try:
            with selectors.DefaultSelector() as selector:
                for fd in self._sinks:
                    os.set_blocking(fd, False)
                    selector.register(fd, selectors.EVENT_READ)
                selector.register(exited, selectors.EVENT_READ)
                self._loop(selector, exited)
        finally:
            os.close(exited)
        if self._partial:
            self._line(bytes(self._partial))
        if self.reports:
            self.reports.close()
        self._seen.stdout, self._seen.stderr = self._out.text(), self._err.text()
        return bytes(self._result).decode("utf-8", "replace")

    def _loop(self, selector: selectors.BaseSelector, exited: int) -> None:
        gone = False
        while not gone:
            ready = {key.fd for key, _ in selector.select(self._watchdog.wait(time.monotonic()))}
            gone = exited in ready
            for fd, sink in self._sinks.items():
                # Once the jail is gone all that was written lies in the pipes.
                if (gone or fd in ready) and not self._drain(fd, sink) and fd in ready:
                    selector.unregister(fd)
            if gone:
                return
            hang = self._watchdog.verdict(time.monotonic())
            if hang:
                self._hang(hang)
                _end(self._jail)
                for fd, sink in self._sinks.items():
                    self._drain(fd, sink)
                return

    def _drain(self, fd: int, sink: Callable[[bytes], None]) -> bool:
        """Passes on what can be read now; False at the end of the stream."""
        # Bounded, so that a flood on one pipe does not keep the watchdog from looking.
        for _ in range(64):
            try:
                data = os.read(fd, 65536)
            except BlockingIOError:
                return True
            if not data:
                return False
            sink(data)
        return True

    def _hang(self, reason: str) -> None:
        self._seen.hang = reason
        if self._on_hang:
            self._seen.snapshots = list(self._on_hang(self._below()))

    def _take_out(self, data: bytes) -> None:
        self._out.add(data)
        self._partial += data
        *lines, rest = self._partial.split(b"\n")
        self._partial = bytearray(rest if len(rest) < 65536 else b"")
        for line in lines:
            self._line(bytes(line))

    def _line(self, line: bytes) -> None:
        self._watchdog.line(time.monotonic())
        event = take(self._seen, line)
        if event and self._on_event:
            self._on_event(event)


def take(seen: Observation, line: bytes) -> Event | None:
    """Takes one line of a program into what was seen of it; the event in it, if it has one."""
    event = protocol.parse(line.decode("utf-8", "replace"))
    if event is None:
        return None
    if event.word == "start":
        seen.started = True
    elif event.word == "control":
        seen.controlled = event.fields.get("ok") == "1"
        seen.control_failed = "" if seen.controlled else event.fields.get("what", "no reason given")
    elif event.word == "hit" and len(seen.hit_events) < 100:
        seen.hit_events.append(event)
    elif event.word == "note":
        seen.last_note = event.text()
    if event.word in ("progress", "end"):
        seen.attempts = event.number("attempts")
        seen.opportunities = event.number("opportunities")
        seen.hits = event.number("hits")
    if event.word == "end":
        seen.ended = True
    return event


def _undo_place(seen: Observation, order: Order) -> None:
    """Tells the program's own ending and words from what its place made of them."""
    if order.signals_are_exits and not seen.signal and (seen.exit_code or 0) > EXIT_OF_SIGNAL:
        seen.signal = signal_name((seen.exit_code or 0) - EXIT_OF_SIGNAL)
        seen.exit_code = None
    said = re.search(order.signal_words, seen.stderr, re.MULTILINE) if order.signal_words else None
    if said and seen.exit_code is not None:
        seen.signal, seen.exit_code = signal_name(int(said[1])), None
    if seen.exit_code is not None:
        for words, name in order.deaths.items():
            if re.search(words, seen.stderr, re.MULTILINE):
                seen.signal, seen.exit_code = name, None
                break
    if order.own_words and seen.signal:
        own = re.compile(order.own_words, re.MULTILINE)
        seen.aside = "".join(match[0] for match in own.finditer(seen.stderr))
        seen.stderr = own.sub("", seen.stderr)


def _is_jail(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/comm", encoding="ascii", errors="replace") as file:
            return file.read().strip() == "jail"
    except OSError:
        return True


def _judge_far_ending(seen: Observation, channel: Channel, reports: Reports) -> None:
    """Fills in how a program on a far side ended, from what was said there."""
    seen.left_behind = reports.left
    seen.hits = max(seen.hits, len(seen.hit_events))
    if seen.hang:
        return
    if reports.failed:
        seen.failed = f"{channel.machine}: {reports.failed}"
    elif not fill_in_ending(seen, reports.ending):
        words = [line for line in seen.stderr.splitlines() if line.strip()]
        why = f": {words[-1].strip()[:200]}" if words else ""
        seen.failed = f"the connection to {channel.machine} was lost{why}"


def fill_in_ending(seen: Observation, ending: str) -> bool:
    """Fills in how a program ended from the words of supervise.sh; False if these are none."""
    exited = re.fullmatch(r"exited (\d+)", ending)
    killed = re.fullmatch(r"killed (?:SIG)?(\w+)", ending, re.IGNORECASE)
    if exited:
        seen.exit_code = int(exited[1])
    elif killed:
        # By name: the numbers differ between systems.
        seen.signal = f"SIG{killed[1].upper()}"
    return bool(exited or killed)


def _judge_ending(seen: Observation, result: str, jail_status: int | None) -> None:
    """Fills in how the program ended, from the jail's line."""
    left = re.search(r"\bleft (\d+)", result)
    seen.left_behind = int(left[1]) if left else 0
    # Hits may have been printed without a count after them, when the program died.
    seen.hits = max(seen.hits, len(seen.hit_events))
    if seen.hang:
        return
    exited = re.search(r"^exited (\d+)", result, re.MULTILINE)
    killed = re.search(r"^killed (\d+)", result, re.MULTILINE)
    failed = re.search(r"^failed (.*)", result, re.MULTILINE)
    if failed:
        seen.failed = f"could not start: {protocol.unescape(failed[1])}"
    elif exited:
        seen.exit_code = int(exited[1])
    elif killed:
        seen.signal = signal_name(int(killed[1]))
    elif jail_status is not None and jail_status < 0:
        seen.failed = f"the jail was killed by {signal_name(-jail_status)}"
    else:
        seen.failed = f"the jail left no result (its status: {jail_status})"
