#!/bin/sh
# Runs every cell of this kit that is for this machine, and packs what was seen into one archive.
#
# Any POSIX shell. Nothing is judged here: `faultline report --import` does that where the catalogue is. What to run,
# how often, and what is measured by what stands in `plan`:
#
#   scale NAME HITS DEATHS SAMPLE-SECONDS CLEAN-SECONDS ASSUMED   how much work: see tools/pytest/README.md
#   need NAME HITS THOUSANDTHS    opportunities to exclude a bug, per opportunity in which HITS hits were seen
#   as PORT BUG TARGET            whose expectations there are: a model of a release, or @native
#   case PORT BUG TARGET VARIANT CASE PROGRAM MODE FROM
#     MODE  sample: until it was seen often enough; deaths: the same, where each hit ends a program;
#           exclude: until it would have been seen, by the rate of the first of FROM (VARIANT/CASE,…) that has one
#
# A signal to this shell is heeded when the program that runs just then has ended, or was ended by that signal too.

here=$(cd "$(dirname "$0")" && pwd -P) || exit 3
programs=$here/programs
# shellcheck source=tools/pytest/faultline/sh/supervise.sh
. "$here/supervise.sh"

usage() {
  cat <<'END'
usage: ./run.sh [--bug NAME]... [--out DIR] [--quick | --thorough] [--seed N] [--list]

  --bug NAME   only this bug; may be given again
  --out DIR    where results are kept (default: faultline-result). One that an earlier run began is gone on with:
               what it has is not run again.
  --quick      less work: a clean verdict misses the bug with a chance below 1e-3
  --thorough   more work: below 1e-9 (default: 1e-6)
  --seed N     the first seed (default: 1)
  --list       what would run here

Afterwards DIR.tar.gz is the archive to take home:  faultline report --import DIR.tar.gz

exit codes: 0 all of it ran, 2 the command was wrong, 3 something is missing, 130 interrupted (the results so far are
packed)
END
}

lock=''
fail() { # STATUS WORDS
  [ -z "$lock" ] || rm -rf "$lock"
  echo "run.sh: $2" >&2
  exit "$1"
}

out=faultline-result scale=normal seed=1 bugs='' listing=''
while [ $# -gt 0 ]; do
  case $1 in
    -h | --help)
      usage
      exit 0
      ;;
    --quick) scale=quick ;;
    --thorough) scale=thorough ;;
    --list) listing=1 ;;
    --bug | --out | --seed)
      [ -n "${2-}" ] || fail 2 "$1 needs a value; see --help"
      case $1 in
        --bug) bugs="$bugs $2" ;;
        --out) out=$2 ;;
        --seed) seed=$2 ;;
      esac
      shift
      ;;
    *) fail 2 "unknown argument $1; see --help" ;;
  esac
  shift
done
case $seed in
  *[!0-9]* | ??????????*) fail 2 "--seed $seed is not a number below 10^9" ;;
esac

# The kit.

while read -r size name; do
  [ -f "$here/$name" ] || fail 3 "this kit is not whole: $name is missing. Unpack it again"
  found=$(wc -c <"$here/$name")
  [ "$((found))" -eq "$size" ] || fail 3 "this kit is not whole: $name has $((found)) of $size bytes. Unpack it again"
done <"$here/sizes" || fail 3 "this kit is not whole: the file 'sizes' is missing. Unpack it again"
read -r kit <"$here/kit"

for bug in $bugs; do
  grep -q "^$bug " "$here/bugs" || fail 2 "there is no bug '$bug' in this kit: $(cut -d ' ' -f 1 "$here/bugs" | tr '\n' ' ')"
done

# The machine.

case $system in
  Linux) os=linux ;;
  FreeBSD) os=freebsd ;;
  NetBSD) os=netbsd ;;
  OpenBSD) os=openbsd ;;
  Darwin) os=darwin ;;
  *) os=$system ;;
esac
machine=$(uname -m)
case $machine in
  x86_64 | amd64) arches="amd64 386" ;;
  i?86) arches=386 ;;
  aarch64 | arm64) arches=arm64 ;;
  arm*) arches=arm ;;
  *) arches=$machine ;;
esac
release=$(uname -r)
major=${release%%[!0-9]*}
minor=${release#"$major"}
case $minor in
  .[0-9]*)
    minor=${minor#.}
    minor=${minor%%[!0-9]*}
    ;;
  *) minor='' ;;
esac

# Whether programs of a port run here: asked by having one list its cases. In an empty folder: a shell that is
# refused takes the file for a script.
runs_here() { # PORT
  probe=$here/.probe.$$
  mkdir "$probe" || fail 3 "cannot write to $here"
  while read -r word port _ _ _ case program _; do
    if [ "$word $port" = "case $1" ]; then
      said=$(cd "$probe" && exec "$programs/$program" --list </dev/null 2>/dev/null)
      break
    fi
  done <"$here/plan"
  rm -rf "$probe"
  echo "$said" | grep -qxF -e "${case#hosted:}"
}

ports='' left=''
for arch in $arches; do
  if ! grep -q "^case $os-$arch " "$here/plan"; then continue; fi
  if runs_here "$os-$arch" 2>/dev/null; then
    ports="$ports $os-$arch"
  else
    left="$left $os-$arch"
  fi
done
if [ -z "$ports" ]; then
  [ -z "$left" ] || fail 3 "this machine does not run the programs for$left (is $here on a file system without exec?)"
  for_ports=$(grep '^case ' "$here/plan" | cut -d ' ' -f 2 | sort -u | tr '\n' ' ')
  fail 3 "this machine is $os on $machine, and this kit has programs for ${for_ports% }"
fi

# Whose expectations hold for a bug here: those of the model of this release, else those of a healthy kernel.
judged_as() { # PORT BUG
  best=$1@native
  while read -r word port bug target; do
    [ "$word $port $bug" = "as $1 $2" ] || continue
    case $target in
      "$1@model-$major.$minor") best=$target && break ;;
      "$1@model-$major") best=$target ;;
    esac
  done <"$here/plan"
  echo "$best"
}

# The cases of this run: PORT BUG VARIANT CASE PROGRAM MODE FROM, one a line.
cases() {
  for wanted in $ports; do
    while read -r bug _; do
      case " $bugs " in
        "  " | *" $bug "*) ;;
        *) continue ;;
      esac
      target=$(judged_as "$wanted" "$bug")
      while read -r word port of as rest; do
        [ "$word $port $of $as" = "case $wanted $bug $target" ] && echo "$port $of $rest"
      done <"$here/plan"
    done <"$here/bugs"
  done
}

if [ -n "$listing" ]; then
  cases | while read -r port bug variant case _; do
    echo "$port $bug $variant $case"
  done
  exit 0
fi

# The results.

head="faultline-result 1
kit $kit
scale $scale
seed $seed"
mkdir -p "$out" || fail 2 "cannot write to --out $out"
out=$(cd "$out" && pwd -P) || fail 2 "cannot write to --out $out"
if [ -f "$out/result" ]; then
  [ "$(cat "$out/result")" = "$head" ] ||
    fail 2 "$out has results of another kit, scale or seed; choose another --out, or take them away"
elif [ -n "$(ls -A "$out")" ]; then
  fail 2 "$out is there and has no results of a kit; choose another --out"
fi
other=$(cat "$here/.running/pid" 2>/dev/null)
if [ -n "$other" ] && kill -0 "$other" 2>/dev/null; then
  fail 3 "process $other runs this kit already; unpack it a second time to run it twice"
fi
lock=$here/.running
{ mkdir -p "$lock" && echo $$ >"$lock/pid"; } || fail 3 "cannot write to $here"

write() { # FILE, from standard input: whole or not at all
  { cat >"$out/.part" && mv "$out/.part" "$out/$1"; } || exit 3
}

rm -f "$out/complete"
# What an earlier run of other bugs planned stays planned.
{
  echo "$head" | write result &&
    machine | write machine &&
    write bugs <"$here/bugs" &&
    for port in $left; do echo "$port"; done | write left &&
    { cat "$out/cases" 2>/dev/null; cases; } | sort -u | write cases &&
    mkdir -p "$out/runs"
} || fail 3 "cannot write to $out"

pack() {
  set -- result machine bugs left cases runs
  [ ! -f "$out/complete" ] || set -- "$@" complete
  { (cd "$out" && tar cf - "$@") >"$out.tar" && gzip -f -9 "$out.tar"; } || fail 3 "cannot pack $out"
}

finish() { # STATUS
  trap '' HUP INT TERM
  kill_below "$programs"
  pack
  rm -rf "$lock"
  # Last: there may be no terminal any more.
  echo "$out.tar.gz"
  exit "$1"
}
# On fd 1: fd 2 is closed to the shell's own words while a program runs.
trap 'echo "run.sh: interrupted; packing what there is"; finish 130' HUP INT TERM

# Numbers of this run's scale.
while read -r word name a b c d e; do
  [ "$word $name" = "scale $scale" ] || continue
  most_hits=$a most_deaths=$b sample_seconds=$c clean_seconds=$d assumed=$e
done <"$here/plan"

# How many opportunities a case must have to exclude what the first of FROM showed.
needed() { # PORT BUG FROM
  needed=$assumed
  for from in $(echo "$3" | tr ',' ' '); do
    measured=$out/runs/$1/$2/$from/done
    [ -f "$measured" ] || continue
    read -r _ seen_hits seen_opportunities <"$measured"
    [ "$seen_hits" -gt 0 ] || continue
    while read -r word name number thousandths; do
      [ "$word $name" = "need $scale" ] || continue
      # The last for hits beyond the table: it asks for more, not for less.
      needed=$((seen_opportunities * thousandths / 1000 + 1))
      [ "$number" -lt "$seen_hits" ] || return 0
    done <"$here/plan"
    return 0
  done
}

# Seconds without a line after which a program is looked at, as in the driver; it waits ten times that for one that
# wants to run and is not let.
silence=5
# A program that prints that much prints for ever.
most_bytes=33554432

# Watches the program that runs now; ends it when it hangs and says why in RUN.hang.
watch() { # RUN SECONDS
  exec >/dev/null 2>&1
  run=$1 seconds=$2 alive=0 quiet=0 size=-1 first=0 looks=0 wanting=0 why=
  while sleep 1; do
    # Nobody waits any more.
    if ! kill -0 $$; then
      kill_below "$programs"
      exit
    fi
    alive=$((alive + 1))
    now=$(wc -c <"$run.out")
    if [ "$((now))" -ne "$size" ]; then
      size=$((now)) quiet=0 looks=0 wanting=0
    else
      quiet=$((quiet + 1))
    fi
    activity=$(activity_below "$programs")
    used=${activity% *}
    [ "$quiet" -gt 0 ] || first=$used
    used=$((used - first)) looks=$((looks + 1)) wanting=$((wanting + ${activity#* }))
    if [ "$size" -gt "$most_bytes" ]; then
      why="printed more than $most_bytes bytes"
    elif [ "$alive" -gt $((3 * seconds + silence)) ]; then
      why="went on beyond 3 times its $seconds s"
    elif [ "$quiet" -ge "$silence" ]; then
      said="no line for $quiet s, and $((used / 100)).$((used / 10 % 10)) s of CPU time used meanwhile"
      if [ "$used" -ge $((100 * silence)) ]; then
        why="$said: it spins"
      elif [ "$used" -lt $((5 * quiet)) ] && [ $((20 * wanting)) -le "$looks" ]; then
        why="$said: it sleeps"
      elif [ "$quiet" -ge $((10 * silence)) ]; then
        why="$said: it crawls"
      fi
    fi
    if [ -n "$why" ]; then
      describe_below "$programs" >"$run.processes"
      echo "$why" >"$run.hang"
      kill_below "$programs"
      exit
    fi
  done
}

# Runs a program once. Sets run_opportunities, run_hits, and run_failed when it did not end well.
run_once() { # RUN SECONDS PROGRAM ARG…
  run=$1 seconds=$2 program=$3
  shift 3
  began=$(date +%s)
  : >"$run.out" || fail 3 "cannot write to $out"
  watch "$run" "$seconds" &
  watcher=$!
  # In the foreground: what a shell starts in the background ignores signals. What the shell itself says of a
  # program that died is not the program's word.
  exec 3>&2 2>/dev/null
  (exec "$programs/$program" "$@" </dev/null >"$run.out" 2>"$run.err" 3>&- 4<&-)
  status=$?
  # Not by a signal that this shell has a trap for: one that comes while the other begins would be lost.
  kill -9 "$watcher"
  wait "$watcher"
  exec 2>&3 3>&-
  kill_below "$programs"
  run_opportunities=0 run_hits=0 printed=0 run_failed=
  while read -r word rest; do
    case $word in
      hit) printed=$((printed + 1)) ;;
      progress | end)
        for field in $rest; do
          case $field in
            opportunities=*[!0-9]* | hits=*[!0-9]*) ;;
            opportunities=?*) run_opportunities=${field#*=} ;;
            hits=?*) run_hits=${field#*=} ;;
          esac
        done
        ;;
    esac
  done <"$run.out"
  [ "$run_hits" -ge "$printed" ] || run_hits=$printed
  [ "$status" -eq 0 ] || run_failed=1
  {
    echo "command programs/$program $*"
    echo "began $began"
    echo "seconds $(($(date +%s) - began))"
    echo "status $status"
    if [ -f "$run.hang" ]; then echo "hang $(cat "$run.hang")"; else ending "$status"; fi
    # shellcheck disable=SC2154 # from supervise.sh
    echo "left $killed"
  } >"$run.end" || fail 3 "cannot write to $out"
}

# Runs a case as often as it takes.
run_case() { # PORT BUG VARIANT CASE PROGRAM MODE FROM
  mode=$6 program=$5 case=$4
  folder=$out/runs/$1/$2/$3/$4
  if [ -f "$folder/done" ]; then return 0; fi
  rm -rf "$folder"
  mkdir -p "$folder" || fail 3 "cannot write to $out"
  case $mode in
    exclude)
      budget=$clean_seconds
      needed "$1" "$2" "$7"
      ;;
    deaths) budget=$sample_seconds wanted=$most_deaths ;;
    *) budget=$sample_seconds wanted=$most_hits ;;
  esac
  runs=0 hits=0 opportunities=0
  until=$(($(date +%s) + budget))
  while [ "$runs" -lt 1000 ] && [ "$(date +%s)" -lt "$until" ]; do
    case $mode in
      exclude)
        if [ "$hits" -gt 0 ] || [ "$opportunities" -ge "$needed" ]; then break; fi
        set -- $((needed - opportunities)) 1
        ;;
      deaths)
        if [ "$hits" -ge "$wanted" ] || { [ "$hits" -eq 0 ] && [ "$runs" -ge $((2 * wanted)) ]; }; then break; fi
        set -- 1 1
        ;;
      *)
        if [ "$hits" -ge "$wanted" ]; then break; fi
        set -- 1000000000 $((wanted - hits))
        ;;
    esac
    runs=$((runs + 1))
    run_once "$folder/$runs" "$budget" "$program" --case "${case#hosted:}" --opportunities "$1" --hits "$2" \
      --seconds "$budget" --seed $((seed + runs - 1))
    # A death that is looked for is a hit, and had an opportunity.
    if [ -n "$run_failed" ] && [ "$run_hits" -eq 0 ]; then run_hits=1; fi
    if [ "$run_opportunities" -lt "$run_hits" ]; then run_opportunities=$run_hits; fi
    hits=$((hits + run_hits)) opportunities=$((opportunities + run_opportunities))
    if [ -f "$folder/$runs.hang" ]; then break; fi
    # One that gave no opportunity will not give one the next time.
    if [ "$run_opportunities" -eq 0 ]; then break; fi
  done
  { echo "$runs $hits $opportunities" >"$folder/.done" && mv "$folder/.done" "$folder/done"; } ||
    fail 3 "cannot write to $out"
}

total=$(cases | wc -l)
total=$((total)) place=0
cases >"$lock/cases"
exec 4<"$lock/cases"
while read -r port bug variant case program mode from <&4; do
  place=$((place + 1))
  run_case "$port" "$bug" "$variant" "$case" "$program" "$mode" "$from"
  read -r runs hits opportunities <"$out/runs/$port/$bug/$variant/$case/done"
  echo "[$place/$total] $port $bug $variant/$case: $hits hits in $opportunities opportunities, $runs runs"
done
exec 4<&-
echo "$total" | write complete || fail 3 "cannot write to $out"
finish 0
