#!/usr/bin/env bash
# Debian's libvirtd without systemd. Its folders are the lab's own.
. "$(dirname "$0")/../common.sh"
cat > /etc/libvirt/qemu.conf <<CONF
user = "root"
group = "root"
dynamic_ownership = 0
security_driver = "none"
cgroup_controllers = []
namespaces = []
stdio_handler = "file"
remote_display_port_min = $((BASE + 200))
remote_display_port_max = $((BASE + 399))
CONF
cat > /etc/libvirt/libvirtd.conf <<CONF
auth_unix_rw = "none"
auth_unix_ro = "none"
unix_sock_rw_perms = "0700"
log_outputs = "2:file:$W/log/libvirtd.log"
CONF
rm -f /run/libvirt/libvirt-sock* /run/libvirt/libvirtd.pid
rm -rf /run/libvirt/qemu # of guests that ended with the last lab
start libvirtd libvirtd --pid-file /run/libvirt/libvirtd.pid
until_it libvirtd virsh -c qemu:///system version
