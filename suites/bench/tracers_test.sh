#!/usr/bin/env bash
# The comparison with strace works: each job in each way once, and each bar is judged.
set -euo pipefail
out=$("$1" --benchmark_repetitions=2 --quick 2>&1) || {
  echo "$out" >&2
  exit 1
}
for job in untargeted targeted signal fork thread fork4; do
  grep -qE "^$job +([0-9.]+ \( *[0-9]+\) *){4}[0-9.]+$" <<<"$out" || {
    echo "no row of four figures for $job in:" >&2
    echo "$out" >&2
    exit 1
  }
done
[ "$(grep -cE ', at most [0-9.]+: (met|NOT MET)$' <<<"$out")" = 3 ] || {
  echo "not three bars judged in:" >&2
  echo "$out" >&2
  exit 1
}
