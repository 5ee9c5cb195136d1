"""`faultline new-bug ID`: a new bug that builds, runs and passes as it is, to be changed into the real one."""

from __future__ import annotations

import re
from pathlib import Path

from .catalogue import read
from .errors import UsageError

TEMPLATES = Path(__file__).parent / "templates"

_ID = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")


def scaffold(root: Path, bug: str) -> list[Path]:
    """Makes repro/BUG with its declaration, its page and its program; the files made. Raises UsageError."""
    if not _ID.fullmatch(bug):
        raise UsageError(f"'{bug}' is not a name for a bug: small letters and digits, words joined by -")
    if bug in [known.name for known in read(root).bugs]:
        raise UsageError(f"there is a bug '{bug}' already: see ./faultline show {bug}")
    folder = root / "repro" / bug
    if folder.exists():
        raise UsageError(f"repro/{bug} exists already")
    words = {"@BUG@": bug, "@FILE@": bug.replace("-", "_")}
    made = []
    try:
        folder.mkdir(parents=True)
        for template, name in (
            ("BUILD.bazel", "BUILD.bazel"),
            ("README.md", "README.md"),
            ("program.cc", f"{words['@FILE@']}.cc"),
        ):
            text = (TEMPLATES / f"{template}.template").read_text(encoding="utf-8")
            for word, value in words.items():
                text = text.replace(word, value)
            (folder / name).write_text(text, encoding="utf-8")
            made.append(folder / name)
    except OSError as error:
        raise UsageError(f"cannot write {error.filename}: {error.strerror}") from None
    return made
