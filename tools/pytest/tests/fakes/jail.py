"""The contract of tools/jail with none of its strength: runs a program, ends it on request, says how it ended."""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG, PR_SET_NAME = 1, 15
libc = ctypes.CDLL(None)


def main():
    libc.prctl(PR_SET_NAME, b"jail")
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    split = sys.argv.index("--")
    result = int(sys.argv[sys.argv.index("--result") + 1])
    command = sys.argv[split + 1 :]

    def end(_number, _frame):
        try:
            os.killpg(child, signal.SIGKILL)
        except ProcessLookupError:
            pass

    child = os.fork()
    if child == 0:
        os.setpgid(0, 0)
        libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        os.close(result)
        try:
            os.execv(command[0], command)
        except OSError:
            os._exit(127)
    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    _, status = os.waitpid(child, 0)
    end(0, None)
    if os.WIFSIGNALED(status):
        line = f"killed {os.WTERMSIG(status)}"
    else:
        line = f"exited {os.WEXITSTATUS(status)}"
    os.write(result, (line + "\n").encode())


main()
