"""An sshd of the test's own: a key, a port and a configuration in its folder, the current user, nothing else touched."""

from __future__ import annotations

import ctypes
import dataclasses
import os
import shlex
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path
from typing import Iterator

import pytest

HOST = "127.0.0.1"


def _die_with_parent() -> None:
    """In the child: a killed test leaves no sshd."""
    pr_set_pdeathsig = 1
    ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGTERM)


@dataclasses.dataclass
class Sshd:
    """The server, the command that reaches it, and the far side's folder for temporary files."""

    process: subprocess.Popen[bytes]
    command: str
    far: Path

    def left(self) -> list[str]:
        """What is left of runs on the far side: folders."""
        return os.listdir(self.far)

    def drop(self) -> None:
        """Cuts every connection: kills the server's children, not the server."""
        for pid in _children(self.process.pid):
            os.kill(pid, signal.SIGKILL)


def _children(pid: int) -> list[int]:
    from faultline import processes

    return processes.children(pid)


def _key(path: Path) -> Path:
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(path)], check=True)
    return path


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


def answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((HOST, port)) == 0


@pytest.fixture(name="sshd")
def running_sshd(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sshd]:
    """A server that runs, and FAULTLINE_SSH set to reach it."""
    server = shutil.which("sshd", path="/usr/sbin:/sbin:/usr/local/sbin")
    assert server, "openssh-server is not installed"
    folder = tmp_path_factory.mktemp("sshd")
    far = folder / "far"
    far.mkdir()
    host_key, user_key = _key(folder / "host"), _key(folder / "user")
    port = free_port()
    config = folder / "config"
    config.write_text(
        f"Port {port}\nListenAddress {HOST}\nHostKey {host_key}\nAuthorizedKeysFile {user_key}.pub\n"
        "PidFile none\nStrictModes no\nUsePAM no\nPasswordAuthentication no\nPermitRootLogin yes\n"
        f"SetEnv TMPDIR={far}\n"
    )
    if os.geteuid() == 0:
        # Where Debian's sshd separates its privileges; at boot its service makes it, in memory.
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
    log = (folder / "log").open("wb")
    process = subprocess.Popen(
        [server, "-D", "-e", "-f", str(config)],
        stdin=subprocess.DEVNULL,
        stderr=log,
        preexec_fn=_die_with_parent,
    )
    deadline = time.monotonic() + 30
    while not answers(port):
        assert process.poll() is None and time.monotonic() < deadline, (folder / "log").read_text()
        time.sleep(0.02)
    command = [
        *("ssh", "-F", "none", "-p", str(port), "-i", str(user_key), "-o", "IdentitiesOnly=yes"),
        *(
            "-o",
            "StrictHostKeyChecking=no",
            "-o",
            f"UserKnownHostsFile={folder}/known",
            "-o",
            "LogLevel=ERROR",
        ),
    ]
    sshd = Sshd(process, shlex.join(command), far)
    monkeypatch.setenv("FAULTLINE_SSH", sshd.command)
    yield sshd
    sshd.drop()
    process.terminate()
    process.wait()
    log.close()
