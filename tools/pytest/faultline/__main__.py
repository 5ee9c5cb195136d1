"""python3 -m faultline."""

import sys

if __name__ == "__main__":
    try:
        # Inside, because importing takes long enough for a Ctrl-C.
        from .cli import main

        status = main(sys.argv[1:])
    except KeyboardInterrupt:
        status = 130
    sys.exit(status)
