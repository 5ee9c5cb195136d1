#!/usr/bin/env bash
# Runs the driver's own tests: driver_test.sh FILE..., from the root of the test's runfiles.
set -euo pipefail
export PYTHONPATH=$PWD/tools/pytest PYTHONDONTWRITEBYTECODE=1
# The built tools, for the tests that want them.
if [ -e kernel/inject ]; then export FAULTLINE_TOOLS=$PWD; fi
cd tools/pytest/tests
exec /usr/bin/python3 -m pytest -q -p no:cacheprovider -n 2 "$@"
