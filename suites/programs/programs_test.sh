#!/usr/bin/env bash
# Runs programs_test.py in the tree that Bazel laid out.
set -euo pipefail
export PYTHONPATH=$PWD/tools/pytest:$PWD/suites PYTHONDONTWRITEBYTECODE=1
exec /usr/bin/python3 -m pytest -q -p no:cacheprovider suites/programs/programs_test.py
