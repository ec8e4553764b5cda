#!/usr/bin/env bash
# Cinder: its API, its scheduler and one volume service on files, by its own NFS driver on a file system in a file (bin/mount).
# Volumes are raw files; volumes from images and images from volumes move real bytes.
. "$(dirname "$0")/../common.sh"
settle cinder state lock export conversion mounts
format() { rm -f "$I/export.img" && truncate -s 100G "$I/export.img" && mkfs.ext4 -q -m 0 -E lazy_itable_init=1,lazy_journal_init=1 "$I/export.img"; }
once cinder-export format
/bin/mount -o loop "$I/export.img" "$I/export"
chmod 777 "$I/export"
echo "127.0.0.1:$I/export" > "$I/nfs_shares"
cat > "$I/cinder.conf" <<CONF
[DEFAULT]
transport_url = $RABBIT
auth_strategy = keystone
my_ip = 127.0.0.1
host = labhost
log_dir = $W/log
state_path = $I/state
rootwrap_config = $I/rootwrap.conf
api_paste_config = $I/api-paste.ini
resource_query_filters_file = $I/resource_filters.json
glance_api_servers = $GLANCE
image_conversion_dir = $I/conversion
enabled_backends = files
default_volume_type = files
allowed_direct_url_schemes =
volume_clear = none
quota_volumes = 500
quota_snapshots = 500
quota_gigabytes = 5000
[files]
volume_driver = cinder.volume.drivers.nfs.NfsDriver
volume_backend_name = files
nfs_shares_config = $I/nfs_shares
nfs_mount_point_base = $I/mounts
nfs_snapshot_support = true
nfs_qcow2_volumes = false
nas_secure_file_operations = false
nas_secure_file_permissions = false
image_volume_cache_enabled = false
[database]
connection = $(database cinder)
$(guarded_by_keystone cinder)
[nova]
interface = public
token_auth_url = $KEYSTONE
$(signed_in cinder)
[oslo_concurrency]
lock_path = $I/lock
[coordination]
backend_url = file://$I/state
CONF
export OS_CINDER_CONFIG_DIR=$I
once cinder-sync cinder-manage --config-file "$I/cinder.conf" db sync
: > "$W/log/cinder-volume.log"
serve cinder-api $((BASE + 2)) cinder.wsgi.api:application --pyargv "--config-file $I/cinder.conf"
start cinder-scheduler cinder-scheduler --config-file "$I/cinder.conf"
start cinder-volume cinder-volume --config-file "$I/cinder.conf"
until_it cinder-api answers "$CINDER"
until_it cinder-volume grep -qs 'Driver post RPC initialization completed successfully' "$W/log/cinder-volume.log"
