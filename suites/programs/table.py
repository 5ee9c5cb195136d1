"""The programs that must not notice that they are traced: what is run, and what of it has to be the same."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path
from typing import Callable

SOURCES = Path(__file__).resolve().parent / "sources"

# In a command: where the tracer's words go; without it they go first.
TRACED = "{traced}"

STRESSORS = ("signal", "fork", "futex", "sigsuspend", "sigq", "clone", "vfork", "wait")

# Debian's own, whatever else PATH holds.
BASH, GO, JAVA, JAVAC = "/bin/bash", "/usr/bin/go", "/usr/bin/java", "/usr/bin/javac"
NODE, OPENSSL, PERL, PYTHON = "/usr/bin/node", "/usr/bin/openssl", "/usr/bin/perl", "/usr/bin/python3"
STRESS_NG = "/usr/bin/stress-ng"
GO_TREE = Path("/usr/lib/go-1.19/src")

# What has to be there, and the package that brings it (setup/packages.txt).
PACKAGES = {
    GO: "golang-go",
    str(GO_TREE / "os/signal/signal_test.go"): "golang-go",
    JAVA: "default-jdk-headless",
    JAVAC: "default-jdk-headless",
    NODE: "nodejs",
    OPENSSL: "openssl",
    PERL: "perl",
    STRESS_NG: "stress-ng",
    "/usr/lib/python3.11/test/test_threading.py": "libpython3.11-testsuite",
    "/usr/lib/python3/dist-packages/pexpect": "python3-pexpect",
    "/usr/bin/setsid": "util-linux",
    "/bin/ps": "procps",
}
PYTHON_TESTS = "/usr/lib/python3.11/test/test_threading.py"
PEXPECT = "/usr/lib/python3/dist-packages/pexpect"


@dataclasses.dataclass(frozen=True)
class Program:
    """A program and what has to be the same about it; words may hold {work}, {sources} and {seconds}."""

    name: str
    command: tuple[str, ...]
    needs: tuple[str, ...]  # keys of PACKAGES
    # The part of (standard output, standard error) that is the same in each run.
    relevant: Callable[[str, str], str]
    ends: str = "exit 0"  # how it ends untraced
    build: tuple[str, ...] = ()
    cwd: Path | None = None
    given: bytes = b""  # standard input
    patience: float = 120  # seconds, traced or not


def everything(out: str, err: str) -> str:
    """What was printed is the result."""
    return out + err


def output(out: str, _err: str) -> str:
    """Standard output is the result."""
    return out


def verdicts_of_python(out: str, err: str) -> str:
    """Each test with its result, and the counts. (The tests may print between a name and its result.)"""
    # Two tests skip themselves for want of processor time, which says nothing about them.
    said = re.sub(r"skipped 'timeout: likely cause: machine too slow.*", "ok", out + err)
    said = re.sub(r" \(skipped=\d+\)$", "", said, flags=re.MULTILINE)
    found = re.findall(
        r"^test_\w+ \([\w.]+\)|(?:^|\.\.\. )(?:ok|FAIL|ERROR|skipped .*|expected failure)$",
        said,
        re.MULTILINE,
    )
    counts = re.findall(r"^(?:Ran \d+ tests|OK.*|FAILED.*)", said, re.MULTILINE)
    return "\n".join(found + counts)


def verdicts_of_go(out: str, _err: str) -> str:
    """Each test with its result; tests that run at once end in any order.

    Of the parts of a test only failures: os/signal's TestNohup may end before its last part has reported.
    """
    return "\n".join(sorted(re.findall(r"^(?:--- \w+: \S+|\s+--- FAIL: \S+|PASS|FAIL)", out, re.MULTILINE)))


def findings_of_stress_ng(_out: str, err: str) -> str:
    """What --verify found, and which stressors passed; not how often they went round."""
    kept = []
    for line in err.splitlines():
        line = re.sub(r"^stress-ng: (\w+): +\[\d+\] ", r"\1: ", line)
        if re.match(r"fail|error|warn", line) or re.match(r"info: (passed|failed|skipped|successful)", line):
            kept.append(re.sub(r"\d+\.\d+s|\d+ secs", "T", line))
    return "\n".join(kept)


def shape_of_openssl(out: str, _err: str) -> str:
    """The table of speeds without the speeds."""
    return re.sub(r"\d+\.\d+k", "N", re.sub(r" +", " ", out[out.find("type ") :]))


def _stress(stressor: str) -> Program:
    return Program(
        f"stress-ng {stressor}",
        (STRESS_NG, f"--{stressor}", "1", "--verify", "--timeout", "{seconds}", "--no-rand-seed"),
        (STRESS_NG,),
        findings_of_stress_ng,
    )


def _go_tests(package: str, only: str = ".") -> Program:
    name = package.replace("/", "-")
    return Program(
        f"go test {package}",
        (f"{{work}}/{name}.test", "-test.v", "-test.short", "-test.run", only),
        (GO, str(GO_TREE / "os/signal/signal_test.go")),
        verdicts_of_go,
        build=(GO, "test", "-c", "-o", f"{{work}}/{name}.test", package),
        cwd=GO_TREE / package,
    )


def _python_tests(module: str) -> Program:
    return Program(
        f"python {module}",
        (PYTHON, "-m", "test", "-v", module),
        (PYTHON_TESTS,),
        verdicts_of_python,
        patience=300,
    )


# Binary, longer than any pipe or buffer is, and hard to press.
NOISE = bytes((n * n * 31 + n // 7) % 256 for n in range(1 << 20))

PROGRAMS = (
    *map(_stress, STRESSORS),
    Program("openssl speed", (OPENSSL, "speed", "-seconds", "1", "sha256"), (OPENSSL,), shape_of_openssl),
    Program("openssl enc", (OPENSSL, "enc", "-base64"), (OPENSSL,), everything, given=NOISE),
    *map(_python_tests, ("test_signal", "test_threading", "test_subprocess")),
    *map(_go_tests, ("os/signal", "os/exec", "syscall", "sync", "context")),
    # Those of its thousands that are about threads, timers and preemption by signals.
    _go_tests("runtime", "Preempt|StopTheWorld|Timer|Yield|Goroutine|Signal|StackG|Lock|Semaphore|Netpoll"),
    Program(
        "Go: goroutines",
        ("{work}/goroutines",),
        (GO,),
        everything,
        ends="exit 7",
        build=(GO, "build", "-o", "{work}/goroutines", "{sources}/goroutines.go"),
    ),
    Program(
        "Java: threads",
        (JAVA, "-cp", "{work}", "Threads"),
        (JAVA, JAVAC),
        everything,
        ends="exit 9",
        build=(JAVAC, "-XDignore.symbol.file", "-d", "{work}", "{sources}/Threads.java"),
    ),
    Program("Node: events", (NODE, "{sources}/events.js"), (NODE,), everything, ends="exit 11"),
    Program("Perl: processes", (PERL, "{sources}/processes.pl"), (PERL,), everything, ends="SIGHUP"),
    Program(
        "bash: jobs", (BASH, "{sources}/jobs.sh"), ("/usr/bin/setsid", "/bin/ps"), output, ends="SIGABRT"
    ),
    *(
        Program(
            f"terminal: {who}",
            (PYTHON, "{sources}/terminal.py", who, TRACED),
            (PEXPECT,),
            everything,
        )
        for who in ("job", "shell")
    ),
)
