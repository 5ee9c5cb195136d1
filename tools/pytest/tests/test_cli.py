"""The command: what it prints, and that no mistake of a user ends in a traceback."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
from pathlib import Path
from typing import Iterator

import pytest
from conftest import DRIVER, FAULTED, KERNEL_BUG, NATIVE, Repository, declaration, environment, script
from faultline import cli

COMMANDS = ["run", "cell", "list", "show", "kit", "report", "compare", "doctor", "new-bug", "test"]


class Inside:
    """The command run inside the test's own process: quick, and enough for what ends before a cell runs."""

    def __init__(self, repository: Repository, capsys: pytest.CaptureFixture[str]) -> None:
        self._root = str(repository.root)
        self._capsys = capsys

    def __call__(self, *arguments: str) -> tuple[int, str, str]:
        """Exit code, output, errors."""
        try:
            code = cli.main(["--root", self._root, *arguments])
        except SystemExit as end:
            code = int(end.code or 0)
        said = self._capsys.readouterr()
        return code, said.out, said.err


@pytest.fixture(name="inside")
def inside_this_process(
    repository: Repository, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Inside]:
    """The command, with this process' signal handlers put back after it."""
    monkeypatch.chdir(repository.root)
    handlers = {number: signal.getsignal(number) for number in cli.INTERRUPTS}
    yield Inside(repository, capsys)
    for number, handler in handlers.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("command", [*COMMANDS, ""])
def test_help_has_examples(inside: Inside, command: str) -> None:
    code, out, _ = inside(*[command] if command else [], "--help")
    assert code == 0 and "examples:" in out and "faultline " in out


def test_no_command_is_help(inside: Inside) -> None:
    code, out, _ = inside()
    assert code == 0 and "COMMAND" in out


WRONG = [
    (["frobnicate"], "invalid choice: 'frobnicate'"),
    (["run", "--colour"], "unrecognized arguments: --colour"),
    (["run", "--bug", "foriegn"], "unknown bug 'foriegn'. Did you mean foreign?"),
    (["run", "--target", "linux-amd64@nativ"], "unknown kind of target 'nativ'. Did you mean native?"),
    (["run", "--variant", "hole"], "unknown variant 'hole'. Did you mean whole?"),
    (["run", "--tag", "signl"], "unknown tag 'signl'. Did you mean signal?"),
    (["run", "--defect", "trsut"], "unknown defect 'trsut'. Did you mean trust?"),
    (["run", "--jobs", "0"], "--jobs 0: at least one"),
    (["run", "--jobs", "many"], "invalid int value: 'many'"),
    (["run", "--seed", "-1"], "'-1' is not a whole number from 0 to 999999999999999999"),
    (["run", "--seed", "12345678901234567890123"], "is not a whole number from 0 to"),
    (["run", "--no-build", "--out", ""], "'' names nothing"),
    (["run", "--quick", "--thorough"], "not allowed with argument"),
    (["run", "--no-build", "--out", "/proc/nowhere"], "cannot write to --out /proc/nowhere"),
    (["cell", "foreign", "whole"], "the following arguments are required: target"),
    (["cell", "foreign", "whole", NATIVE + "x"], "unknown kind of target 'nativex'"),
    (["show", "foriegn"], "unknown bug 'foriegn'. Did you mean foreign?"),
    (["report", "nothing.json"], "cannot read nothing.json"),
    (["compare", "nothing.json", "nothing.json"], "cannot read nothing.json"),
    (["new-bug", "Has Blanks"], "is not a name for a bug"),
    (["new-bug", "foreign"], "there is a bug 'foreign' already"),
]


@pytest.mark.parametrize("arguments,said", WRONG, ids=[" ".join(arguments) for arguments, _ in WRONG])
def test_mistakes_are_told_with_exit_2(inside: Inside, arguments: list[str], said: str) -> None:
    code, out, err = inside(*arguments)
    assert code == 2, out + err
    assert said in err and "Traceback" not in err + out


def test_a_fault_that_the_tracer_does_not_know_is_told_before_any_cell_runs(inside: Inside) -> None:
    arguments = ["run", "--no-build", "--out", "out", "--target", NATIVE]
    code, out, err = inside(*arguments, f"{NATIVE}+restart.fast-return+nope.fault,nth=2")
    assert code == 2 and "running" not in out
    assert "inject: --fault: column 1: there is no fault 'nope.fault,nth=2'." in err and "\n  ^" in err
    assert not Path("out/results.json").exists()


def test_a_picture_that_cannot_be_written_is_told(repository: Repository) -> None:
    repository.cells("--quick", "--bug", "foreign", "--variant", "whole", code=0)
    done = repository.run("report", str(repository.out), "--svg", "/proc/x/x.svg")
    assert done.returncode == 3 and "cannot write /proc/x/x.svg: No such file" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_unknown_defect_lists_the_known_ones_once(inside: Inside) -> None:
    _, _, err = inside("run", "--defect", "qqq")
    assert err == "faultline: unknown defect 'qqq'. Known: say, trust.\n"


def test_help_names_what_the_script_around_it_takes(inside: Inside) -> None:
    assert "--no-install" in inside("--help")[1]
    assert "jq" not in inside("list", "--help")[1]


def test_a_wrong_catalogue_is_told_with_its_line(repository: Repository) -> None:
    path = repository.root / "repro/foreign/BUILD.bazel"
    path.write_text(path.read_text().replace('"runtime"', '"chair"'))
    for command in (["list"], ["run", "--no-build"]):
        done = repository.run(*command)
        assert (
            done.returncode == 2
            and "repro/foreign/BUILD.bazel:" in done.stderr
            and "Traceback" not in done.stderr
        )


def test_what_is_missing_is_told_with_exit_3(repository: Repository) -> None:
    done = repository.run("run", "--no-build", "--bin", str(repository.root / "nowhere"))
    assert done.returncode == 3 and "is not built" in done.stderr and "Traceback" not in done.stderr
    (repository.bin / "repro/foreign/foreign.whole.linux-amd64").unlink()
    done = repository.run("run", "--no-build", "--out", str(repository.out), "--quick")
    assert done.returncode == 3 and "foreign.whole.linux-amd64 is not there" in done.stderr
    assert (
        "their results are in out/results.json" in done.stderr
        and "Traceback" not in done.stdout + done.stderr
    )
    assert json.loads((repository.out / "results.json").read_text())["cells"]


def test_a_target_that_cannot_run_here(repository: Repository) -> None:
    bug = {**KERNEL_BUG, "targets": [NATIVE, FAULTED, "linux-riscv64@native"]}
    (repository.root / "repro/lost-argument/BUILD.bazel").write_text(declaration("lost-argument", bug))
    done = repository.run("run", "--no-build", "--target", "linux-riscv64@native")
    assert done.returncode == 3 and "linux-riscv64@native cannot run here: this machine is" in done.stderr
    done = repository.run("run", "--no-build", "--bug", "lost-argument", "--out", str(repository.out))
    assert done.returncode == 0 and "left out: linux-riscv64@native" in done.stdout


def test_list(repository: Repository) -> None:
    said = repository.run("list").stdout
    for word in (
        "foreign",
        "lost-argument",
        "trusting (vulnerable)",
        "whole (immune)",
        FAULTED,
        "ready",
        "say, trust",
    ):
        assert word in said
    data = json.loads(repository.run("list", "--json").stdout)
    assert [bug["name"] for bug in data["bugs"]] == ["foreign", "lost-argument"]
    assert data["tags"] == ["restart", "signal"] and data["targets"][0] == {
        "name": NATIVE,
        "ready": True,
        "reason": data["targets"][0]["reason"],
    }


def test_show(repository: Repository) -> None:
    said = repository.run("show", "lost-argument").stdout
    for word in (
        "What happens: much.",
        "Why",
        "restart.fast-return",
        "https://example.org/1",
        "two threads",
        FAULTED,
    ):
        assert word in said


def test_show_lines_tables_up(repository: Repository) -> None:
    page = repository.root / "repro/foreign/README.md"
    fence = "```\n| not | one |\n|---|---|\n```\n"
    page.write_text(
        f"# foreign\n\n| v | how |\n|---|:-:|\n| `x-y` | a **b** \\| c |\n| z | |\n\nLast.\n{fence}"
    )
    said = [line.rstrip() for line in repository.run("show", "foreign").stdout.splitlines()]
    at = said.index("v     how")
    assert said[at + 2 : at + 4] == ["x-y   a b | c", "z"]
    assert "Last." in said and any("| not | one |" in line for line in said)


def test_show_tells_cases_that_differ_apart(repository: Repository) -> None:
    path = repository.root / "repro/foreign/BUILD.bazel"
    path.write_text(path.read_text().replace('"trusting/*', '"trusting/self on *": "clean", "trusting/*'))
    said = repository.run("show", "foreign").stdout
    rows = [" ".join(line.split()) for line in said.splitlines()]
    at = rows.index(f"trusting (vulnerable) {NATIVE} self: clean")
    assert rows[at + 1 : at + 3] == ["hosted:key: reproduced", f"saying (vulnerable) {NATIVE} diagnosed"]


def test_run_report_and_compare(repository: Repository) -> None:
    done = repository.run(
        "run", "--no-build", "--quick", "--out", str(repository.out), "--bug", "lost-argument"
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "4 cells: 4 passed, 0 failed" in done.stdout
    page = repository.out / "report.html"
    made = page.read_bytes()
    page.unlink()
    done = repository.run("report", "out")
    assert done.returncode == 0 and page.read_bytes() == made
    done = repository.run("report", "out/results.json", "--svg", "docs/matrix.svg")
    assert done.returncode == 0 and (repository.root / "docs/matrix.svg").read_text().startswith("<svg")

    done = repository.run("compare", "out", "out")
    assert done.returncode == 0 and "no verdict changed" in done.stdout
    document = json.loads((repository.out / "results.json").read_text())
    document["cells"][1]["cases"][0].update(verdict="hang", passed=False)
    (repository.root / "worse.json").write_text(json.dumps(document))
    done = repository.run("compare", "out", "worse.json")
    assert done.returncode == 1 and "hang (failed)" in done.stdout
    assert json.loads(repository.run("compare", "out", "worse.json", "--json").stdout)[0]["worse"]
    assert repository.run("compare", "worse.json", "out").returncode == 0


def test_a_terminal_that_knows_only_ascii(repository: Repository) -> None:
    command = repository.command("run", "--no-build", "--quick", "--bug", "foreign")
    env = environment(PYTHONIOENCODING="ascii")
    done = subprocess.run(command, cwd=repository.root, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0 and "3 passed" in done.stdout, done.stderr
    done = subprocess.run(
        repository.command("show", "foreign"), env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0 and "Traceback" not in done.stderr


def test_doctor(repository: Repository) -> None:
    done = repository.run("doctor")
    assert NATIVE in done.stdout and "pytest" in done.stdout
    assert done.returncode in (0, 3)
    # With an empty PATH the compiler cannot be there.
    command = repository.command("doctor")
    bare = subprocess.run(
        command, env=environment(PATH="/nowhere"), capture_output=True, text=True, check=False
    )
    assert bare.returncode == 3 and "missing: bazel, clang-19, ld.lld-19" in bare.stdout


def test_a_reader_that_has_enough(repository: Repository) -> None:
    command = " ".join(f"'{word}'" for word in repository.command("list", "--json"))
    done = subprocess.run(
        ["bash", "-c", f"set -o pipefail; {command} | head -c 1"],
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert "Traceback" not in done.stderr and "Exception" not in done.stderr


def fake_bazel(repository: Repository, body: str) -> dict[str, str]:
    """A PATH whose bazel does as told; its command lines end up in bazel.log."""
    folder = repository.root / "path"
    script(folder / "bazel", f'echo "$*" >> {repository.root}/bazel.log\n{body}')
    return environment(PATH=f"{folder}:{os.environ['PATH']}")


def run_with(repository: Repository, env: dict[str, str], *arguments: str) -> tuple[int, str, str]:
    done = subprocess.run(
        repository.command(*arguments),
        cwd=repository.root,
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


def test_run_builds_exactly_what_it_needs(repository: Repository) -> None:
    env = fake_bazel(repository, "exit 0")
    code, _, said = run_with(
        repository, env, "run", "--quick", "--bug", "foreign", "--out", str(repository.out)
    )
    assert code == 0, said
    command = (repository.root / "bazel.log").read_text().split()
    assert command[0] == "build" and {"//kernel:inject", "//tools/jail"} <= set(command)
    programs = {word for word in command if word.startswith("//repro")}
    assert programs == {
        f"//repro/foreign:foreign.{variant}.linux-amd64{form}"
        for variant in ("trusting", "saying", "whole")
        for form in ("", ".hosted")
    }
    code, _, _ = run_with(
        repository, env, "run", "--quick", "--defect", "trust", "--out", str(repository.out)
    )
    assert code == 1
    assert "foreign.whole.linux-amd64.hosted.with-trust" in (repository.root / "bazel.log").read_text()
    assert "trusting.linux-amd64.with-trust" not in (repository.root / "bazel.log").read_text()


def test_a_failed_build_shows_the_compilers_words(repository: Repository) -> None:
    env = fake_bazel(repository, "echo 'x.cc:3: error: no such thing' >&2; exit 1")
    code, _, said = run_with(repository, env, "run", "--out", str(repository.out))
    assert (
        code == 3 and "x.cc:3: error: no such thing" in said and "the build failed (bazel's status 1)" in said
    )
    assert not (repository.out / "results.json").exists()


def test_without_bazel(repository: Repository) -> None:
    code, _, said = run_with(repository, environment(PATH="/nowhere"), "run", "--out", str(repository.out))
    assert code == 3 and "bazel is not there" in said


EVENTS = """\
{"id":{"targetConfigured":{"label":"//a:x_test"}},"configured":{"targetKind":"cc_test rule"}}
{"id":{"targetConfigured":{"label":"//a:y_test"}},"configured":{"targetKind":"sh_test rule"}}
{"id":{"targetConfigured":{"label":"//a:z_test"}},"configured":{"targetKind":"sh_test rule"}}
{"id":{"targetConfigured":{"label":"//a:library"}},"configured":{"targetKind":"cc_library rule"}}
{"id":{"testSummary":{"label":"//a:x_test"}},"testSummary":{"overallStatus":"PASSED"}}
{"id":{"testSummary":{"label":"//a:y_test"}},"testSummary":{"overallStatus":"%s"}}
"""


@pytest.mark.parametrize(
    "status,code,line", [("FAILED", 3, "1 passed, 2 failed"), ("FLAKY", 1, "2 passed, 1 failed")]
)
def test_test_counts_targets_and_passes_the_status(
    repository: Repository, status: str, code: int, line: str
) -> None:
    events = repository.root / "events"
    events.write_text(EVENTS % status)
    take = 'for word; do case $word in --build_event_json_file=*) cp %s "${word#*=}" ;; esac; done\nexit %d'
    env = fake_bazel(repository, take % (events, code))
    got, out, _ = run_with(repository, env, "test")
    assert (got, out.splitlines()[-1]) == (code, line)
    assert "NO_STATUS  //a:z_test" in out and "library" not in out
    assert (repository.root / "bazel.log").read_text().rstrip().endswith("-- //...")


def test_test_passes_targets_and_options_on(repository: Repository) -> None:
    env = fake_bazel(repository, "exit 4")
    code, out, _ = run_with(repository, env, "test", "//tools/...", "--", "--test_output=all")
    assert code == 4 and out.splitlines()[-1] == "0 passed, 0 failed"
    words = (repository.root / "bazel.log").read_text().split()
    assert words[-2:] == ["--", "//tools/..."] and "--test_output=all" in words


def test_inject_hands_everything_over(tmp_path: Path) -> None:
    """In a tree of its own, because inject belongs to the tree that the driver lies in."""
    shutil.copytree(DRIVER / "faultline", tmp_path / "tools/pytest/faultline")
    env = {**environment(), "PYTHONPATH": str(tmp_path / "tools/pytest")}
    body = "mkdir -p bazel-bin/kernel\ncp %s bazel-bin/kernel/inject" % (tmp_path / "tracer")
    script(tmp_path / "path/bazel", body)
    script(tmp_path / "tracer", 'echo "tracer: $*"; [ "$1" = die ] && kill -SEGV $$; exit 7')
    env["PATH"] = f"{tmp_path}/path:{env['PATH']}"
    command = ["/usr/bin/python3", "-m", "faultline", "inject"]
    arguments = ["--fault", "a.b,mode=any", "--help", "--", "x", "--", "-y"]
    for _ in range(2):
        done = subprocess.run(
            [*command, *arguments], cwd=tmp_path, env=env, capture_output=True, text=True, check=False
        )
        assert (done.returncode, done.stdout) == (7, f"tracer: {' '.join(arguments)}\n")
    assert "building the tracer" not in done.stderr
    # In a checkout the tracer is as new as its sources; Bazel's words are only for a failure.
    (tmp_path / "WORKSPACE").touch()
    env.pop("TEST_SRCDIR", None)
    script(tmp_path / "tracer", 'echo "newer: $(cat)"')
    script(tmp_path / "path/bazel", f"cat; echo to nobody; echo to nobody >&2; {body.splitlines()[1]}")
    done = subprocess.run(
        command, cwd=tmp_path, env=env, input="mine", capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "newer: mine\n", "")
    script(tmp_path / "path/bazel", "echo x.cc:3: no such thing >&2; exit 1")
    done = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (3, "") and "x.cc:3: no such thing" in done.stderr
    (tmp_path / "WORKSPACE").unlink()
    script(tmp_path / "bazel-bin/kernel/inject", 'echo "tracer: $*"; [ "$1" = die ] && kill -SEGV $$; exit 7')
    done = subprocess.run(
        [*command, "die"], cwd=tmp_path, env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode == -11
