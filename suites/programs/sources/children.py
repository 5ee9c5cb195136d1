"""Runs child processes one after the other while a timer interrupts the waits for them."""

from __future__ import annotations

import signal
import subprocess

heard = []
signal.signal(signal.SIGALRM, lambda number, frame: heard.append(number))
signal.siginterrupt(signal.SIGALRM, False)
signal.setitimer(signal.ITIMER_REAL, 0.01, 0.01)
try:
    for _ in range(20):
        status = subprocess.run(["/bin/sh", "-c", "sleep 0.05; exit 3"], check=False).returncode
        if status != 3:
            print("a child: wrong status", status)
finally:
    # Python takes its handlers away when it ends.
    signal.setitimer(signal.ITIMER_REAL, 0)
print("all children seen,", "timer heard" if heard else "timer never heard")
