#!/bin/sh
# What the scripts that run programs on other machines share: who runs there, what they do, ending them.
#
# Any POSIX shell. A program is known by its path: a process belongs to a folder when its command line begins
# with the folder's name. On Linux /proc is read, which has more to say and needs no ps; elsewhere ps.

system=$(uname -s)

# The machine, a line for each fact: the fact's name and its value.
machine() {
  echo "system $system"
  echo "release $(uname -r)"
  echo "version $(uname -v)"
  echo "machine $(uname -m)"
  echo "node $(uname -n)"
  echo "cpus $(getconf _NPROCESSORS_ONLN 2>/dev/null || getconf NPROCESSORS_ONLN 2>/dev/null ||
    nproc 2>/dev/null || sysctl -n hw.ncpu 2>/dev/null || echo 1)"
}

# pids_below FOLDER: the live processes that run a program of FOLDER, one a line.
pids_below() {
  if [ "$system" = Linux ]; then
    for entry in /proc/[0-9]*; do
      line=
      # Words end with NUL there, which `read` leaves out; a zombie has none.
      { read -r line <"$entry/cmdline"; } 2>/dev/null
      case $line in "$1"/*) echo "${entry#/proc/}" ;; esac
    done
  else
    pids_by_ps "$1"
  fi
}

pids_by_ps() {
  ps -A -ww -o pid= -o args= | while read -r pid words; do
    case $words in "$1"/*) echo "$pid" ;; esac
  done
}

# activity_below FOLDER: what these processes did so far: hundredths of seconds of CPU time, and 1 or 0 for whether
# some thread of them wants to run now.
activity_below() {
  if [ "$system" = Linux ]; then
    activity_by_proc "$1"
  else
    activity_by_ps "$1"
  fi
}

activity_by_proc() {
  ticks=0 runnable=0
  for pid in $(pids_below "$1"); do
    line=
    { read -r line <"/proc/$pid/stat"; } 2>/dev/null
    # After the command's name, which may hold anything: state, and 11 words later four times (see proc(5)).
    # shellcheck disable=SC2086 # split into words
    set -- "$1" ${line##*) }
    [ $# -ge 16 ] || continue
    ticks=$((ticks + ${13} + ${14} + ${15} + ${16}))
    for entry in "/proc/$pid/task/"*; do
      line=
      { read -r line <"$entry/stat"; } 2>/dev/null
      case ${line##*) } in R*) runnable=1 ;; esac
    done
  done
  per_second=$(getconf CLK_TCK 2>/dev/null || echo 100)
  echo "$((ticks * 100 / per_second)) $runnable"
}

activity_by_ps() {
  ps -A -ww -o state= -o time= -o args= | {
    used=0 runnable=0
    while read -r state time words; do
      case $words in "$1"/*) ;; *) continue ;; esac
      case $state in R* | O*) runnable=1 ;; esac
      used=$((used + $(hundredths "$time")))
    done
    echo "$used $runnable"
  }
}

# hundredths TIME: a time as ps writes it, [[DD-]HH:]MM:SS[.CC].
hundredths() {
  whole=${1%%.*} part=0 days=0 total=0
  case $1 in *.*) part=${1#*.} ;; esac
  case $whole in *-*) days=${whole%%-*} whole=${whole#*-} ;; esac
  while :; do
    field=${whole%%:*}
    # A leading zero would make it octal.
    field=${field#0}
    total=$((total * 60 + ${field:-0}))
    case $whole in *:*) whole=${whole#*:} ;; *) break ;; esac
  done
  part=${part#0}
  echo "$(((days * 86400 + total) * 100 + ${part:-0}))"
}

# kill_below FOLDER: ends these processes; how many there were at first is in $killed.
kill_below() {
  killed=0 round=0
  while [ "$round" -lt 100 ]; do
    found=$(pids_below "$1")
    [ -n "$found" ] || return 0
    for pid in $found; do
      [ "$round" -gt 0 ] || killed=$((killed + 1))
      kill -9 "$pid" 2>/dev/null
    done
    round=$((round + 1))
  done
}

# describe_below FOLDER: what is known of these processes and their threads, for people.
describe_below() {
  for pid in $(pids_below "$1"); do
    if [ "$system" = Linux ]; then
      echo "process $pid: $(tr '\0' ' ' <"/proc/$pid/cmdline")"
      for entry in "/proc/$pid/task/"*; do
        line=
        { read -r line <"$entry/stat"; } 2>/dev/null
        state=${line##*) }
        echo "  thread ${entry##*/}: state ${state%% *}, wchan $(cat "$entry/wchan" 2>/dev/null || echo -)," \
          "syscall $(cat "$entry/syscall" 2>/dev/null || echo -)"
        sed 's/^/    /' "$entry/stack" 2>/dev/null
      done
      sed 's/^/  /' "/proc/$pid/maps" 2>/dev/null
    else
      ps -ww -o pid= -o ppid= -o state= -o time= -o args= -p "$pid"
      # What each thread sleeps in, where the system has a tool for it.
      procstat -kk "$pid" 2>/dev/null || ps -s -l -p "$pid" 2>/dev/null
    fi
  done
}

# ending STATUS: how a command ended, from the shell's $?: "exited N", or "killed NAME".
ending() {
  if [ "$1" -gt 128 ] && name=$(kill -l "$1" 2>/dev/null) && [ -n "$name" ]; then
    echo "killed $name"
  else
    echo "exited $1"
  fi
}
