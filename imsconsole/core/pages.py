"""From a thing that is known by kind and ID to its page, which may be a higher room's: through its URL name."""

from typing import Any

from django.urls import NoReverseMatch, reverse

# model name → URL name of the page of one such thing
PAGES = {
    "image": "images:detail",
    "server": "servers:detail",
    "disk": "disks:detail",
    "job": "jobs:detail",
    "key": "keys:detail",
    "upload": "uploads:detail",
    "share": "sharing:detail",
    "bucket": "buckets:detail",
    "bucketobject": "buckets:object",
    "vault": "vaults:detail",
    "backup": "backups:detail",
}


def page_of(kind: str, pk: Any) -> str:
    """The address of a thing's page; empty when things of its kind have none. Whether it still exists is not asked."""
    try:
        return reverse(PAGES[kind], args=[pk])
    except (KeyError, NoReverseMatch):
        return ""
