"""What a project has a quota of. How much of it is used is counted in `jobs.quotas`."""

from django.utils.translation import gettext_lazy as _

TITLES = {
    "images": _("Private images"),
    "servers": _("Servers"),
    "vcpus": _("vCPUs"),
    "memory_mb": _("Memory (MB)"),
    "disks": _("Disks"),
    "disk_gb": _("Disk capacity (GB)"),
    "store_bytes": _("Storage of images and backups"),
    "vault_gb": _("Vault capacity (GB)"),
    "upload_bytes": _("Uploads"),
    "buckets": _("Buckets"),
    "bucket_bytes": _("Objects in buckets"),
}
