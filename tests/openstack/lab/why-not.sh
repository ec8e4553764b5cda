#!/usr/bin/env bash
# Why this machine cannot have the lab, in a sentence; nothing when it can.     why-not.sh FOLDER
. "$(dirname "$0")/common.sh"
no() { echo "The cloud cannot be brought up here: $*."; exit 0; }
[ "$(uname -sm)" = "Linux x86_64" ] || no "it needs Linux on x86-64"
[ "$(id -u)" = 0 ] || no "it needs root, for mounts and guests"
unshare --mount --pid --fork --mount-proc true 2>/dev/null || no "this machine gives no namespaces (unshare --mount --pid)"
try=$(mktemp "$W/loop.XXXX") && truncate -s 1M "$try"
loop=$(losetup -f --show "$try" 2>/dev/null) && losetup -d "$loop" || { rm -f "$try"; no "there are no loop devices"; }
rm -f "$try"
[ -c /dev/net/tun ] && (: <> /dev/net/tun) 2>/dev/null || no "there is no TUN device (/dev/net/tun)"
for program in libvirtd virsh qemu-system-x86_64 qemu-img genisoimage psql pkg-config gcc curl pgrep mkfs.ext4; do
  command -v "$program" >/dev/null || no "the program $program is missing (make cloud installs Debian's packages)"
done
python_of_lab >/dev/null || no "it needs Python 3.11 or newer, with venv"
[ "$(df --output=avail -k "$W" | tail -1)" -gt $((8 << 20)) ] || no "$W has less than 8 GB of room"
[ "$(awk '/MemAvailable/ {print $2}' /proc/meminfo)" -gt $((4 << 20)) ] || no "less than 4 GB of memory are free"
