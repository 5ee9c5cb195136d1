#!/bin/sh
# The first process of a User-Mode Linux guest, whose root is the host's, for reading alone. It stands behind
# supervise.sh and far.sh's name in $faultline, the folder of the target that the host keeps.
#
# Requests come as lines on the console, words as a shell reads them:
#
#   MARK run TOKEN SECONDS PROGRAM ARG…    runs a program; far.sh says what is told on fd 2
#   MARK look                              what the programs stand in
#   MARK sweep                             ends the programs
#
# A run's fd 1 and 2 are the first two serial lines, what is looked at goes to the third. On each line used "MARK
# begin" stands before the output and "MARK end" behind it.

export PATH=/usr/sbin:/usr/bin:/sbin:/bin
mount -t proc proc /proc
mount -t devtmpfs devtmpfs /dev
mount -t tmpfs tmpfs /mnt
for line in /dev/ttyS0 /dev/ttyS1 /dev/ttyS2; do
  stty raw -echo <"$line"
done
exec 3>/dev/ttyS0 4>/dev/ttyS1 5>/dev/ttyS2
stty -echo
mkdir /mnt/programs
here=/mnt/programs
# shellcheck disable=SC2154 # the kernel's command line sets it
cp "$faultline/far.sh" "$here/far.sh" || exit 3

# Started by setsid and not with &: what a shell starts in the background ignores signals.
cat >/mnt/request.sh <<'END'
here=$1 mark=$2 command=$3
shift 3
case $command in
  run)
    token=$1 seconds=$2 program=$3
    shift 3
    name=${program##*/}
    [ -x "$here/$name" ] || cp "$program" "$here/$name"
    echo "$mark begin" >&3
    echo "$mark begin" >&4
    sh "$here/far.sh" run "$token" "$seconds" "$name" "$@" >&3 2>&4 3>&- 4>&- 5>&-
    echo "$mark end" >&3
    echo "$mark end" >&4
    ;;
  *)
    echo "$mark begin" >&5
    sh "$here/far.sh" "$command" >&5 2>&5 3>&- 4>&- 5>&-
    echo "$mark end" >&5
    ;;
esac
END

echo "guest ready"
while read -r words; do
  eval "set -- $words"
  setsid --fork sh /mnt/request.sh "$here" "$@"
done
