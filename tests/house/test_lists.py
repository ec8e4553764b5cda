"""Every list, sorted by whatever it can be sorted by, shows each of its rows on one page, in both directions."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.test import RequestFactory

from images.catalogue import views as images
from imsconsole.accounts.lists import ListView
from imsconsole.audit import views as audit
from imsconsole.audit.models import Event
from imsconsole.cloud.backups import views as backups
from imsconsole.cloud.backups.vaults import views as vaults
from imsconsole.cloud.buckets import views as buckets
from imsconsole.cloud.disks import views as disks
from imsconsole.cloud.key_pairs import views as key_pairs
from imsconsole.cloud.keys import views as keys
from imsconsole.cloud.schedules import views as schedules
from imsconsole.cloud.server_pages import views as servers
from imsconsole.cloud.user_data import views as user_data
from imsconsole.core import paging
from imsconsole.core.now import now
from imsconsole.core.paging import in_order
from imsconsole.jobs import views as jobs
from imsconsole.jobs.models import Job
from market.shop import views as market
from sharing.inbox import views as inbox
from tests import factories
from tests.support.paging import assert_walks_every_row

pytestmark = [pytest.mark.django_db, pytest.mark.slow(reason="all lists are gone through in every order")]
SAME = now()


def job(project: Any) -> Job:
    subject = factories.ImageFactory(project=project)
    return Job.objects.create(
        kind="image.delete", path="images.delete.jobs.DeleteImage", queue="quick", project=project,
        subject_kind="image", subject_id=subject.pk, subject_name=subject.name,
    )  # fmt: skip


def event(project: Any) -> Event:
    return Event.objects.create(
        account=project.account, project=project, action="createImage", resource_type="image", resource_id="x"
    )


def offer(project: Any) -> Any:
    version = factories.ListingVersionFactory()
    factories.PriceFactory(listing=version.listing)
    return factories.EditionFactory(version_of=version, region=project.region)


def received(project: Any) -> Any:
    image = factories.ImageFactory(project=factories.ProjectFactory(region=project.region))
    return factories.ShareFactory(image=image, project=project)


LISTS: dict[str, tuple[ListView, str, Callable[[Any], Any]]] = {
    "images": (images.LIST, "tab=private", lambda project: factories.ImageFactory(project=project)),
    "public": (
        images.LIST,
        "tab=public",
        lambda project: factories.PublicImageFactory(region=project.region),
    ),
    "trash": (
        images.TRASH,
        "tab=trash",
        lambda project: factories.ImageFactory(
            project=project, status="trashed", status_before="active", kept_until=SAME, trashed_at=SAME
        ),
    ),
    "servers": (servers.LIST, "", lambda project: factories.ServerFactory(project=project)),
    "disks": (
        disks.LIST,
        "",
        lambda project: factories.DiskFactory(
            server=factories.ServerFactory(project=project), project=project
        ),
    ),
    "jobs": (jobs.LIST, "", job),
    "audit": (audit.LIST, "", event),
    "backups": (backups.LIST, "", lambda project: factories.BackupFactory(project=project)),
    "schedules": (schedules.LIST, "", lambda project: factories.BackupScheduleFactory(project=project)),
    "vaults": (vaults.LIST, "", lambda project: factories.VaultFactory(project=project)),
    "buckets": (buckets.LIST, "", lambda project: factories.BucketFactory(project=project)),
    "keys": (keys.LIST, "", lambda project: factories.KeyFactory(project=project)),
    "key pairs": (key_pairs.LIST, "", lambda project: factories.KeyPairFactory(project=project)),
    "user data": (user_data.LIST, "", lambda project: factories.UserDataFactory(project=project)),
    "offers": (market.LIST, "", offer),
    "inbox": (inbox.LIST, "", received),
}


def sorts(listed: ListView) -> Iterator[list[str]]:
    yield []
    for name, column in listed.table.base_columns.items():
        if column.orderable is not False:
            yield [name]
            yield [f"-{name}"]


@pytest.mark.parametrize("name", LISTS)
def test_every_order_of_a_list_shows_each_row_once(people, monkeypatch, name):
    monkeypatch.setattr(paging, "COUNTED", 3)
    monkeypatch.setattr(paging, "FEWER", 3)
    listed, query, make = LISTS[name]
    for _ in range(7):
        made = make(people.bob.project)
    for time in ("created_at", "at"):  # ties
        if hasattr(made, time):
            type(made)._base_manager.update(**{time: SAME})
    request = RequestFactory().get(f"/?{query}")
    request.actor, request.user = people.bob, people.bob.user
    for sort in sorts(listed):
        ordered = listed.table(listed.rows(request), order_by=sort or None).data.data
        keys = [row.pk for row in in_order(ordered)]
        assert len(set(keys)) == 7
        assert_walks_every_row(ordered, keys, per_page=3)
