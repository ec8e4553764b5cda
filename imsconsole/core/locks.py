"""In which order rows are locked. Two who lock rows in different orders wait for each other for ever.

A transaction locks rows kind after kind in `ORDER`, and all it needs of a kind at once, by ascending key (`locked`).
A kind that is not listed is a part of another (an image's tags, a backup's disks, a server's usage): who writes it
holds that. `tests/support/lock_order.py` watches every transaction of every test.
"""

from typing import TypeVar

from django.db.models import Model, QuerySet

M = TypeVar("M", bound=Model)

ORDER = (
    "accounts.Draft",
    "accounts.User",
    "accounts.SavedView",
    "accounts.Account",
    "accounts.Invitation",
    "market.Publisher",
    "jobs.Job",
    "accounts.Project",  # its quotas
    "accounts.Region",  # its memory
    "images.OsVersion",
    "images.Image",
    "images.Upload",
    "market.Listing",
    "cloud.Server",
    "cloud.Disk",
    "cloud.Backup",
    "cloud.Vault",
    "cloud.MasterKey",
    "cloud.Key",
    "cloud.KeyGrant",
    "cloud.KeyPair",
    "cloud.Bucket",
    "cloud.BucketObject",
    "cloud.SettledUsage",
)


def locked(rows: "QuerySet[M]") -> list[M]:
    """These rows as they are now, locked until the transaction ends; others may add rows that refer to them."""
    return list(rows.select_for_update(of=("self",), no_key=True).order_by("pk"))
