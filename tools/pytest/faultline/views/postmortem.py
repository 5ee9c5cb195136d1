"""The tracer's postmortems and snapshots in words: the signal, then every thread's registers and frames."""

from __future__ import annotations

import json
import re
from typing import Any, Mapping

Json = Mapping[str, Any]

# Registers side by side.
_COLUMNS = 4


def _signal(signal: Json) -> str:
    words = [str(signal.get("name", signal.get("number", "?")))]
    if "code" in signal:
        words.append(f"code {signal['code']}")
    if "address" in signal:
        words.append(f"at address {signal['address']}")
    if "sender_pid" in signal:
        words.append(f"sent by process {signal['sender_pid']}")
    return ", ".join(words)


def _frame(frame: Json) -> str:
    text = f"{frame.get('pc', '?'):>18}"
    if frame.get("function"):
        text += f"  {frame['function']}+{frame.get('offset', 0)}"
    if frame.get("file"):
        # Compilers write "./" before what they were given.
        text += f"  {re.sub('^[.]/', '', str(frame['file']))}:{frame.get('line', 0)}"
    return text


def _thread(thread: Json, culprit: Any) -> list[str]:
    head = f"thread {thread.get('tid')} {thread.get('name', '')}, state {thread.get('state', '?')}"
    if thread.get("wchan"):
        head += f", waits in {thread['wchan']}"
    if thread.get("tid") == culprit:
        head += "  <- the one that died"
    lines = [head]
    call = thread.get("syscall")
    if isinstance(call, Mapping):
        lines.append(f"  in {call.get('name', '?')}({', '.join(map(str, call.get('arguments', [])))})")
    registers = [f"{name:>8}={value:<18}" for name, value in thread.get("registers", {}).items()]
    lines += ["".join(registers[i : i + _COLUMNS]).rstrip() for i in range(0, len(registers), _COLUMNS)]
    lines += [_frame(frame) for frame in thread.get("frames", [])]
    return lines


def words(content: str) -> str:
    """A postmortem or snapshot as text; what is none of the two comes back as it is."""
    try:
        data = json.loads(content)
        if not isinstance(data, dict) or not str(data.get("schema", "")).startswith("faultline."):
            return content
        lines = [f"process {data.get('pid')}"]
        if data.get("signal"):
            lines[0] += f": {_signal(data['signal'])}"
        culprit = data.get("tid")
        for thread in sorted(data.get("threads", []), key=lambda thread: bool(thread.get("tid") != culprit)):
            lines += ["", *_thread(thread, culprit)]
        lines += ["", "maps"] if data.get("maps") else []
        lines += [_short_map(line) for line in data.get("maps", [])]
        return "\n".join(lines)
    except (ValueError, TypeError, AttributeError):
        return content


def _short_map(line: str) -> str:
    """A line of /proc/PID/maps without the folder of the file."""
    return "  " + re.sub(r"\s+(/\S*/)?(\S+)$", r"  \2", line) if "/" in line or "[" in line else f"  {line}"
