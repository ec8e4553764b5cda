#!/usr/bin/env bash
# Keystone, with the users and endpoints of all services.
. "$(dirname "$0")/../common.sh"
settle keystone fernet credentials
cat > "$I/keystone.conf" <<CONF
[DEFAULT]
log_file = $W/log/keystone.log
[database]
connection = $(database keystone)
[token]
provider = fernet
[fernet_tokens]
key_repository = $I/fernet
[credential]
key_repository = $I/credentials
CONF
manage() { keystone-manage --config-file "$I/keystone.conf" "$@"; }
once keystone-sync manage db_sync
once keystone-fernet manage fernet_setup --keystone-user root --keystone-group root
once keystone-credentials manage credential_setup --keystone-user root --keystone-group root
once keystone-bootstrap manage bootstrap --bootstrap-password secret --bootstrap-region-id RegionOne \
  --bootstrap-admin-url "$KEYSTONE" --bootstrap-internal-url "$KEYSTONE" --bootstrap-public-url "$KEYSTONE"
serve keystone $BASE keystone.wsgi.api:application --processes 2 --threads 1 --pyargv "--config-file $I/keystone.conf"
until_it keystone curl -fs -o /dev/null "$KEYSTONE"
python "$HERE/fill.py" $BASE identity
