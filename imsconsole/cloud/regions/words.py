"""What a look at a cloud found, in the reader's language."""

from django.utils.translation import gettext_lazy as _

SERVICES = {
    "image": _("Images (Glance)"),
    "block_storage": _("Disks (Cinder)"),
    "compute": _("Servers (Nova)"),
    "network": _("Networks (Neutron)"),
}
RIGHTS = {
    "read-images": _("See images"),
    "make-images": _("Make and delete images"),
    "read-volumes": _("See disks"),
    "make-volumes": _("Make disks"),
    "read-backups": _("See backups of disks"),
    "read-servers": _("See servers"),
    "make-servers": _("Make servers"),
    "read-ports": _("See ports"),
    "make-ports": _("Make and delete ports"),
    "open-screens": _("See and use screens by VNC"),
    "open-serial-consoles": _("Type at serial consoles"),
}
QUOTAS = {
    "servers": _("Servers"),
    "vcpus": _("vCPUs"),
    "memory_mb": _("Memory (MB)"),
    "volumes": _("Disks"),
    "volume_gb": _("Disk capacity (GB)"),
    "snapshots": _("Snapshots"),
    "backups": _("Backups of disks"),
    "ports": _("Ports"),
    "images": _("Images"),
    "image_mb": _("Images (MB)"),
}
ABILITIES = {  # as of `hosts.LACKING`
    "formats": _("Keep and write images"),
    "encryption": _("Encryption with keys of the console"),
    "screen": _("Screens of servers"),
    "serial": _("Typing at serial consoles"),
    "resize": _("Resizing servers"),
    "tray": _("ISOs for running servers"),
    "grow_in_use": _("Growing disks in use"),
    "seeds": _("Key pairs, passwords and user data"),
    "instant_copy": _("System disks at once, whatever their size"),
    "resumable_transfer": _("Copies from other regions that go on when cut"),
    "byte_progress": _("Progress in bytes"),
    "stop_grace": _("A grace of one's own before the power is cut"),
}
LEAVING = (  # as `rules.leaving` asks
    _("No work goes on"),
    _("No servers"),
    _("No disks"),
    _("No backups"),
    _("No images, nor any in the trash"),
)
