"""The command line of kernel/model without a model: the bug is in freebsd-9.1 alone."""

import os
import subprocess
import sys


def main():
    split = sys.argv.index("--")
    options, command = sys.argv[1:split], sys.argv[split + 1 :]
    values = dict(zip(options[::2], options[1::2]))
    assert values["--schedule"] == "hostile" and int(values["--seed"]) >= 0, options
    if values["--system"] not in ("freebsd-9.1", "freebsd-10.4"):
        sys.stderr.write(f"model: there is no system '{values['--system']}'\n")
        sys.exit(125)
    if "--log" in values:
        with open(values["--log"], "w") as log:
            log.write('{"call": "wait4"}\n')
    faults = "restart" if values["--system"] == "freebsd-9.1" else ""
    status = subprocess.run(command, env={**os.environ, "FAKE_FAULTS": faults}).returncode
    if status < 0:
        os.kill(os.getpid(), -status)
    sys.exit(status)


main()
