"""python3 -m faultline."""

import os
import sys

if __name__ == "__main__":
    try:
        # Inside, because importing takes long enough for a Ctrl-C.
        from .cli import main

        status = main(sys.argv[1:])
    except KeyboardInterrupt:
        # At once: where exec() was interrupted, as in dataclasses, Python would end by the signal nevertheless.
        os._exit(130)
    sys.exit(status)
