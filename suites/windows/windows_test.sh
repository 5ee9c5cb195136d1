#!/usr/bin/env bash
# Runs windows_test.py in the tree that Bazel laid out.
set -euo pipefail
export PYTHONPATH=$PWD/tools/pytest PYTHONDONTWRITEBYTECODE=1
exec /usr/bin/python3 -m pytest -q -p no:cacheprovider suites/windows/windows_test.py
