#!/usr/bin/env bash
# Cells of the catalogue as a Bazel test: cell_test.sh BUG VARIANT TARGET (patterns, too), from the root of the test's
# runfiles, where the bug's declaration, its page, its programs, the tracer, the model and the jail are.
set -euo pipefail
# Under Bazel the results are kept with the test's outputs; by hand they are thrown away.
if [ -n "${TEST_UNDECLARED_OUTPUTS_DIR:-}" ]; then
  out=$TEST_UNDECLARED_OUTPUTS_DIR
else
  out=$(mktemp -d "${TMPDIR:-/tmp}/faultline-cell.XXXXXX")
  trap 'rm -rf "$out"' EXIT
fi
export PYTHONPATH=$PWD/tools/pytest PYTHONDONTWRITEBYTECODE=1
/usr/bin/python3 -m faultline cell "$@" --bin "$PWD" --out "$out"
