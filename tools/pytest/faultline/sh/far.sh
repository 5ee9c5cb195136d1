#!/bin/sh
# The far side of a target ssh:HOST. It is sent there behind supervise.sh, as one file in a folder of its own.
#
#   far.sh keep                            keeps the folder as long as somebody listens, then ends and removes all
#   far.sh take NAME SIZE                  a program, from standard input
#   far.sh run TOKEN SECONDS NAME ARG…     runs a program; on fd 2, behind TOKEN, what the watchdog wants to know
#   far.sh look                            what the programs stand in
#   far.sh sweep                           ends the programs
#   far.sh end                             ends them and removes the folder
#   far.sh machine                         what machine this is
#
# Whoever is cut off notices when it writes to a connection that is gone: each second it does.

# The first process of a guest (guest.sh) reads this for its functions, and has a $here of its own.

here=${here:-$(cd "$(dirname "$0")" && pwd)} || exit 3

keep() {
  trap '' PIPE
  trap 'finish; exit 0' HUP INT TERM
  machine
  echo "ready $here"
  while [ -d "$here" ] && echo alive 2>/dev/null; do
    sleep 1
  done
  finish
}

finish() {
  kill_below "$here"
  rm -rf "$here"
}

take() {
  # Anew each time: a program that still runs cannot be overwritten.
  rm -f "$here/$1"
  cat >"$here/$1" && chmod 700 "$here/$1" || exit 3
  size=$(wc -c <"$here/$1")
  if [ "$((size))" -ne "$2" ]; then
    echo "$((size)) of $2 bytes arrived" >&2
    exit 3
  fi
}

# Says each second what the program does; ends it when nobody listens, or when it is long overdue.
beat() {
  trap '' PIPE
  # What a command complains of when this is ended is not the program's word, and the connection must not wait
  # for a sleep.
  exec 3>&2 >/dev/null 2>&1
  until=$(($(date +%s) + $2))
  while :; do
    sleep 1 3>&-
    if ! echo "$1 activity $(activity_below "$here")" >&3 || [ "$(date +%s)" -ge "$until" ]; then
      kill_below "$here"
      return
    fi
  done
}

run() {
  token=$1 seconds=$2 program=$here/$3
  shift 3
  if ! [ -x "$program" ]; then
    echo "$token failed the programs are gone: $here was removed" >&2
    exit 3
  fi
  # shellcheck disable=SC3045 # every shell at hand knows it; if one does not, there are cores
  ulimit -c 0 2>/dev/null
  beat "$token" "$seconds" &
  beater=$!
  # In the foreground: what a shell starts in the background ignores signals. What the shell itself says of a
  # program that died is not the program's word; for a redirection of the program alone a shell may move its own.
  exec 3>&2 2>/dev/null
  (exec "$program" "$@" </dev/null 2>&3 3>&-)
  status=$?
  kill -9 "$beater"
  wait "$beater"
  exec 2>&3 3>&-
  kill_below "$here"
  # shellcheck disable=SC2154 # from supervise.sh
  echo "$token $(ending "$status") left $killed" >&2
}

[ $# -gt 0 ] || return 0
command=$1
shift
case $command in
  keep) keep ;;
  take) take "$@" ;;
  run) run "$@" ;;
  look) describe_below "$here" ;;
  sweep) kill_below "$here" ;;
  end) finish ;;
  machine) machine ;;
  *)
    echo "far.sh: unknown command $command" >&2
    exit 2
    ;;
esac
