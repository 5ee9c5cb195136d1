"""Runs one program in a guest: guest_client.py FOLDER MARK REQUEST, below the jail; see sh/guest.sh.

Passes on what stands between "MARK begin" and "MARK end" on the guest's lines: FOLDER/out to fd 1, FOLDER/err to fd 2.
"""

from __future__ import annotations

import os
import selectors
import sys


class Line:
    """One line of the guest; what was left on it by a run before that was cut short is passed over."""

    def __init__(self, fd: int, mark: str) -> None:
        self.fd = fd
        self._begin, self._end = f"{mark} begin\n".encode(), f"{mark} end\n".encode()
        self._seen = b""
        self._begun = False

    def add(self, data: bytes) -> tuple[bytes, bool]:
        """Takes in the next bytes: what of them is the program's, and whether that is all."""
        self._seen += data
        if not self._begun:
            before, begin, rest = self._seen.partition(self._begin)
            if not begin:
                self._seen = before[-len(self._begin) :]
                return b"", False
            self._begun, self._seen = True, rest
        own, end, _ = self._seen.partition(self._end)
        if end:
            return own, True
        # What may be the beginning of the mark waits for the rest of it.
        kept = max(n for n in range(len(self._end)) if own.endswith(self._end[:n]))
        self._seen = own[len(own) - kept :]
        return own[: len(own) - kept], False


def main(folder: str, mark: str, request: str) -> None:
    """Asks for the run and follows it to its end."""
    lines = [
        (Line(os.open(f"{folder}/{name}", os.O_RDONLY | os.O_NONBLOCK), mark), fd)
        for name, fd in (("out", 1), ("err", 2))
    ]
    with selectors.DefaultSelector() as selector:
        for line, fd in lines:
            selector.register(line.fd, selectors.EVENT_READ, (line, fd))
        try:
            # Without waiting: a guest that is gone reads nothing any more.
            control = os.open(f"{folder}/control", os.O_WRONLY | os.O_NONBLOCK)
        except OSError:
            sys.exit("the guest ended")
        os.write(control, f"{mark} {request}\n".encode())
        while selector.get_map():
            for key, _ in selector.select():
                line, fd = key.data
                data = os.read(line.fd, 65536)
                if not data:
                    sys.exit("the guest ended")
                own, ended = line.add(data)
                while own:
                    own = own[os.write(fd, own) :]
                if ended:
                    selector.unregister(line.fd)


if __name__ == "__main__":
    main(*sys.argv[1:])
