#!/usr/bin/env bash
# Glance, its bytes in files.
. "$(dirname "$0")/../common.sh"
settle glance store staging tasks lock
cat > "$I/glance-api.conf" <<CONF
[DEFAULT]
enabled_backends = files:file
log_file = $W/log/glance.log
worker_self_reference_url = $GLANCE
[database]
connection = $(database glance)
[glance_store]
default_backend = files
[files]
filesystem_store_datadir = $I/store
[os_glance_staging_store]
filesystem_store_datadir = $I/staging
[os_glance_tasks_store]
filesystem_store_datadir = $I/tasks
[paste_deploy]
flavor = keystone
config_file = $I/glance-api-paste.ini
[oslo_concurrency]
lock_path = $I/lock
[wsgi]
python_interpreter = $V/bin/python
$(guarded_by_keystone glance)
CONF
once glance-sync glance-manage --config-file "$I/glance-api.conf" db sync
# uploads come in chunks: uWSGI's router takes them
export OS_GLANCE_CONFIG_DIR=$I
start glance uwsgi --http "127.0.0.1:$((BASE + 1))" --http-chunked-input --http-auto-chunked --http-raw-body --chunked-input-limit 67108864 \
  --chunked-input-timeout 600 --http-timeout 600 --socket-timeout 600 --module glance.wsgi.api:application --master --processes 2 \
  --threads 1 --enable-threads --thunder-lock --lazy-apps --buffer-size 65535 --add-header "Connection: close" --die-on-term \
  --need-app --disable-logging
until_it glance answers "$GLANCE/v2/images"
