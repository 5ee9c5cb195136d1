#!/usr/bin/env bash
# A bug made by `faultline new-bug` is well formed, builds, passes as it is, and goes red with the defect that it names.
#
# Works on a copy of the checkout, with a Bazel of its own; the tracer and the jail are those of the test's runfiles.
set -euo pipefail
tools=$PWD
checkout=$(cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/../.." && pwd)
# Not below TEST_TMPDIR: Bazel takes a workspace in its own output tree for a mistake.
work=$(mktemp -d "${TMPDIR:-/tmp}/faultline-new-bug.XXXXXX")
finish() {
  (cd "$work/tree" && bazel shutdown >/dev/null 2>&1) || true
  # Bazel takes the write bits from what it made.
  chmod -R u+w "$work" && rm -rf "$work"
}
trap finish EXIT

mkdir "$work/tree"
(cd "$checkout" && git ls-files -z --cached --others --exclude-standard | tar -c --null -T - --ignore-failed-read) |
  tar -x -C "$work/tree"
cd "$work/tree"
echo "startup --output_base=$work/base --max_idle_secs=60" >>.bazelrc
export PYTHONPATH=$PWD/tools/pytest PYTHONDONTWRITEBYTECODE=1
faultline() { /usr/bin/python3 -m faultline "$@"; }

before=$(git -C "$checkout" ls-files 'repro/*/BUILD.bazel' | wc -l)
faultline new-bug made-by-a-test
[ "$(find repro/made-by-a-test -type f | wc -l)" = 3 ] || { echo "a new bug is three files" >&2; exit 1; }
faultline list --json | grep -q '"name": "made-by-a-test"'
[ "$(find repro -mindepth 2 -maxdepth 2 -name BUILD.bazel | wc -l)" = $((before + 1)) ]
if command -v clang-format-19 >/dev/null; then clang-format-19 --dry-run -Werror repro/made-by-a-test/*.cc; fi
if command -v buildifier >/dev/null; then buildifier -mode=check repro/made-by-a-test/BUILD.bazel; fi

bazel build --show_result=0 --noshow_progress //repro/made-by-a-test:made-by-a-test.programs \
  //repro/made-by-a-test:made-by-a-test.catalogue.json
mkdir -p "$work/bin/kernel" "$work/bin/tools/jail"
ln -s "$tools/kernel/inject" "$work/bin/kernel/inject"
ln -s "$tools/tools/jail/jail" "$work/bin/tools/jail/jail"
ln -s "$PWD/bazel-bin/repro" "$work/bin/repro"
run() { faultline run --bug made-by-a-test --bin "$work/bin" --out "$work/out" "$@"; }

run
code=0
run --defect sa-restart || code=$?
[ "$code" = 1 ] || { echo "with the defect the run must go red, and exited with $code" >&2; exit 1; }
/usr/bin/python3 - "$work/bin" <<'PYTHON'
import sys
from pathlib import Path
from faultline import catalogue

differences = catalogue.compare_views(catalogue.read(Path.cwd()), Path(sys.argv[1]), ["made-by-a-test"])
sys.exit("\n".join(differences) or 0)
PYTHON
