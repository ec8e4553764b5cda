#!/bin/sh
# Install the IMS console on this Debian (12 or newer), or bring it up to this checkout. Run it as root; it may be repeated.
#
#   deploy/install.sh                    exact versions with their checksums (requirements.lock) from the package index
#   deploy/install.sh --wheels FOLDER    the same from files in a folder, without any network
#   deploy/install.sh --no-packages      installs nothing of Debian; `ims-console doctor` says what is missing
#
# What it does, in this order, and nothing else:
#   1. Debian packages: QEMU and what else guests need.
#   2. The user ims-guest, whose group guests share.
#   3. /opt/ims-console/releases/<time>: a Python environment with the console. Code of root's; the one before stays.
#   4. /etc/ims-console/env: the settings, once; it is never changed. /usr/local/bin/ims-console runs commands with them.
#   5. Units of systemd in /etc/systemd/system.
#   6. Points /opt/ims-console/current to the new environment; stops the console (guests go on), migrates, starts it.
#   7. ims-console doctor.
# Data lie in /var/lib/ims-console. To undo: see docs/operate/install.md.
set -eu

here=$(cd "$(dirname "$0")" && pwd -P)
checkout=$(dirname "$here")
opt=/opt/ims-console etc=/etc/ims-console
packages="python3-venv qemu-system-x86 qemu-utils ovmf swtpm nftables busybox-static cpio fdisk dosfstools mtools gpgv debian-archive-keyring"
index="" with_packages=yes

while [ $# -gt 0 ]; do
    case $1 in
        --wheels) index="--no-index --find-links $(cd "$2" && pwd)"; shift ;;
        --no-packages) with_packages=no ;;
        *) sed -n '2,/^set -eu/s/^#//p' "$0"; exit 2 ;;
    esac
    shift
done
[ "$(id -u)" = 0 ] || { echo "Run this as root: guests get users of their own, which only root can give them." >&2; exit 1; }

say() { printf '── %s\n' "$*"; }

if [ $with_packages = yes ]; then
    say "Debian packages"
    apt-get -q update
    # shellcheck disable=SC2086
    DEBIAN_FRONTEND=noninteractive apt-get -q install -y --no-install-recommends $packages
fi

say "User ims-guest"
getent passwd ims-guest >/dev/null || useradd --system --no-create-home --shell /usr/sbin/nologin ims-guest

release=$opt/releases/$(date -u +%Y%m%d-%H%M%S)
say "The console in $release"
install -d -m 755 $opt $opt/releases
python3 -m venv "$release"
pip="$release/bin/pip --quiet --disable-pip-version-check --no-cache-dir install"
# shellcheck disable=SC2086
$pip $index --require-hashes --no-deps -r "$checkout/requirements.lock"
copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
cp -R "$checkout/pyproject.toml" "$checkout/hatch_build.py" "$checkout/README.md" "$checkout/LICENSE" \
      "$checkout/imsconsole" "$checkout/images" "$checkout/sharing" "$checkout/market" "$copy"
$pip --no-index --no-deps --no-build-isolation "$copy"
# noVNC's files alone: installed, the package would bring Node.js along
if [ $with_packages = yes ]; then
    (cd "$copy" && apt-get -q -o APT::Sandbox::User=root download novnc && dpkg-deb -x novnc_*.deb novnc)
    install -d "$release/share" && cp -R "$copy/novnc/usr/share/novnc" "$release/share/novnc"
elif [ -d $opt/current/share ]; then
    cp -R $opt/current/share "$release"
fi

say "Settings in $etc/env"
install -d -m 755 $etc
[ -e $etc/env ] || install -m 600 "$here/env" $etc/env
cat >/usr/local/bin/ims-console <<'COMMAND'
#!/bin/sh
# A command of the console with the settings of its units.
set -a
. /etc/ims-console/env
exec /opt/ims-console/current/bin/ims-console "$@"
COMMAND
chmod 755 /usr/local/bin/ims-console
install -d -m 711 /var/lib/ims-console

say "Units"
cp -R "$here"/systemd/* /etc/systemd/system/
systemctl daemon-reload

say "Migrate and start"
before=$(readlink $opt/current || true)
ln -sfn "$release" $opt/current
# all that needs it is stopped before, and started after it; the sockets go on listening
if ! systemctl restart ims-console-setup.service; then
    journalctl -u ims-console-setup.service -n 30 --no-pager >&2
    [ -z "$before" ] || echo "Back: ln -sfn $before $opt/current; systemctl restart ims-console-setup.service" >&2
    exit 1
fi
systemctl enable --quiet ims-console.target
systemctl start ims-console.target ims-console-web.service ims-console-screens.service ims-console-workers.service
for old in "$opt"/releases/*; do
    [ "$old" = "$release" ] || [ "$old" = "$before" ] || rm -rf "$old"
done

say "Doctor"
ims-console doctor || true
[ -z "$before" ] || say "The release before: $before"
