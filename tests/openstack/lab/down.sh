#!/usr/bin/env bash
# Ends the cloud of a folder, guests and all. Up again, it has what it had.     down.sh FOLDER
. "$(dirname "$0")/common.sh"
first=$(cat "$W/pid" 2>/dev/null) || exit 0
if tr '\0' ' ' 2>/dev/null < "/proc/$first/cmdline" | grep -qF "inside.sh $W"; then
  kill -TERM "$first"
  for _ in $(seq 300); do kill -0 "$first" 2>/dev/null || break; sleep 0.1; done
  kill -KILL "$first" 2>/dev/null || true
fi
rm -f "$W/pid" "$W/ready"
