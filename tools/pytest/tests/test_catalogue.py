"""Reading abi_bug calls, and what is wrong with them."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any, Callable

import pytest
from conftest import GOOD_RUNTIME, KERNEL_BUG, NATIVE, RUNTIME_BUG, Repository, declaration, ports_table
from faultline import catalogue
from faultline.errors import UsageError


def write(root: Path, text: str, page: bool = True) -> Path:
    folder = root / "repro/lost"
    folder.mkdir(parents=True, exist_ok=True)
    ports_table(root)
    (folder / "BUILD.bazel").write_text(text)
    if page:
        (folder / "README.md").write_text("# Lost\n")
    return folder / "BUILD.bazel"


def complaint(root: Path, text: str, page: bool = True) -> str:
    write(root, text, page)
    with pytest.raises(UsageError) as caught:
        catalogue.read(root)
    return str(caught.value)


def changed(**changes: Any) -> str:
    """The declaration of the kernel's bug with some arguments changed; None takes one away."""
    bug = {**copy.deepcopy(KERNEL_BUG), **changes}
    return declaration(
        changes.get("name", "lost"), {key: value for key, value in bug.items() if value is not None}
    )


def test_a_bug_is_read(repository: Repository) -> None:
    read = catalogue.read(repository.root)
    assert [bug.name for bug in read.bugs] == ["foreign", "lost-argument"]
    foreign, lost = read.bugs
    assert foreign.all_cases == {"self": "a thread signals itself", "hosted:key": "inside a key destructor"}
    assert lost.fault == "restart.fast-return" and lost.defects == {} and lost.diagnoses == ()
    assert read.defects() == ["say", "trust"]


def test_the_first_matching_expectation_counts(tmp_path: Path) -> None:
    write(tmp_path, changed())
    (bug,) = catalogue.read(tmp_path).bugs
    plain, faulted = bug.targets
    assert bug.expected("direct", "pair", faulted) == ("reproduced",)
    assert bug.expected("direct", "pair", plain) == ("clean",)
    assert bug.expected("looped", "pair", faulted) == ("clean",)


def test_several_verdicts_may_be_expected(tmp_path: Path) -> None:
    write(tmp_path, changed(expect={"*/* on *": "clean|diagnosed"}))
    (bug,) = catalogue.read(tmp_path).bugs
    assert bug.expected("direct", "pair", bug.targets[0]) == ("clean", "diagnosed")


def test_hosted_twins_are_where_a_libc_is(repository: Repository) -> None:
    foreign, lost = catalogue.read(repository.root).bugs
    assert list(foreign.cases_on(NATIVE)) == ["self", "hosted:key"]
    assert list(foreign.cases_on("freebsd-amd64@model-9.1")) == ["self"] and not lost.has_hosted(
        "linux-amd64"
    )
    ports_table(repository.root, 'WITH_LIBC = ["linux-amd64", "freebsd-386"]')
    assert catalogue.read(repository.root).bugs[0].has_hosted("freebsd-386")


@pytest.mark.parametrize(
    "words,said", [("", "does not say WITH_LIBC"), ("WITH_LIBC = [", "bazel/ports.bzl:1: not readable")]
)
def test_a_table_of_ports_that_is_none(repository: Repository, words: str, said: str) -> None:
    ports_table(repository.root, words)
    with pytest.raises(UsageError, match=said):
        catalogue.read(repository.root)
    (repository.root / "bazel/ports.bzl").unlink()
    with pytest.raises(UsageError, match="cannot read"):
        catalogue.read(repository.root)


def test_programs_for_elsewhere(tmp_path: Path) -> None:
    reason = {"direct on freebsd-amd64@*": "no such call there"}
    write(tmp_path, changed(inapplicable=reason))
    (bug,) = catalogue.read(tmp_path).bugs
    assert bug.ports == ["linux-amd64", "freebsd-amd64"]
    assert bug.why_not_built("direct", "freebsd-amd64") == "no such call there"
    assert not bug.why_not_built("looped", "freebsd-amd64") and not bug.why_not_built("direct", "linux-amd64")


def test_folders_without_a_bug_are_none(repository: Repository) -> None:
    (repository.root / "repro/support").mkdir()
    (repository.root / "repro/support/BUILD.bazel").write_text('cc_library(name = "support")\n')
    assert len(catalogue.read(repository.root).bugs) == 2


def test_no_bug_at_all(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="declares no bug"):
        catalogue.read(tmp_path)


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"flavour": "sweet"}, "no argument 'flavour'"),
    ({"title": None}, "needs 'title'"),
    ({"title": ""}, "'title' is empty"),
    ({"title": 3}, "'title' is not a string"),
    ({"cases": ["pair"]}, "'cases' is not a dict"),
    ({"cases": {"pair": 1}}, "'cases' holds 1"),
    ({"symptoms": ["hit"]}, "'symptoms' is a list of dicts"),
    ({"name": "found"}, "stands in the folder 'lost'"),
    ({"seat": "chair"}, "'chair' is not a seat"),
    ({"variants": {"direct": "weak"}}, "not 'weak'"),
    ({"variants": {"looped": "immune", "direct": "vulnerable"}}, "vulnerable variants stand first"),
    ({"defects": {"nobody": "x"}}, "no variant 'nobody'"),
    ({"targets": ["linux-amd64"]}, "is not a target"),
    ({"targets": ["linux-amd65@native"]}, "unknown architecture 'amd65'. Did you mean amd64"),
    ({"targets": ["linux-amd64@nativ"]}, "unknown kind of target 'nativ'. Did you mean native"),
    ({"targets": ["linus-amd64@native"]}, "unknown operating system 'linus'. Did you mean linux"),
    ({"also_for": ["linux-amd65"]}, "unknown architecture 'amd65'"),
    ({"symptoms": [{"colour": "red"}]}, "'colour' in 'symptoms' is none of"),
    ({"symptoms": [{"event": "note"}]}, "the one event that can be a symptom is 'hit'"),
    ({"symptoms": [{"exit": "two"}]}, "is a number, not 'two'"),
    ({"symptoms": [{"signal": "11"}]}, "a name like SIGSEGV"),
    ({"diagnoses": [{"stderr": "("}]}, "is no regular expression"),
    ({"expect": {"direct/* on *": "reproduced"}}, "nothing is expected of looped/pair"),
    ({"expect": {"*/* on *": "fine"}}, "'fine' cannot be expected"),
    ({"expect": {"*/* on *": "broken"}}, "'broken' cannot be expected"),
    ({"expect": {"*/pears on *": "clean", "*/* on *": "clean"}}, "'*/pears on *' matches no"),
    ({"expect": {"*/* on *": "clean", "direct/* on *": "reproduced"}}, "'direct/* on *' matches no"),
    ({"expect": {"*/pai? on *": "clean"}}, "the only wildcard is *"),
    ({"inapplicable": {"direct on netbsd*": "why"}}, "'direct on netbsd*' matches no VARIANT on TARGET"),
]


@pytest.mark.parametrize("changes,said", WRONG, ids=[said for _, said in WRONG])
def test_what_is_wrong_is_said_with_its_line(tmp_path: Path, changes: dict[str, Any], said: str) -> None:
    message = complaint(tmp_path, changed(**changes))
    assert said in message
    assert message.startswith("repro/lost/BUILD.bazel:")
    assert message.split(":")[1].isdigit()


@pytest.mark.parametrize(
    "edit,said",
    [
        (lambda text: text.replace('title = "', 'title = "x" + "'), "'title' is not a literal"),
        (lambda text: text + text, "there are 2 abi_bug() calls"),
        (lambda text: text.replace("abi_bug(\n", "abi_bug(\n    ,\n"), "not readable"),
        (lambda text: text.replace("abi_bug(\n", 'abi_bug(\n    "lost",\n'), "named arguments only"),
        (lambda text: text.replace('{"pair"', '{"pair": "twice", "pair"'), "'pair' stands here twice"),
    ],
)
def test_what_is_no_literal_call_is_refused(tmp_path: Path, edit: Callable[[str], str], said: str) -> None:
    assert said in complaint(tmp_path, edit(changed()))


def test_a_bug_without_a_page_is_refused(tmp_path: Path) -> None:
    assert "has no page" in complaint(tmp_path, changed(), page=False)


def test_the_line_is_that_of_the_argument(tmp_path: Path) -> None:
    text = changed(seat="chair")
    line = 1 + text.splitlines().index('    seat = "chair",')
    assert complaint(tmp_path, text).startswith(f"repro/lost/BUILD.bazel:{line}: ")


def test_equal_views_have_no_differences(repository: Repository) -> None:
    for bug in catalogue.read(repository.root).bugs:
        assert catalogue.differences(bug, json.loads(json.dumps(bug.arguments()))) == []


def test_differing_views_are_told_apart(repository: Repository) -> None:
    bug = catalogue.read(repository.root).bugs[0]
    view = bug.arguments()
    view["title"] = "another"
    view["colour"] = "red"
    del view["tags"]
    said = "\n".join(catalogue.differences(bug, view))
    assert "'title' is" in said and "'colour'" in said and "'tags' is missing" in said


def test_views_are_compared_on_disk(repository: Repository) -> None:
    read = catalogue.read(repository.root)
    for bug in read.bugs:
        path = repository.bin / "repro" / bug.name / f"{bug.name}.catalogue.json"
        path.write_text(json.dumps(bug.arguments()))
    assert catalogue.compare_views(read, repository.bin) == []
    path.write_text(json.dumps({**read.bugs[-1].arguments(), "seat": "runtime"}))
    assert len(catalogue.compare_views(read, repository.bin)) == 1


def test_what_the_macro_takes_and_what_is_read_is_the_same(repository: Repository) -> None:
    """The fakes use every argument that there is, so a new one has to be added here too."""
    used = {"name", *KERNEL_BUG, *RUNTIME_BUG}
    bug = catalogue.read(repository.root).bugs[0]
    assert used | {"hosted_srcs", "inapplicable", "only", "srcs_instead"} == set(bug.arguments())


def test_cases_of_one_system_alone(empty: Repository) -> None:
    bug = {
        **RUNTIME_BUG,
        "also_for": ["windows-amd64"],
        "cases": {"self": "a thread signals itself", "raise": "an exception"},
        "only": {"raise": "windows", "*self": "!windows"},
    }
    empty.add("foreign", bug, GOOD_RUNTIME)
    (read,) = catalogue.read(empty.root).bugs
    assert list(read.cases_on(NATIVE)) == ["self", "hosted:key"]
    assert list(read.cases_on("windows-amd64")) == ["raise"]
    empty.add("foreign", {**bug, "only": {"raise": "plan9"}}, GOOD_RUNTIME)
    with pytest.raises(UsageError, match="'plan9' is no operating system"):
        catalogue.read(empty.root)
    empty.add("foreign", {**bug, "only": {"nothing": "windows"}}, GOOD_RUNTIME)
    with pytest.raises(UsageError, match="'nothing' matches no case"):
        catalogue.read(empty.root)
