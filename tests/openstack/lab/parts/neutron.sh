#!/usr/bin/env bash
# Neutron's API: networks, subnets and ports with their MACs and addresses are real rows, no packet ever moves (plugins/).
. "$(dirname "$0")/../common.sh"
settle neutron state lock
cat > "$I/neutron.conf" <<CONF
[DEFAULT]
transport_url = $RABBIT
core_plugin = ml2
service_plugins =
auth_strategy = keystone
state_path = $I/state
log_dir = $W/log
api_paste_config = $I/api-paste.ini
notify_nova_on_port_status_changes = false
notify_nova_on_port_data_changes = false
rpc_workers = 0
[database]
connection = $(database neutron)
$(guarded_by_keystone neutron)
[oslo_concurrency]
lock_path = $I/lock
[ml2]
type_drivers = local,flat,vlan
tenant_network_types = local
mechanism_drivers = lab
extension_drivers = port_security
[quotas]
quota_port = 2000
CONF
# one of its migrations, of a collation, speaks MySQL only; PostgreSQL needs nothing there
migration=$(ls "$V"/lib/python3*/site-packages/neutron/db/migration/alembic_migrations/versions/2025.2/expand/d553edeb540f_tag_case_sensitive.py)
grep -q dialect "$migration" ||
  sed -i 's/^def upgrade():$/def upgrade():\n    if op.get_bind().dialect.name != "mysql":\n        return/' "$migration"
export PYTHONPATH=$HERE/plugins OS_NEUTRON_CONFIG_DIR=$I
once neutron-sync neutron-db-manage --config-file "$I/neutron.conf" upgrade heads
serve neutron-api $((BASE + 3)) neutron.wsgi.api:application --pyargv "--config-file $I/neutron.conf"
until_it neutron-api answers "$NEUTRON"
