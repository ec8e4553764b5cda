#!/usr/bin/env bash
# Nova and Placement, with real guests of QEMU, without KVM: on every machine alike.
. "$(dirname "$0")/../common.sh"
settle nova state/instances lock mounts web
cat > "$I/nova.conf" <<CONF
[DEFAULT]
transport_url = $RABBIT
compute_driver = libvirt.LibvirtDriver
state_path = $I/state
rootwrap_config = $I/rootwrap.conf
my_ip = 127.0.0.1
host = labhost
log_dir = $W/log
web = $I/web
force_config_drive = true
config_drive_format = iso9660
mkisofs_cmd = genisoimage
reserved_host_memory_mb = 0
cpu_allocation_ratio = 32
ram_allocation_ratio = 3
vif_plugging_is_fatal = false
vif_plugging_timeout = 0
instance_usage_audit = false
resume_guests_state_on_host_boot = true
sync_power_state_interval = 15
reclaim_instance_interval = 0
shutdown_timeout = 3
allow_resize_to_same_host = true
max_concurrent_builds = 2
allow_resize_to_same_host = true
[workarounds]
skip_cpu_compare_on_dest = true
skip_cpu_compare_at_startup = true
[libvirt]
virt_type = qemu
cpu_mode = none
images_type = qcow2
nfs_mount_point_base = $I/mounts
# what no guest answers is given up soon
device_detach_attempts = 3
device_detach_timeout = 5
wait_soft_reboot_seconds = 10
use_default_aio_mode_for_volumes = true
rx_queue_size = 256
hw_machine_type = x86_64=pc
wait_soft_reboot_seconds = 5
[quota]
instances = 100
cores = 200
ram = 512000
[api_database]
connection = $(database nova_api)
[database]
connection = $(database nova_cell1)
[api]
auth_strategy = keystone
[wsgi]
api_paste_config = $I/api-paste.ini
$(guarded_by_keystone nova)
[glance]
endpoint_override = $GLANCE
num_retries = 3
$(signed_in nova)
[placement]
$(signed_in placement)
[neutron]
endpoint_override = $NEUTRON
$(signed_in nova)
[cinder]
catalog_info = volumev3::publicURL
os_region_name = RegionOne
$(signed_in nova)
[vnc]
enabled = true
server_listen = 127.0.0.1
server_proxyclient_address = 127.0.0.1
novncproxy_host = 127.0.0.1
novncproxy_port = $VNC_PORT
novncproxy_base_url = http://127.0.0.1:$VNC_PORT/vnc_lite.html
[serial_console]
enabled = true
port_range = $((BASE + 400)):$((BASE + 599))
serialproxy_host = 127.0.0.1
serialproxy_port = $SERIAL_PORT
base_url = ws://127.0.0.1:$SERIAL_PORT/
proxyclient_address = 127.0.0.1
[oslo_concurrency]
lock_path = $I/lock
[conductor]
workers = 1
[scheduler]
workers = 1
discover_hosts_in_cells_interval = 5
CONF
cat > "$I/placement.conf" <<CONF
[placement_database]
connection = $(database placement)
[api]
auth_strategy = keystone
$(guarded_by_keystone placement)
[DEFAULT]
log_file = $W/log/placement.log
CONF
export OS_NOVA_CONFIG_DIR=$I OS_PLACEMENT_CONFIG_DIR=$I
manage() { nova-manage --config-file "$I/nova.conf" "$@"; }
once placement-sync placement-manage --config-file "$I/placement.conf" db sync
once nova-api-sync manage api_db sync
once nova-cell0 manage cell_v2 map_cell0 --database_connection "$(database nova_cell0)"
once nova-cell1 manage cell_v2 create_cell --name cell1
once nova-sync manage db sync
serve placement $((BASE + 5)) placement.wsgi.api:application
serve nova-api $((BASE + 4)) nova.wsgi.osapi_compute:application
for service in conductor scheduler compute novncproxy serialproxy; do
  start nova-$service nova-$service --config-file "$I/nova.conf"
done
until_it nova-api answers "$NOVA"
until_it placement answers "$PLACEMENT"
is_known() { manage cell_v2 discover_hosts && [[ $(manage cell_v2 list_hosts) == *labhost* ]]; }
once nova-host until_it nova-compute is_known
