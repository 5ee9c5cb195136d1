"""The command line of kernel/inject without a tracer: its faults come to the program in FAKE_FAULTS."""

import json
import os
import signal
import subprocess
import sys


def main():
    arguments = sys.argv[1:]
    if arguments[:1] == ["--snapshot"]:
        print(json.dumps({"pid": int(arguments[1]), "threads": []}))
        return
    split = arguments.index("--")
    options, command = arguments[:split], arguments[split + 1 :]
    faults = [value for name, value in zip(options, options[1:]) if name == "--fault"]
    files = {name: value for name, value in zip(options, options[1:]) if name in ("--log", "--postmortem")}
    for fault in faults:
        if fault.startswith("nope."):
            sys.stderr.write(f"inject: --fault: column 1: there is no fault '{fault}'.\n  {fault}\n  ^\n")
            sys.exit(125)
    if "fail" in os.environ.get("FAKE_INJECT", ""):
        sys.stderr.write("inject: ptrace: Operation not permitted\n")
        sys.exit(125)
    if "--log" in files:
        with open(files["--log"], "w") as log:
            for n, fault in enumerate(faults):
                log.write(json.dumps({"t": 0, "fault": fault, "call": "wait4", "n": n}) + "\n")
    environment = {**os.environ, "FAKE_FAULTS": "+".join(faults)}
    status = subprocess.run(command, env=environment).returncode
    if status < 0:
        # The real tracer dies with its program when it is killed itself: then there is no postmortem.
        if "--postmortem" in files and "killed" not in os.environ.get("FAKE_INJECT", ""):
            frames = [
                {"function": "raise", "pc": "0x1"},
                {"function": "sigtramp", "file": "/b/runtime/os/linux/sigtramp.S", "line": 33},
            ]
            with open(files["--postmortem"], "w") as out:
                json.dump({"tid": 1, "threads": [{"tid": 1, "frames": frames}]}, out)
        signal.signal(-status, signal.SIG_DFL) if -status != signal.SIGKILL else None
        os.kill(os.getpid(), -status)
    sys.exit(status)


main()
