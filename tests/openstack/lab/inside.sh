#!/usr/bin/env bash
# The first process in the lab's namespaces: starts all parts, and with its end all of them end.     inside.sh FOLDER
. "$(dirname "$0")/common.sh"
[ $$ = 1 ] || { echo "up.sh starts this" >&2; exit 2; }
rm -f "$W/ready"
leave() {
  trap '' TERM
  kill -TERM -1 # all others here
  for _ in $(seq 100); do [ "$(pgrep -c .)" -gt 2 ] || break; sleep 0.1; done
  exit 0
}
trap leave TERM
for folder in etc/libvirt run/libvirt var/lib/libvirt var/cache/libvirt var/log/libvirt var/lib/postgresql; do
  mkdir -p "$W/root/$folder" "/$folder"
  /bin/mount --bind "$W/root/$folder" "/$folder"
done
all() { # parts, at once
  local pids=() part
  for part in "$@"; do "$HERE/parts/$part.sh" "$W" & pids+=($!); done
  for part in "${pids[@]}"; do wait "$part" || exit 1; done
}
T0=$(date +%s)
all postgresql rabbitmq libvirt
all keystone
all glance cinder neutron nova
"$V/bin/python" "$HERE/fill.py" "$BASE" cloud
echo "up after $(($(date +%s) - T0)) s"
touch "$W/ready"
while :; do sleep 3600 & wait $!; done
