#!/usr/bin/env bash
# Runs catalogue_test.py in the tree of one bug that Bazel laid out.
set -euo pipefail
export PYTHONPATH=$PWD/tools/pytest PYTHONDONTWRITEBYTECODE=1
exec /usr/bin/python3 suites/catalogue/catalogue_test.py
