#!/usr/bin/env bash
# Runs every benchmark for a moment and holds the list of them against what the README promises.
set -euo pipefail
out=$("$1" --benchmark_min_time=0.001 --benchmark_format=console 2>/dev/null)
for name in RawCall/syscall RawCall/int80 RawCall/libc RawCall/vdso Signal/bare Signal/sigtramp Goroutine/switch_and_back \
  Goroutine/channel Goroutine/channel_two_threads Cgo/asmcgocall Cgo/cgocall Cgo/callback \
  Cgo/foreign_callback Process/fork_wait4; do
  grep -qE "^$name(/[a-z_]+)? +[0-9]" <<<"$out" || {
    echo "no figure for $name in:" >&2
    echo "$out" >&2
    exit 1
  }
done
