#!/bin/bash
# What test suites of shells ask: traps, statuses, pipelines, background jobs, coprocesses, sessions. Prints what it
# found: the same in every run.
# shellcheck disable=SC2016 # what other shells are to expand
set -u

echo "== statuses"
for end in 'exit 3' 'kill -TERM $$' 'kill -SEGV $$' 'exec /no/such/program' 'exec /etc/passwd'; do
  bash -c "$end" 2>/dev/null
  echo "$end: $?"
done
true | (exit 4) | false | bash -c 'kill -PIPE $$' | cat
echo "pipeline: ${PIPESTATUS[*]}"
yes | head -n 1000 | tail -n 1
echo "yes was ended by SIGPIPE: ${PIPESTATUS[*]}"

echo "== traps"
got=0
trap 'got=$((got + 1))' USR1
for _ in {1..50}; do kill -USR1 $$; done
echo "own signals: $got"
sleep 1000 &
sleeper=$!
(while :; do kill -USR1 $$; sleep 0.02; done) &
helper=$!
wait "$sleeper"
echo "wait, interrupted: $?"
kill "$helper"
# Its last signals may interrupt these waits as well.
while kill -0 "$helper" 2>/dev/null; do wait "$helper"; done 2>/dev/null
kill "$sleeper"
wait "$sleeper" 2>/dev/null
echo "wait, ended: $?"
(trap 'echo leaving' EXIT; trap 'exit 12' TERM; kill -TERM $BASHPID; sleep 1000)
echo "exit trap: $?"
(trap '' INT; bash -c 'kill -INT $$; echo ignored')
(trap 'echo child ended' CHLD; /bin/true; :)

echo "== jobs"
# By their numbers: wait -n miscounts children that ended before it, under strace too.
children=()
for number in 5 6 7; do
  (exit $number) &
  children+=($!)
done
sum=0
for child in "${children[@]}"; do
  wait "$child"
  sum=$((sum + $?))
done
echo "their sum: $sum"
set -m
sleep 1000 &
kill -STOP %1
wait %1 2>/dev/null
echo "stopped: $?"
jobs | sed 's/  */ /g'
stopped=$!
kill -CONT %1
kill %1
# By its number: the job is forgotten as soon as its end is seen.
wait "$stopped" 2>/dev/null
echo "ended: $?"
set +m
timeout 0.2 sleep 1000
echo "timeout: $?"
timeout -s KILL 0.2 sleep 1000
echo "timeout, killed: $?"

echo "== plumbing"
coproc upper { tr '[:lower:]' '[:upper:]'; }
echo coprocess >&"${upper[1]}"
exec {in}>&"${upper[1]}"- {out}<&"${upper[0]}"-
exec {in}>&-
cat <&"$out"
diff <(seq 1 5) <(seq 1 6) | tail -n 1
exec 5>&1
echo descriptor >&5
for _ in {1..100}; do /bin/true || echo failed; done
seq 1 20000 | sort -n | md5sum | cut -c 1-32
cat <<<"here"

echo "== sessions"
setsid -w bash -c '[ "$(ps -o sid= -p $$)" -eq $$ ] && echo "a session of its own"; exit 8'
echo "setsid -w: $?"
setsid bash -c '(sleep 0.1; echo "from a session that nobody waits for") ' | cat
[ "$(ps -o pgid= -p $$)" = "$(bash -c 'ps -o pgid= -p $$')" ] && echo "same group"
[ "$(ps -o sid= -p $$)" = "$(bash -c 'ps -o sid= -p $$')" ] && echo "same session"
nohup bash -c 'kill -HUP $$; echo survived' 2>/dev/null
kill -ABRT $$
