#!/usr/bin/env bash
# The storm must make restarts in numbers: a kernel's bug may need a million of them. Natively it makes more than
# 100,000 a second on one core; a busy machine is forgiven three quarters of that, and two bad seconds.
set -euo pipefail

program=repro/wait4-restart/wait4-restart.syscall.linux-amd64
readonly program least_per_millisecond=25

for _ in 1 2 3; do
  line=$("$program" --case storm --seconds 1 --opportunities 1000000000 | grep '^end ')
  restarts=$(sed -n 's/.* opportunities=\([0-9]*\).*/\1/p' <<<"$line")
  milliseconds=$(sed -n 's/.* ms=\([0-9]*\).*/\1/p' <<<"$line")
  echo "$restarts wait4 restarts in $milliseconds ms"
  if ((restarts >= least_per_millisecond * milliseconds)); then
    exit 0
  fi
done
echo "too few: $least_per_millisecond per ms wanted" >&2
exit 1
