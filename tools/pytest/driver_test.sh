#!/usr/bin/env bash
# Runs the driver's own tests: driver_test.sh FILE..., from the root of the test's runfiles.
set -euo pipefail
export PYTHONPATH=$PWD/tools/pytest PYTHONDONTWRITEBYTECODE=1
cd tools/pytest/tests
exec /usr/bin/python3 -m pytest -q -p no:cacheprovider -p xdist.plugin -n 2 "$@"
