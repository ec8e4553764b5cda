#!/usr/bin/env bash
# A whole small OpenStack on this machine, out of the package registries only: Keystone, Glance, Placement, Nova with real guests
# (libvirt, QEMU), Cinder on files, Neutron's API; and a clouds.yaml that says how to reach it.
#   up.sh FOLDER      brings it up, or says that it is; nothing is installed or created twice
#   down.sh FOLDER    ends it; what it has stays in the folder
# It exits with 3 when this machine cannot have one; FOLDER/why-not says why.
# IMS_CLOUD_PORT is the first of its ports (25500), IMS_CLOUD_PYTHON the Python that it runs on.
# It lives in namespaces of its own, of mounts and of processes: nothing is left of it once its first process has ended, and
# this machine's libvirt is another. To look inside:  nsenter -m -p -t $(cat FOLDER/pid) virsh list
. "$(dirname "$0")/common.sh"
mkdir -p "$W/log"
exec 9> "$W/lock" && flock 9
is_up() { [ -e "$W/ready" ] && [ -e "/proc/$(cat "$W/pid" 2>/dev/null)/root" ] && answers "$KEYSTONE"; }
is_up && { echo "the cloud is up: $W/clouds.yaml"; exit 0; }
"$HERE/down.sh" "$W"
"$HERE/why-not.sh" "$W" | tee "$W/why-not" >&2
[ ! -s "$W/why-not" ] || exit 3
answers "$KEYSTONE" && { echo "another service has port $BASE: say another with IMS_CLOUD_PORT" >&2; exit 1; }
T0=$(date +%s)
say() { printf '%4d s  %s\n' $(($(date +%s) - T0)) "$*"; }

if ! cmp -s "$HERE/requirements.lock" "$V/requirements.lock"; then
  python=$(python_of_lab)
  "$python" -m venv "$W/uv"
  awk '/^[^ ]/ {wanted = /^uv==/} wanted' "$HERE/requirements.lock" > "$W/uv/requirements.lock"
  "$W/uv/bin/pip" install --quiet --disable-pip-version-check --require-hashes -r "$W/uv/requirements.lock"
  "$W/uv/bin/uv" venv --quiet --allow-existing --python "$python" "$V"
  SSL_CERT_FILE=${SSL_CERT_FILE:-/etc/ssl/certs/ca-certificates.crt} \
    "$W/uv/bin/uv" pip sync --quiet --require-hashes --python "$V/bin/python" "$HERE/requirements.lock"
  cp "$HERE/requirements.lock" "$V/"
fi
once unpacked-rabbitmq "$HERE/parts/rabbitmq.sh" "$W" unpack
# Debian's libvirt-daemon-system would make it, and wants systemd; libvirt does not start without the user
getent passwd libvirt-qemu > /dev/null ||
  useradd --system --user-group --no-create-home --home-dir /var/lib/libvirt --shell /usr/sbin/nologin libvirt-qemu
say "everything is installed"

setsid nohup unshare --mount --pid --fork --mount-proc "$HERE/inside.sh" "$W" > "$W/log/inside.log" 2>&1 < /dev/null 9>&- &
outer=$!
until first=$(pgrep -P $outer); do sleep 0.1; done
echo "$first" > "$W/pid"
until [ -e "$W/ready" ]; do
  kill -0 "$first" 2>/dev/null || { echo "the cloud did not come up:" >&2; tail -n 30 "$W/log/inside.log" >&2; exit 1; }
  sleep 0.5
done
cat > "$W/clouds.yaml" <<YAML
clouds:
$(for user in demo other admin; do
  cat <<CLOUD
  lab-$user:
    region_name: RegionOne
    interface: public
    auth:
      auth_url: $KEYSTONE
      username: $user
      password: secret
      project_name: $user
      user_domain_id: default
      project_domain_id: default
CLOUD
done)
YAML
say "the cloud is up: $W/clouds.yaml"
