"""Who is told that a former system disk is about to go."""

from datetime import timedelta

import pytest

from imsconsole.cloud.models import Disk
from imsconsole.cloud.system_disk.clock import warn_of_expiring_disks
from imsconsole.core import now as clock
from imsconsole.core.project_urls import bare
from imsconsole.notifications.models import Message
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def disk(people) -> Disk:
    """Kept for seven days from now."""
    server = factories.ServerFactory(project=people.alice.project, name="web-3")
    return factories.DiskFactory(
        server=server, beside=True, status="kept", kept_until=clock.now() + timedelta(days=7)
    )


def told() -> list[str]:
    warn_of_expiring_disks()
    return sorted(Message.objects.values_list("user__username", flat=True))


def test_those_who_could_undo_it_are_told_once_two_days_before(disk, people):
    clock.move(timedelta(days=4, hours=23))
    assert told() == []
    clock.move(timedelta(hours=2))
    assert told() == ["alice", "bob"]
    assert told() == ["alice", "bob"]

    message = Message.objects.first()
    assert message.sentence.startswith("The former system disk of web-3 is kept until ")
    assert (message.level, bare(message.page)) == ("warning", disk.server.get_absolute_url())


def test_what_is_kept_again_is_told_again(disk, people):
    clock.move(timedelta(days=6))
    assert len(told()) == 2
    Disk.objects.update(kept_until=clock.now() + timedelta(days=1, hours=5))
    assert len(told()) == 4


@pytest.mark.parametrize(
    "gone",
    [{"status": "deleting"}, {"deleted_at": "2026-01-01T00:00Z"}, {"status": "in-use", "kept_until": None}],
)
def test_what_is_gone_or_came_back_is_not_told(disk, people, gone):
    Disk.objects.update(**gone)
    clock.move(timedelta(days=6))
    assert told() == []


def test_what_is_over_is_not_told_any_more(disk, people):
    clock.move(timedelta(days=8))
    assert told() == []
