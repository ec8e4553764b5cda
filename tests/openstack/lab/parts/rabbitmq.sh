#!/usr/bin/env bash
# RabbitMQ from Debian's packages, unpacked and not installed: it would start by itself.     rabbitmq.sh FOLDER [unpack]
. "$(dirname "$0")/../common.sh"
X=$W/rabbitmq/unpacked S=$W/rabbitmq/state
if [ "${2:-}" = unpack ]; then
  names() { apt-get install -s --no-install-recommends rabbitmq-server 2>/dev/null | awk '/^Inst/ {print $2}'; }
  [ -n "$(names)" ] || apt-get update -q
  mkdir -p "$X" "$W/rabbitmq/packages" && cd "$W/rabbitmq/packages"
  # shellcheck disable=SC2046
  apt-get -q -o APT::Sandbox::User=root download $(names)
  for package in *.deb; do dpkg -x "$package" "$X"; done
  # Debian's erl has its folder written in
  grep -rIlE 'ROOTDIR=/usr/lib/erlang' "$X/usr/lib/erlang" | xargs sed -i "s#ROOTDIR=/usr/lib/erlang#ROOTDIR=$X/usr/lib/erlang#"
  exit
fi
rm -rf "$S" && mkdir -p "$S/home" # nothing that waits there is worth keeping
echo '[].' > "$S/plugins"
: > "$S/env.conf"
export ERL_CRASH_DUMP=/dev/null ERL_ROOTDIR=$X/usr/lib/erlang PATH=$X/usr/lib/erlang/bin:$PATH HOME=$S/home LD_LIBRARY_PATH=$X/usr/lib/x86_64-linux-gnu
export ERL_EPMD_PORT=$((RABBIT_PORT + 1)) ERL_EPMD_ADDRESS=127.0.0.1 RABBITMQ_DIST_PORT=$((RABBIT_PORT + 2))
export RABBITMQ_NODENAME=lab@localhost RABBITMQ_NODE_IP_ADDRESS=127.0.0.1 RABBITMQ_NODE_PORT=$RABBIT_PORT
export RABBITMQ_LOG_BASE=$S/log RABBITMQ_MNESIA_BASE=$S/mnesia RABBITMQ_PID_FILE=$S/pid RABBITMQ_CONFIG_FILE=$S/rabbit
export RABBITMQ_ENABLED_PLUGINS_FILE=$S/plugins RABBITMQ_CONF_ENV_FILE=$S/env.conf
export RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS="-kernel inet_dist_use_interface {127,0,0,1}"
start rabbitmq "$X"/usr/lib/rabbitmq/lib/rabbitmq_server-*/sbin/rabbitmq-server
until_it rabbitmq bash -c ": < /dev/tcp/127.0.0.1/$RABBIT_PORT"
