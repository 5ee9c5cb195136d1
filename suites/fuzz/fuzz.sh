#!/usr/bin/env bash
# Runs a fuzz target from the catalogue's own seeds.
#
#   fuzz.sh SEEDS TARGET [OPTION of libFuzzer…]      SEEDS, TARGET: the programs
#
# Exit: 0 no finding; else libFuzzer's, with the input that led to it left in the current folder.
set -euo pipefail
seeds=$1 target=$2
shift 2

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/seeds" "$work/found"
"$seeds" "${target##*/}" "$work/seeds" "$work/words"
# What it finds on its way goes into the first folder; the seeds stay as they are.
"$target" -dict="$work/words" -max_len=4096 -timeout=10 -rss_limit_mb=1024 -print_final_stats=1 "$@" \
  "$work/found" "$work/seeds"
