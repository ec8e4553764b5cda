#!/bin/sh
# First process of the tests' installer: asks its question on the screen, installs what says the answer, restarts.
/bin/busybox --install -s /bin
export PATH=/bin
mkdir -p /proc /sys /dev
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
while read -r module; do insmod "/modules/$module.ko"; done < /modules/order 2>/dev/null

say() { echo "IMS-INSTALLER $*" > /dev/ttyS0; }

exec < /dev/tty1 > /dev/tty1 2>&1
say "asks, disks: $(ls /sys/block | grep -c '^vd')"
printf '\n\n  INSTALLER\n\n  How shall this machine be called? '
read -r name
say "was told $name"
# the answer takes the place of the dots in the boot sector
printf '%-16.16s' "$name" | dd of=/etc/sector bs=1 seek="$(cat /etc/answer-at)" conv=notrunc 2>/dev/null
dd if=/etc/sector of=/dev/vda bs=512 conv=notrunc,fsync 2>/dev/null
sync
say "installed"
reboot -f
