#!/usr/bin/env bash
# The model's benchmark works: each job once, and its bar is judged.
set -euo pipefail
out=$("$1" --benchmark_repetitions=2 --quick 2>&1) || {
  echo "$out" >&2
  exit 1
}
for job in getpid getpid-int80 sigprocmask umtx read; do
  grep -qE "^$job +[0-9.]+ +[0-9.]+ stops " <<<"$out" || {
    echo "no row for $job in:" >&2
    echo "$out" >&2
    exit 1
  }
done
[ "$(grep -cE '; at most 2.00: (met|NOT MET)$' <<<"$out")" = 2 ] || {
  echo "the bar was not judged in:" >&2
  echo "$out" >&2
  exit 1
}
