"""One run: what is read of it, how its end is told, when it hangs, and that nothing of it stays."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Optional, Sequence

import pytest
from conftest import HERE, PYTHON, Repository
from faultline import processes, runner
from faultline.processes import Activity
from faultline.runner import Observation, Order, Tail, Watchdog


def run(
    repository: Repository, behaviour: str, *more: str, seconds: float = 10, **how: object
) -> Observation:
    command = [PYTHON, "-S", "-E", str(HERE / "fakes/program.py"), behaviour, "--case", "pair", *more]
    return runner.run(Order(repository.bin / "tools/jail/jail", command, 1, seconds), **how)  # type: ignore[arg-type]


def test_a_whole_run_is_read(empty: Repository) -> None:
    words: list[str] = []
    seen = run(
        empty,
        "hits:3",
        "--opportunities",
        "7",
        "--hits",
        "9",
        on_event=lambda event: words.append(event.word),
    )
    assert (seen.started, seen.controlled, seen.ended, seen.exit_code) == (True, True, True, 0)
    assert (seen.attempts, seen.opportunities, seen.hits) == (7, 7, 2)
    assert seen.hit_events[0].fields["at"] == "repro/fake/fake.cc:88"
    assert words == ["start", "control", "hit", "hit", "end"]
    assert seen.stdout.startswith("start bug=fake") and seen.stderr == ""


@pytest.mark.parametrize(
    "behaviour,signal,code", [("die:11", "SIGSEGV", None), ("die:9", "SIGKILL", None), ("mute:5", "", 5)]
)
def test_how_it_ended(empty: Repository, behaviour: str, signal: str, code: Optional[int]) -> None:
    seen = run(empty, behaviour)
    assert (seen.signal, seen.exit_code, seen.hang, seen.failed) == (signal, code, "", "")


def test_a_flood_is_read_to_its_end(empty: Repository) -> None:
    seen = run(empty, "flood", "--opportunities", "3")
    assert seen.ended and seen.opportunities == 3
    assert len(seen.stdout) < 3 * runner.KEPT_BYTES and "bytes left out" in seen.stdout


def test_a_jail_that_is_not_there(tmp_path: Path) -> None:
    seen = runner.run(Order(tmp_path / "jail", ["/bin/true"], 1, 1))
    assert "could not start" in seen.failed


def test_a_jail_that_says_nothing(tmp_path: Path) -> None:
    assert "left no result" in runner.run(Order(Path("/bin/true"), ["x"], 1, 1)).failed


@pytest.mark.parametrize("behaviour,said", [("sleep", "it sleeps"), ("spin", "it spins")])
def test_a_hang_is_seen_and_described_before_it_is_killed(
    empty: Repository, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, behaviour: str, said: str
) -> None:
    monkeypatch.setattr(runner, "silence_limit", lambda: 0.6)
    pids: list[int] = []

    def on_hang(live: Sequence[int]) -> list[Path]:
        pids.extend(live)
        return [processes.describe(live, tmp_path)]

    seen = run(empty, behaviour, on_hang=on_hang)
    assert said in seen.hang and seen.exit_code is None and seen.signal == ""
    text = (tmp_path / "processes.txt").read_text()
    assert "program.py" in text and "state" in text and "wchan" in text
    assert pids and all(not alive(pid) for pid in pids)


def test_one_that_talks_for_ever_hangs_too(empty: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "silence_limit", lambda: 0.3)
    assert "went on beyond" in run(empty, "endless", seconds=0.2).hang


def test_one_that_is_slow_but_talks_does_not_hang(empty: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "silence_limit", lambda: 0.6)
    seen = run(empty, "slow:12", "--opportunities", "1")
    assert seen.hang == "" and seen.ended


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except OSError:
        return False
    return state not in "ZX"


def test_nothing_is_alive_when_the_reader_fails(empty: Repository) -> None:
    class Enough(Exception):
        pass

    pids: list[int] = []

    def fail(_event: object) -> None:
        pids.extend(processes.descendants(os.getpid()))
        raise Enough

    with pytest.raises(Enough):
        run(empty, "sleep", on_event=fail)
    assert len(pids) >= 2 and not any(alive(pid) for pid in pids)


def watch(
    looks: Sequence[Activity], limit: float = 5, until: float = 60, budget: float = 1000
) -> tuple[float, str]:
    """Feeds a watchdog one look every quarter second, the last for ever; when and what it says."""
    waiting = list(looks)
    dog = Watchdog(limit, budget, lambda: waiting.pop(0) if len(waiting) > 1 else waiting[0], 0.0)
    now = 0.0
    while now < until:
        now += Watchdog.LOOK_EVERY
        said = dog.verdict(now)
        if said:
            return now, said
    return now, ""


def busy(share: float, seconds: float = 100, runnable: bool = True) -> list[Activity]:
    count = int(seconds / Watchdog.LOOK_EVERY)
    return [Activity(share * number * Watchdog.LOOK_EVERY, runnable) for number in range(count)]


def test_watchdog_a_sleeper_hangs_at_the_limit() -> None:
    when, said = watch([Activity(3.0, False)])
    assert 5 <= when < 5.5 and "it sleeps" in said


def test_watchdog_a_spinner_hangs_by_its_cpu_time() -> None:
    when, said = watch(busy(1.0))
    assert 5 <= when < 6 and "it spins" in said


def test_watchdog_one_that_gets_no_cpu_is_waited_for() -> None:
    """A tenth of a CPU while it wants to run: a loaded machine, not a hang, until patience ends."""
    when, said = watch(busy(0.1), until=49)
    assert said == ""
    when, said = watch(busy(0.05))
    assert 49 < when <= 51 and "it crawls" in said


def test_watchdog_starved_altogether_is_waited_for() -> None:
    _, said = watch([Activity(1.0, True)], until=49)
    assert said == ""


def test_watchdog_ticks_of_a_watcher_thread_are_sleep() -> None:
    when, said = watch(busy(0.01, runnable=False))
    assert 5 <= when < 5.5 and "it sleeps" in said


def test_watchdog_one_that_works_between_looks_does_not_sleep() -> None:
    """A third of a CPU, and asleep at each look: it works in bursts, until it has used the limit up."""
    when, said = watch(busy(0.3, runnable=False))
    assert 15 < when < 20 and "it spins" in said


def test_watchdog_lines_keep_it_quiet() -> None:
    dog = Watchdog(5, 1000, lambda: Activity(0, False), 0.0)
    for second in range(100):
        dog.line(float(second))
        assert dog.verdict(second + 0.9) == ""
    assert dog.verdict(100.0) == "" and "it sleeps" in dog.verdict(105.0)


def test_silence_is_longer_on_a_loaded_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    for load, factor in ((0.0, 1), (2.0, 1), (8.0, 4), (500.0, 6)):
        monkeypatch.setattr(os, "getloadavg", lambda load=load: (load, 0, 0))
        assert runner.silence_limit() == runner.SILENCE_SECONDS * factor


def test_tail_keeps_both_ends() -> None:
    tail = Tail(10)
    for number in range(100):
        tail.add(b"%02d" % number)
    assert (
        tail.text().startswith("0001020304")
        and tail.text().endswith("9596979899")
        and "left out" in tail.text()
    )
    short = Tail(10)
    short.add(b"abc")
    assert short.text() == "abc"


def test_activity_counts_cpu_time_and_the_will_to_run() -> None:
    spinner = os.fork()
    if spinner == 0:
        while True:
            pass
    sleeper = os.fork()
    if sleeper == 0:
        time.sleep(100)
        os._exit(0)
    try:
        deadline = time.monotonic() + 20
        while processes.activity([spinner]).cpu_seconds < 0.1 and time.monotonic() < deadline:
            time.sleep(0.02)
        assert processes.activity([spinner]).cpu_seconds >= 0.1
        assert processes.activity([sleeper]).cpu_seconds < 0.1 and not processes.activity([sleeper]).runnable
        assert {spinner, sleeper} <= set(processes.descendants(os.getpid()))
    finally:
        for pid in (spinner, sleeper):
            os.kill(pid, 9)
            os.waitpid(pid, 0)
    assert processes.activity([spinner]) == Activity(0.0, False)
