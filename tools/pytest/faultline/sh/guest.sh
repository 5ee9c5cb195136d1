#!/bin/sh
# The first process of a guest: of User-Mode Linux, whose root is the host's, for reading alone, or of a machine by QEMU,
# whose root is an archive. In $faultline, which the kernel's command line sets, lies far.sh behind supervise.sh.
#
# Requests come as lines, words as a shell reads them. Those for a run come on the console, one after the other:
#
#   MARK TOKEN SECONDS PROGRAM ARG…    runs a program; far.sh says what is told on fd 2
#
# and those about the one that runs by the third serial line (the first is /dev/ttyS$first_line, default 0):
#
#   MARK look                          what the programs stand in
#   MARK sweep                         ends the programs
#
# A run's fd 1 and 2 are the first two serial lines, what is looked at goes to the third. On each line used "MARK begin"
# stands before the output and "MARK end" behind it. With $probe the guest says what machine it is, and ends.

export PATH=/usr/sbin:/usr/bin:/sbin:/bin
mount -t proc proc /proc
# shellcheck disable=SC2154 # the kernel's command line sets it
if [ -n "${probe-}" ]; then
  sh "$faultline/far.sh" machine
  reboot -f
fi
mount -t devtmpfs devtmpfs /dev
mount -t tmpfs tmpfs /mnt
out=/dev/ttyS${first_line:-0} err=/dev/ttyS$((${first_line:-0} + 1)) looks=/dev/ttyS$((${first_line:-0} + 2))
for line in "$out" "$err" "$looks"; do
  stty raw -echo <"$line"
done
exec 3>"$out" 4>"$err" 5<>"$looks"
stty -echo
mkdir /mnt/programs
here=/mnt/programs
# A shell is started once and not for each run: that is what takes the time.
# shellcheck source=tools/pytest/faultline/sh/far.sh
. "$faultline/far.sh"

# In the background: nothing that is to be run is started from here.
while read -r words; do
  eval "set -- $words"
  echo "$1 begin"
  case $2 in
    look) describe_below "$here" 2>&1 ;;
    sweep) kill_below "$here" ;;
  esac
  echo "$1 end"
done <&5 >&5 3>&- 4>&- 5>&- &

echo "guest ready"
while read -r words; do
  eval "set -- $words"
  mark=$1 token=$2 seconds=$3 program=$4
  shift 4
  name=${program##*/}
  [ -x "$here/$name" ] || cp "$program" "$here/$name"
  echo "$mark begin" >&3
  echo "$mark begin" >&4
  # In the foreground: what a shell starts in the background ignores signals.
  (run "$token" "$seconds" "$name" "$@" >&3 2>&4 3>&- 4>&- 5>&- </dev/null)
  echo "$mark end" >&3
  echo "$mark end" >&4
done
