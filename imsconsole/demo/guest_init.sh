#!/bin/sh
# First process of the demo guest: says who it is, reads its seed, watches its disks.
# Each line that begins with IMS-GUEST goes to the serial port and to the screen.
export PATH=/bin:/sbin:/usr/sbin
/bin/busybox --install -s /bin
mkdir -p /proc /sys /dev /run /tmp /seed /root/.ssh /etc/dropbear
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
mkdir -p /dev/pts
mount -t devpts pts /dev/pts
while read -r module; do insmod "/modules/$module.ko"; done < /modules/order 2>/dev/null

say() {
    echo "IMS-GUEST $*" > /dev/ttyS0
    echo "IMS-GUEST $*" > /dev/tty0
}

hex_to_base64() { xxd -r -p | base64 | tr -d '=\n'; }

# A value of a line `name: "value"` of a seed's file.
value() { sed -n "s/^$1: \"\{0,1\}\([^\"]*\)\"\{0,1\}\$/\1/p" "/seed/$2" | head -n 1; }

# The first value of a JSON field anywhere in a seed's file.
field() { grep -o "\"$1\": \[\{0,1\}\"[^\"]*\"" "/seed/$2" | head -n 1 | sed 's/.*"\([^"]*\)"$/\1/'; }

# The label of an ISO 9660 file system: 32 bytes in its first descriptor.
label() { dd if="$1" bs=8 skip=4101 count=4 2>/dev/null | tr -d ' \0'; }

# Disks of SCSI are found in the background.
wait_for_drive() {
    for _ in $(seq 40); do
        [ -b /dev/sr0 ] && return
        usleep 50000
    done
}

# NoCloud, or the config drive of OpenStack's clouds.
read_seed() {
    wait_for_drive
    for device in /dev/sr0 /dev/vd*; do
        seed=$(label "$device")
        case "$seed" in cidata | config-2) mount -t iso9660 -o ro "$device" /seed || continue ;; *) continue ;; esac
        if [ "$seed" = cidata ]; then
            meta=meta-data user=user-data network=network-config
            instance=$(value instance-id $meta) name=$(value local-hostname $meta)
        else
            meta=openstack/latest/meta_data.json user=openstack/latest/user_data network=openstack/latest/network_data.json
            instance=$(field uuid $meta) name=$(field hostname $meta)
        fi
        say "seed=$seed"
        say "instance-id=$instance"
        hostname "$name"
        say "hostname=$(hostname)"
        read_keys
        read_password
        return
    done
    say "no seed"
}

read_keys() {
    cat "/seed/$meta" "/seed/$user" 2>/dev/null | grep -o '"\(ssh-\|ecdsa-\)[^"]*"' | sed 's/"//g; s/\\n$//' | awk '!seen[$0]++' \
        > /root/.ssh/authorized_keys
    chmod 700 /root /root/.ssh
    chmod 600 /root/.ssh/authorized_keys
    while read -r _ key _; do
        say "ssh-key-fingerprint=SHA256:$(echo "$key" | base64 -d | sha256sum | cut -c 1-64 | hex_to_base64)"
    done < /root/.ssh/authorized_keys
}

read_password() {
    hash=$(field hashed_passwd $user)
    [ -n "$hash" ] || return
    echo "root:$hash:19000:0:99999:7:::" > /etc/shadow
    say "password=set"
}

# The part of a seed's user data that is the user's own, in base64; as cloud-init does, a script is run.
run_user_data() {
    awk '/^--=/ { inside = 0 } inside && body { print } inside && /^\r?$/ { body = 1 } /filename="user-data"/ { inside = 1 }' \
        "/seed/$user" 2>/dev/null | base64 -d > /run/user-data 2>/dev/null
    [ "$(head -c 2 /run/user-data)" = "#!" ] || return
    chmod 700 /run/user-data
    timeout 20 /run/user-data 2>&1 | while read -r line; do say "user-data: $line"; done
}

# Tells a data disk's first bytes; an empty one is given a marker first.
tell_disk() {
    serial=$(cat "/sys/block/$1/serial" 2>/dev/null)
    bytes=$(($(cat "/sys/block/$1/size") * 512))
    if [ "$1" = vda ]; then
        say "disk vda serial=$serial bytes=$bytes"
        return
    fi
    if [ -z "$(dd if="/dev/$1" bs=512 count=1 2>/dev/null | tr -d '\0')" ]; then
        printf 'IMS-MARKER %s' "$instance" | dd of="/dev/$1" conv=notrunc,fsync 2>/dev/null
    fi
    marker=$(dd if="/dev/$1" bs=64 count=1 2>/dev/null | tr -cd ' -~')
    say "disk $1 marker=$marker"
    say "disk $1 serial=$serial bytes=$bytes"
}

known=" "

tell_new_disks() {
    for path in /sys/block/vd*; do
        disk=${path##*/}
        case "$known" in *" $disk "*) continue ;; esac
        [ -b "/dev/$disk" ] || continue
        known="$known$disk "
        tell_disk "$disk"
        echo "$bytes" > "/size-$disk"
    done
}

# Tells a disk that became larger since it was looked at last. Each second: no program is started for it.
tell_growth() {
    { read -r sectors < "/sys/block/$1/size"; } 2>/dev/null || return  # it has just been taken out
    { read -r before < "/size-$1"; } 2>/dev/null || before=
    bytes=$((sectors * 512))
    [ "$bytes" = "$before" ] && return
    say "disk $1 grown bytes=$bytes"
    echo "$bytes" > "/size-$1"
}

# Disks come, go and grow while the guest runs.
watch_disks() {
    while sleep 1; do
        tell_new_disks
        for disk in $known; do
            [ -e "/sys/block/$disk" ] && { tell_growth "$disk"; continue; }
            rm -f "/size-$disk"
            known=$(echo "$known" | sed "s/ $disk / /")
            say "disk $disk removed"
        done
    done
}

# Whether the firmware starts only what is signed: the last byte of its variable.
tell_secure_boot() {
    mount -t efivarfs efivars /sys/firmware/efi/efivars 2>/dev/null || return
    say "secure-boot=$(cat /sys/firmware/efi/efivars/SecureBoot-* | tail -c 1 | od -An -tu1 | tr -d ' ')"
}

# TPM2_CreatePrimary of an elliptic key: what one TPM answers is always the same, and no other TPM answers that.
CREATE_KEY='800200000043000001314000000b00000009400000090000000000000400000000001a0023000b00030072000000060080004300100003001000000000000000000000'

tell_tpm() {
    [ -c /dev/tpmrm0 ] || return
    say "tpm=$(cat /sys/class/tpm/tpm0/tpm_version_major) pcr7=$(cat /sys/class/tpm/tpm0/pcr-sha256/7)"
    exec 3<>/dev/tpmrm0
    echo "$CREATE_KEY" | xxd -r -p | dd bs=67 count=1 iflag=fullblock >&3 2>/dev/null
    say "tpm-key=$(dd bs=4096 count=1 <&3 2>/dev/null | dd bs=1 skip=18 count=92 2>/dev/null | sha256sum | cut -c 1-16)"
    exec 3>&-
}

start_network() {
    [ -e /sys/class/net/eth0 ] || return
    ip link set lo up
    ip link set eth0 up
    say "mac=$(cat /sys/class/net/eth0/address)"
    if grep -q '"dhcp4": true\|"type": "ipv4_dhcp"' "/seed/$network" 2>/dev/null; then
        udhcpc -i eth0 -n -q -t 5 -T 1 -s /etc/udhcpc.script > /dev/null 2>&1
    elif [ -n "$(field addresses $network)" ]; then
        ip addr add "$(field addresses $network)" dev eth0
    elif [ -n "$(field ip_address $network)" ]; then
        ifconfig eth0 "$(field ip_address $network)" netmask "$(field netmask $network)"
    fi
    say "address=$(ip -4 -o addr show dev eth0 | sed -n 's/.*inet \([^/]*\).*/\1/p')"
    [ -x /usr/sbin/dropbear ] && dropbear -R
}

boot=bios
[ -d /sys/firmware/efi ] && boot=uefi
say "identity=$(cat /etc/identity) kernel=$(uname -r) boot=$boot"
say "cpus=$(grep -c ^processor /proc/cpuinfo)"
say "memory-kb=$(sed -n 's/^MemTotal: *\([0-9]*\).*/\1/p' /proc/meminfo)"
acpid -l /dev/null
tell_secure_boot
tell_tpm
read_seed
tell_new_disks
start_network
run_user_data
say "ready"
watch_disks &
exec /bin/busybox init
