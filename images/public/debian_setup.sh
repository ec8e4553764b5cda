# What makes a Debian of packages a cloud image: a hook of mmdebstrap, run with the new system's folder.
set -eu
root=$1

cat > "$root/etc/fstab" <<EOF
LABEL=root / ext4 errors=remount-ro 0 1
LABEL=EFI /boot/efi vfat umask=0077,nofail 0 2
EOF
mkdir -p "$root/boot/efi" "$root/boot/grub"

# Debian keeps /vmlinuz and /initrd.img pointing to its newest kernel, so this menu outlives updates
cat > "$root/boot/grub/grub.cfg" <<EOF
linux /vmlinuz root=LABEL=root ro console=tty0 console=ttyS0,115200
initrd /initrd.img
boot
EOF

# the sources that exist where such servers run, the last one when there is none
cat > "$root/etc/cloud/cloud.cfg.d/90_ims.cfg" <<EOF
datasource_list: [NoCloud, ConfigDrive, OpenStack, None]
locale: false
EOF
chroot "$root" systemctl --quiet enable systemd-networkd

# each server makes its own: keys, ID, name
rm -f "$root"/etc/ssh/ssh_host_* "$root/etc/hostname"
: > "$root/etc/machine-id"
