# What the parts of the lab share: its folder $W, its ports, and how a service is set up, started and waited for.
set -Eeuo pipefail
trap 'echo "${BASH_SOURCE[0]##*/}, line $LINENO, ended with $?: $BASH_COMMAND" >&2' ERR
HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
W=$(mkdir -p "$1" && cd "$1" && pwd)
BASE=${IMS_CLOUD_PORT:-25500} # the first of its 600 ports, all on the loopback address
at() { echo "http://127.0.0.1:$((BASE + $1))"; }
KEYSTONE=$(at 0)/v3 GLANCE=$(at 1) CINDER=$(at 2) NEUTRON=$(at 3) NOVA=$(at 4) PLACEMENT=$(at 5)
VNC_PORT=$((BASE + 7)) SERIAL_PORT=$((BASE + 8)) RABBIT_PORT=$((BASE + 50)) PG_PORT=$((BASE + 90))
RABBIT=rabbit://guest:guest@127.0.0.1:$RABBIT_PORT/
V=$W/venv
export PATH=$HERE/bin:$V/bin:$PATH:/usr/sbin:/sbin

database() { echo "postgresql+psycopg2://lab@127.0.0.1:$PG_PORT/$1"; }

# The first Python that OpenStack of this series runs on.
python_of_lab() {
  local each
  for each in ${IMS_CLOUD_PYTHON:-python3.12 python3}; do
    "$each" -c 'import ensurepip, sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { command -v "$each"; return; }
  done
  return 1
}

# How a service signs in: of a section of its configuration.
signed_in() {
  cat <<CONF
auth_url = $KEYSTONE
auth_type = password
username = $1
password = secret
project_name = service
user_domain_id = default
project_domain_id = default
region_name = RegionOne
CONF
}

# The sections that say whose tokens a service takes, and as whom it speaks to others.
guarded_by_keystone() {
  cat <<CONF
[keystone_authtoken]
www_authenticate_uri = $KEYSTONE
service_token_roles = service
service_token_roles_required = true
$(signed_in "$1")
[service_user]
send_service_user_token = true
$(signed_in "$1")
CONF
}

# settle SERVICE FOLDER…: its folder $I, with the files that its package brings, and folders in it.
settle() {
  I=$W/$1
  mkdir -p "$I"
  cp -r "$V/etc/$1"/* "$I/" 2>/dev/null || true # Keystone brings none
  [ ! -e "$I/rootwrap.conf" ] ||
    sed -i "s#^filters_path=.*#filters_path=$I/rootwrap.d#; s#^exec_dirs=#exec_dirs=$HERE/bin,$V/bin,#" "$I/rootwrap.conf"
  shift
  local each
  for each in "$@"; do mkdir -p "$I/$each"; done
}

# once NAME COMMAND…: unless that was done in this folder; what it says goes to a log.
once() {
  local name=$1
  shift
  [ -e "$W/once/$name" ] && return
  mkdir -p "$W/once" "$W/log"
  "$@" > "$W/log/$name.log" 2>&1 || { tail -n 20 "$W/log/$name.log" >&2; return 1; }
  touch "$W/once/$name"
}

# start NAME COMMAND…: in the background, as long as the lab lives.
start() {
  local name=$1
  shift
  "$@" > "$W/log/$name.out" 2>&1 < /dev/null &
}

# serve NAME PORT MODULE OPTION…: a WSGI application.
serve() {
  local name=$1 port=$2 module=$3
  shift 3
  start "$name" uwsgi --http-socket "127.0.0.1:$port" --module "$module" --master --processes 1 --threads 2 --enable-threads \
    --lazy-apps --buffer-size 65535 --die-on-term --need-app --disable-logging --add-header "Connection: close" "$@"
}

# until_it NAME COMMAND…: tries the command for four minutes; then the end of the service's log says why not.
until_it() {
  local name=$1
  shift
  for _ in $(seq 480); do
    "$@" > /dev/null 2>&1 && return
    sleep 0.5
  done
  echo "$name does not answer:" >&2
  tail -n 15 "$W/log/$name".* >&2
  return 1
}

answers() { curl -s -o /dev/null --max-time 5 "$1"; }
