"""A reproduction that behaves as it is told: `program.py BEHAVIOUR --case NAME [--opportunities N] ...`.

Speaks the protocol of repro/support. A behaviour is a word with an argument after a colon.
"""

import os
import signal
import sys
import time


def say(line):
    os.write(1, (line + "\n").encode())


def option(name, default):
    return int(sys.argv[sys.argv.index(name) + 1]) if name in sys.argv else default


def start(case, control=True):
    say(f"start bug=fake variant=fake case={case} target=linux-amd64 form=freestanding")
    if control:
        say("control ok=1")


def end(opportunities, hits=0):
    say(f"end attempts={opportunities} opportunities={opportunities} hits={hits}")


def dangerous_step():
    say("progress attempts=1 opportunities=1 hits=0")


def count(every, wanted, most, seconds):
    """Opportunities up to `wanted`, a hit every `every`-th (0: never), until `most` hits or the time is over."""
    until = time.monotonic() + seconds
    hits = opportunities = 0
    while opportunities < wanted and hits < most and time.monotonic() < until:
        opportunities += 1
        if every and opportunities % every == 0:
            hits += 1
            say("hit what=wait4 want=1234 got=-14 errno=14 at=repro/fake/fake.cc:88")
    end(opportunities, hits)


def main():
    behaviour, _, argument = sys.argv[1].partition(":")
    if "--list" in sys.argv:
        say("pair\nself\nkey")
        sys.exit(0)
    case = sys.argv[sys.argv.index("--case") + 1]
    wanted, most, seconds = option("--opportunities", 1000), option("--hits", 1), option("--seconds", 3600)
    if behaviour == "by-case":
        # by-case:NAME=BEHAVIOUR;NAME=BEHAVIOUR
        table = dict(item.split("=", 1) for item in argument.split(";"))
        behaviour, _, argument = table.get(case, "clean").partition(":")
    if behaviour == "under-fault":
        behaviour, argument = ("hits", argument or "1") if os.environ.get("FAKE_FAULTS") else ("clean", "")
    if behaviour == "refuse":
        os.write(2, b"no such option\n")
        sys.exit(64)
    if behaviour == "mute":
        sys.exit(int(argument or "1"))
    start(case, control=behaviour != "control")
    if behaviour == "clean":
        count(0, wanted, most, seconds)
    elif behaviour == "hits":
        count(int(argument or "1"), wanted, most, seconds)
    elif behaviour == "control":
        say("control ok=0 what=r10%20is%20not%20seen")
        sys.exit(3)
    elif behaviour == "die":
        dangerous_step()
        os.kill(os.getpid(), int(argument or "11"))
        time.sleep(60)
    elif behaviour == "die-early":
        os.kill(os.getpid(), signal.SIGSEGV)
        time.sleep(60)
    elif behaviour == "die-talking":
        dangerous_step()
        os.write(2, b"fatal error\n")
        os.kill(os.getpid(), signal.SIGSEGV)
        time.sleep(60)
    elif behaviour == "say":
        dangerous_step()
        os.write(2, b"runtime: signal received on thread not created by Go.\n")
        sys.exit(2)
    elif behaviour == "give-up":
        say("note what=no%20timer errno=11")
        sys.exit(3)
    elif behaviour == "no-end":
        dangerous_step()
    elif behaviour == "starve":
        say("end attempts=5000 opportunities=1 hits=0")
    elif behaviour == "barren":
        say("end attempts=5000 opportunities=0 hits=0")
    elif behaviour == "once":
        end(1)
    elif behaviour == "sleep":
        time.sleep(3600)
    elif behaviour == "spin":
        while True:
            pass
    elif behaviour == "endless":
        while True:
            dangerous_step()
            time.sleep(0.05)
    elif behaviour == "flood":
        for _ in range(20000):
            os.write(1, b"not an event: " + b"x" * 200 + b"\n")
        count(0, wanted, most, seconds)
    elif behaviour == "slow":
        for number in range(1, 1 + int(argument)):
            say(f"progress attempts={number} opportunities={number} hits=0")
            time.sleep(0.1)
        count(0, wanted, most, seconds)
    else:
        os.write(2, f"unknown behaviour {behaviour}\n".encode())
        sys.exit(64)


main()
