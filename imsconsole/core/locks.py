"""In which order rows are locked. Two who lock rows in different orders wait for each other for ever.

A transaction locks rows kind after kind in `ORDER`, and all it needs of a kind at once, by ascending key: one with
`locked`, several with `locked_many` or, whichever there are, `locked_all`. They stay locked until the transaction ends.
A kind that is not listed is a part of another (an image's tags, a backup's disks, a server's usage): who writes it
holds that. `tests/support/lock_order.py` watches every transaction of every test.
"""

from collections.abc import Iterable
from typing import Any, TypeVar

from django.db.models import Model, QuerySet

from imsconsole.core.errors import NotFound

M = TypeVar("M", bound=Model)

ORDER = (
    "accounts.Draft",
    "accounts.User",
    "accounts.SlowedSignIn",
    "accounts.SavedView",
    "accounts.Account",
    "accounts.Invitation",
    "market.Publisher",
    "cloud.BackupSchedule",
    "jobs.Job",
    "accounts.Project",  # its quotas
    "accounts.Region",  # its memory
    "images.OsVersion",
    "images.Image",
    "images.Upload",
    "images.Download",
    "market.Listing",
    "cloud.Server",
    "cloud.Disk",
    "cloud.Backup",
    "cloud.Vault",
    "cloud.MasterKey",
    "cloud.Key",
    "cloud.KeyGrant",
    "cloud.KeyPair",
    "cloud.UserData",
    "cloud.Bucket",
    "cloud.BucketObject",
    "cloud.StoredBytes",
    "cloud.SettledUsage",
    "jobs.QuotaChange",
)


def locked(rows: "QuerySet[M]", pk: object, *, is_alone: bool = False, gone: NotFound | None = None) -> M:
    """The row of `rows` with this key as it is now. Raises NotFound, or `gone`, when it is not among them.

    First the row, then the question whether it is among them: what its owner stopped sharing while this waited for
    the row is not there any more (R102). One question for both would be answered as of before.
    `is_alone`: nobody adds rows that refer to it meanwhile, either.
    """
    held = rows.model._base_manager.filter(pk=pk).select_for_update(no_key=not is_alone)
    # not `first()`, as there is nothing to order: making SQL of an order takes as long as all the rest
    row = next(iter(rows.filter(pk=pk).order_by()), None) if held.exists() else None
    if row is None:
        raise gone or NotFound
    return row


def locked_many(rows: "QuerySet[M]", pks: Iterable[Any]) -> dict[Any, M]:
    """Those of `rows` with these keys as they are now, by key. Raises NotFound when one is not among them."""
    wanted = set(pks)
    locked_all(rows.model._base_manager.filter(pk__in=wanted))
    found = rows.in_bulk(wanted)
    if found.keys() != wanted:
        raise NotFound
    return found


def locked_all(rows: "QuerySet[M]", *, is_alone: bool = False) -> list[M]:
    """These rows as they are now, as many as there are. `is_alone` as of `locked`."""
    return list(rows.select_for_update(of=("self",), no_key=not is_alone).order_by("pk"))
