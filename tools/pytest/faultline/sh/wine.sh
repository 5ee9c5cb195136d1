#!/bin/sh
# Runs a Windows program by Wine in a prefix of its own, with a server of its own, both gone at its end.
#
#   wine.sh WINE SERVER LIBRARIES SCRATCH PROGRAM [ARGUMENT...]
#
# LIBRARIES is the folder with Wine's own DLLs, for which the prefix has a link: a whole prefix, with what a user's
# programs look for, takes half a minute and 700 MB. wineboot, which would make one, and would start services first
# thing, is kept out. The prefix lies below SCRATCH. Exit: the program's status; 125 when there can be no prefix.
wine=$1 server=$2 libraries=$3 scratch=$4
shift 4
WINEPREFIX=$(mktemp -d "$scratch/prefix-XXXXXX") || exit 125
mkdir -p "$WINEPREFIX/drive_c/windows" && ln -s "$libraries" "$WINEPREFIX/drive_c/windows/system32" || exit 125
export WINEPREFIX WINEDEBUG=-all WINEDLLOVERRIDES=wineboot.exe,winedbg.exe=d
"$wine" "$@"
status=$?
# The server ends some seconds after its last program; it must not outlive this.
"$server" -k
"$server" -w
rm -rf "$WINEPREFIX"
exit "$status"
