"""What /proc says about the processes below one: who they are, what they do, how much CPU time they had."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path
from typing import Iterable

_TICKS = os.sysconf("SC_CLK_TCK")

# Fields of /proc/PID/stat after the command's closing bracket; proc(5) counts from 1, pid and comm included.
_STATE, _PPID, _UTIME, _STIME, _CUTIME, _CSTIME = 0, 1, 11, 12, 13, 14


@dataclasses.dataclass(frozen=True)
class Activity:
    """A look at a tree of processes: CPU seconds used so far, and whether some thread wants to run now."""

    cpu_seconds: float
    runnable: bool


def _stat(path: str) -> list[str] | None:
    try:
        with open(path, "rb") as file:
            text = file.read().decode("ascii", "replace")
    except OSError:
        return None
    return text[text.rindex(")") + 2 :].split()


def _parents() -> dict[int, list[int]]:
    """Every live process by its parent. Not from /proc/PID/task/TID/children, which may miss some."""
    children: dict[int, list[int]] = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            stat = _stat(f"/proc/{name}/stat")
            if stat and stat[_STATE] not in "ZX":
                children.setdefault(int(stat[_PPID]), []).append(int(name))
    return children


def children(pid: int) -> list[int]:
    """The live processes that `pid` started itself."""
    return sorted(_parents().get(pid, []))


def descendants(pid: int) -> list[int]:
    """Every live process below `pid`, parents first."""
    parents = _parents()
    found: list[int] = []
    waiting = [pid]
    while waiting:
        below = sorted(parents.get(waiting.pop(0), []))
        found += below
        waiting += below
    return found


def threads(pid: int) -> list[int]:
    """The threads of a process; empty when it is gone."""
    try:
        return sorted(int(name) for name in os.listdir(f"/proc/{pid}/task"))
    except OSError:
        return []


def activity(pids: Iterable[int]) -> Activity:
    """What these processes did so far, their reaped children included, and whether they want to do more."""
    ticks = 0
    runnable = False
    for pid in pids:
        stat = _stat(f"/proc/{pid}/stat")
        if not stat:
            continue
        ticks += sum(int(stat[field]) for field in (_UTIME, _STIME, _CUTIME, _CSTIME))
        for tid in threads(pid):
            thread = _stat(f"/proc/{pid}/task/{tid}/stat")
            runnable = runnable or bool(thread and thread[_STATE] == "R")
    return Activity(ticks / _TICKS, runnable)


def _read(path: str) -> str:
    try:
        with open(path, "rb") as file:
            return file.read().decode("utf-8", "replace").replace("\0", " ").strip()
    except OSError as error:
        return f"({error.strerror})"


def describe(pids: Iterable[int], folder: Path) -> Path:
    """Writes what /proc knows of each thread (state, wait channel, system call, kernel stack) to processes.txt."""
    lines = []
    for pid in pids:
        lines.append(f"process {pid}: {_read(f'/proc/{pid}/cmdline')}")
        for tid in threads(pid):
            base = f"/proc/{pid}/task/{tid}"
            stat = _stat(f"{base}/stat")
            state = stat[_STATE] if stat else "gone"
            lines.append(
                f"  thread {tid} {_read(base + '/comm')}: state {state}, wchan {_read(base + '/wchan') or '-'}, "
                f"syscall {_read(base + '/syscall') or '-'}"
            )
            stack = _read(base + "/stack")
            if not stack.startswith("("):
                lines += ["    " + line for line in stack.splitlines()]
        lines += ["  " + line for line in _read(f"/proc/{pid}/maps").splitlines()]
    path = folder / "processes.txt"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path
