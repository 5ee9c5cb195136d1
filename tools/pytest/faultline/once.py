"""Runs one program on a target as a run does: python3 -m faultline.once TARGET BUILT PROGRAM ARG…

BUILT is the tree that holds what Bazel built. What the place reports of the run stands on fd 2, behind a token.
"""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path
from typing import Any, NoReturn

from . import targets
from .errors import FaultlineError
from .targets import Toolbox


def _interrupted(_number: int, _frame: Any) -> NoReturn:
    raise KeyboardInterrupt


def main(name: str, built: str, program: str, *arguments: str) -> int:
    """Prepares the target, runs the program, and takes everything away again."""
    signal.signal(signal.SIGTERM, _interrupted)
    toolbox = Toolbox(Path(built).absolute())
    target = targets.parse(name)
    try:
        target.prepare(toolbox)
        target.bring(toolbox, Path(program))
        command = target.command(toolbox, Path(program), arguments, 1, None)
        return subprocess.run(command, check=False).returncode
    finally:
        target.clean_up()


if __name__ == "__main__":
    try:
        sys.exit(main(*sys.argv[1:]))
    except FaultlineError as error:
        sys.exit(f"faultline.once: {error}")
    except KeyboardInterrupt:
        sys.exit(130)
