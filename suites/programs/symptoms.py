"""What real runtimes show under a fault: the lie, the program, and what its user sees."""

from __future__ import annotations

import dataclasses
import re

from .run import End
from .table import GO, JAVA, PROGRAMS, PYTHON, Program, everything


@dataclasses.dataclass(frozen=True)
class Symptom:
    """A fault, a program, and how that must end and what it must say."""

    fault: str  # as --fault takes it
    program: Program
    ends: str  # a regular expression for the whole of End.how
    says: str  # one that is found in its output
    sees: str  # what the user sees, in words
    known: str = ""  # where that was reported of a real kernel or runtime

    def __str__(self) -> str:
        return f"{self.program.name}: {self.fault}"

    def missing(self, end: End, told: int) -> str:
        """Why this is not the symptom, or ""."""
        if told == 0:
            return "no lie was told"
        said = end.out + end.err
        if re.fullmatch(self.ends, end.how) and re.search(self.says, said, re.MULTILINE):
            return ""
        return f"should end with {self.ends} and say {self.says!r}; ended with {end.how}:\n{said[-2000:]}"

    def row(self) -> str:
        """This one in the table of kernel/README.md."""
        name = f"`{self.fault}`"
        known = f" ({self.known})" if self.known else ""
        return f"| {name} | {self.program.name.partition(':')[0]} | {self.sees}{known} |"


def _go_children(*words: str) -> Program:
    return Program(
        "Go: children" + "".join(f" {word}" for word in words),
        ("{work}/children", *words),
        (GO,),
        everything,
        build=(GO, "build", "-o", "{work}/children", "{sources}/children.go"),
    )


def _hangs(program: Program) -> Program:
    """The same, where no end is the symptom: it takes a second or two when all is well."""
    return dataclasses.replace(program, patience=20)


_BY_NAME = {program.name: program for program in PROGRAMS}
_GOROUTINES = _BY_NAME["Go: goroutines"]
# Its reports of a crash are for standard output alone.
_JVM = dataclasses.replace(
    _BY_NAME["Java: threads"],
    command=(JAVA, "-XX:-CreateCoredumpOnCrash", "-XX:ErrorFile=/dev/null", "-cp", "{work}", "Threads"),
)
_NODE = _hangs(_BY_NAME["Node: events"])
_PERL = _BY_NAME["Perl: processes"]
_PYTHON = Program("Python: children", (PYTHON, "{sources}/children.py"), (), everything)

SYMPTOMS = (
    Symptom(
        "restart.fast-return",
        _go_children("wait4"),
        "exit 1",
        "^a child: wait4: bad address$",
        "`syscall.Wait4` fails with `bad address`, and the child is gone",
        "golang.org/issue/6372: `wait4 returned -14`",
    ),
    Symptom(
        "restart.fast-return",
        _go_children(),
        "exit 1",
        "^a child: waitid: invalid argument$",
        "`exec.Cmd.Wait`: `waitid: invalid argument`. It asks waitid first today, whose fourth argument are options",
    ),
    Symptom(
        "restart.eintr",
        _go_children("wait4"),
        "exit 1",
        "^a child: wait4: interrupted system call$",
        "`syscall.Wait4` fails with `interrupted system call`. `exec.Cmd.Wait` tries again today, and shows "
        "nothing",
        "golang.org/issue/20400, 36644",
    ),
    Symptom(
        "restart.leak-errno",
        _go_children(),
        "exit 1",
        "^a child: waitid: errno 512$",
        "`exec.Cmd.Wait`: `waitid: errno 512`",
    ),
    Symptom(
        "handler.siginfo",
        _GOROUTINES,
        "exit 2",
        "^SIGSEGV: segmentation violation\\nPC=.* sigcode=0$",
        "a nil pointer ends the program, `SIGSEGV … sigcode=0`, where it should panic and be recovered from",
        "what Go corrects on OS X: runtime/signal_darwin_amd64.go, fixsigcode",
    ),
    Symptom(
        "handler.registers",
        _go_children(),
        "SIGSEGV",
        r"\A\Z",
        "killed by SIGSEGV without a word",
    ),
    Symptom(
        "handler.siginfo",
        _JVM,
        "exit 1",
        r"A fatal error has been detected[^$]*SIGSEGV \(0xb\).*\(sent by kill\)",
        "a fatal error, `SIGSEGV … (sent by kill)`, in place of a StackOverflowError. Null pointers are known by their PC",
        "github/codeql issue 14138",
    ),
    Symptom(
        "handler.misalign",
        _JVM,
        "SIGSEGV",
        "^nulls 200000$",
        "killed by SIGSEGV without a word at the first StackOverflowError; all other signals went well",
    ),
    Symptom(
        "handler.registers",
        _JVM,
        "exit 1|SIGSEGV|SIGABRT",
        "A fatal error has been detected by the Java Runtime Environment:\n#\n#  Internal Error",
        "a fatal error, `Internal Error`, with an address for its number",
    ),
    Symptom(
        "restart.leak-errno",
        _JVM,
        "exit 1",
        r"java\.io\.IOException: .*(Unknown error 512|error=512)",
        "`ProcessBuilder.start`: `IOException: … error=512`, or of a child's stream `Unknown error 512`",
    ),
    Symptom(
        "restart.wrong-number",
        _JVM,
        "exit 1",
        r"java\.io\.IOException: .*Function not implemented",
        "`ProcessBuilder.start`: `IOException: … error=38, Function not implemented`",
    ),
    Symptom(
        "wait.lost-sigchld",
        _NODE,
        "no end in .*",
        "^$",
        "no `exit` and no `close` of any child: the program waits for ever",
        "gVisor 63d8c3537",
    ),
    Symptom(
        "signal.drop,signal=SIGUSR2",
        _NODE,
        "no end in .*",
        "^$",
        "`process.on('SIGUSR2')` hears nothing: the program waits for ever",
    ),
    Symptom(
        "restart.fast-return",
        _PYTHON,
        "exit 1",
        r"^OSError: \[Errno 14\] Bad address$",
        "`subprocess.run`: `OSError: [Errno 14] Bad address`",
    ),
    Symptom(
        "restart.arg0",
        _PYTHON,
        "exit 0",
        "^a child: wrong status 0$",
        "a child that failed is said to have ended with 0: waitpid finds no such child, and `subprocess` takes "
        "that for success",
        "python/cpython issue 96863",
    ),
    Symptom(
        "restart.leak-errno",
        _PYTHON,
        "exit 1",
        r"^OSError: \[Errno 512\] Unknown error 512$",
        "`OSError: [Errno 512] Unknown error 512`",
    ),
    Symptom(
        "signal.drop,signal=SIGALRM",
        _PYTHON,
        "exit 0",
        "timer never heard$",
        "handlers of signals never run",
    ),
    Symptom(
        "restart.fast-return",
        _PERL,
        "exit 14",
        "^waitpid: Bad address at ",
        "`waitpid: Bad address`",
    ),
    Symptom(
        "restart.eintr",
        _PERL,
        "SIGHUP",
        r"^restarted: 10000 bytes, [1-9]\d* errors",
        "`sysread` fails with EINTR despite SA_RESTART",
    ),
    Symptom(
        "handler.misalign", _PERL, "SIGSEGV", "^states: ", "killed by SIGSEGV at the first signal handled"
    ),
    Symptom(
        "wait.lost-sigchld",
        _hangs(_PERL),
        "no end in .*",
        "^blocked: ",
        "`$SIG{CHLD}` is never called: the program waits for ever",
    ),
    *(
        Symptom(
            "syscall-exit.clobber-r8-r10",
            program,
            "SIGSEGV",
            r"\A\Z",
            "killed by SIGSEGV without a word while it starts: what starts a thread keeps its argument in r8 or r9",
        )
        for program in (_go_children(), _JVM, _NODE)
    ),
    Symptom(
        "syscall-entry.refuse,call=wait4+waitid",
        _NODE,
        "SIGABRT",
        r"\A\Z",
        "killed by SIGABRT without a word: libuv takes no error from waitpid but ECHILD",
    ),
)
