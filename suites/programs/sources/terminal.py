"""Job control as a person at a terminal sees it: stop, background, foreground, interrupt, quit.

  terminal.py job [TRACER WORD...]     the shell runs each program with these words before it
  terminal.py shell [TRACER WORD...]   these words run the shell

The shell is an interactive bash on a terminal of its own. Prints a line for each step that went as it must, and ends
with 1 at the first that did not.
"""

from __future__ import annotations

import shlex
import sys
import time

import pexpect

PROMPT = "ready> "
PATIENCE = 20


class Terminal:
    """A bash at a terminal, asked one step at a time."""

    def __init__(self, words: list[str]) -> None:
        self._bash = pexpect.spawn(
            words[0],
            words[1:],
            encoding="utf-8",
            timeout=PATIENCE,
            dimensions=(24, 400),
            env={"PATH": "/usr/bin:/bin", "TERM": "dumb", "LC_ALL": "C.UTF-8", "PS1": PROMPT},
        )
        self._prompt()

    def _prompt(self) -> str:
        self._bash.expect_exact(PROMPT)
        return str(self._bash.before)

    def start(self, line: str, sign: str) -> None:
        """Types a command that stays in the foreground, and waits for a sign of its life."""
        self._bash.sendline(line)
        self._bash.expect_exact(sign)

    def ask(self, line: str) -> str:
        """Types a command and returns what it printed, without the typed line itself."""
        self._bash.sendline(line)
        return self._prompt().partition("\n")[2]

    def type(self, line: str, echo: str) -> None:
        """Types a line to the program in the foreground, and waits for what that makes of it."""
        self._bash.sendline(line)
        self._bash.expect_exact(echo)

    def press(self, key: str) -> str:
        """Ctrl and a key; what was printed until the shell asks for the next command."""
        self._bash.sendcontrol(key)
        return self._prompt()

    def await_job(self, state: str) -> str:
        """Asks until a job is in this state."""
        deadline = time.monotonic() + PATIENCE
        while state not in (said := self.ask("jobs")):
            if time.monotonic() > deadline:
                raise pexpect.TIMEOUT(f"no job is {state}: {said!r}")
        return said

    def leave(self, line: str) -> int:
        """Types the shell's last command; its exit status."""
        self._bash.sendline(line)
        self._bash.expect(pexpect.EOF)
        self._bash.close()
        return int(self._bash.exitstatus if self._bash.exitstatus is not None else -1)


def step(name: str, right: bool, said: object = "") -> None:
    """Prints that a step went right; ends with 1 if not."""
    if not right:
        print(f"{name}: WRONG: {said!r}")
        sys.exit(1)
    print(f"{name}: right", flush=True)


def talk(terminal: Terminal, words: list[str]) -> None:
    """The steps, the same whether the shell or what it runs is traced."""
    run = shlex.join(words) + " " if words else ""
    # It says what it reads, in capitals to be told from the terminal's echo.
    echo = run + "/usr/bin/awk '{ print toupper($0); fflush() }'"

    terminal.start(echo, "\n")
    terminal.type("one", "ONE")
    step("a line is read and written", True)
    said = terminal.press("z")
    step("Ctrl-Z stops it", "Stopped" in said, said)
    said = terminal.ask("echo $?")
    step("status of a stopped job", said.startswith("148"), said)
    terminal.start("fg", "awk")
    terminal.type("two", "TWO")
    step("fg lets it go on", True)
    terminal.press("z")
    terminal.ask("bg")
    said = terminal.await_job("Stopped")
    step("in the background, its read stops it", True)
    terminal.start("fg", "awk")
    terminal.type("three", "THREE")
    said = terminal.press("d")
    said = terminal.ask("echo $?")
    step("Ctrl-D ends it", said.startswith("0"), said)

    for key, status in (("c", "130"), ("\\", "131")):
        terminal.start(run + "/bin/sh -c 'echo go; exec sleep 1000'", "go\r\n")
        terminal.press(key)
        said = terminal.ask("echo $?")
        step(f"Ctrl-{key} kills it", said.startswith(status), said)
    trapping = 'sleep 1000 & trap "kill $!; echo caught; exit 6" INT; echo go; wait'
    terminal.start(f"{run}/bin/bash -c '{trapping}'", "go\r\n")
    said = terminal.press("c")
    step("Ctrl-C is caught, once", said.count("caught") == 1, said)
    said = terminal.ask("echo $?")
    step("and its own status is told", said.startswith("6"), said)

    terminal.start(f"{run}/bin/sh -c 'echo go; exec sleep 1000' | {run}/bin/cat", "go\r\n")
    said = terminal.press("z")
    step("Ctrl-Z stops a pipeline", "Stopped" in said, said)
    terminal.ask("bg")
    said = terminal.await_job("Running")
    step("bg lets it go on", "Stopped" not in said, said)
    said = terminal.ask("kill -STOP %1; wait %1; echo $?")
    step("kill stops it again", "147" in said.split(), said)
    terminal.ask("kill -CONT %1")
    terminal.start("fg", "cat")
    terminal.press("c")
    said = terminal.ask("jobs; echo nothing left")
    step("Ctrl-C ends both", said.startswith("nothing left"), said)

    terminal.start(
        run + "/usr/bin/python3 -c 'import os; os.kill(os.getpid(), 19); print(\"woken\")'", "Stopped"
    )
    terminal.start("fg", "woken")
    step("it stops itself and fg wakes it", True)


def main(arguments: list[str]) -> int:
    """The command; returns its exit status."""
    who, words = arguments[0], arguments[1:]
    bash = ["/bin/bash", "--norc", "--noprofile", "--noediting", "-i"]
    terminal = Terminal(words + bash if who == "shell" else bash)
    try:
        talk(terminal, words if who == "job" else [])
        status = terminal.leave("exit 5")
    except (pexpect.TIMEOUT, pexpect.EOF) as error:
        print(f"WRONG: {error}")
        return 1
    step("the shell's status", status == 5, status)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
