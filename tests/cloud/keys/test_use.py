"""Who may use a key, and what becomes of it: grants, disabling, deletion, the default key (R46-R48, R90, C2)."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from imsconsole.audit.models import Event
from imsconsole.cloud.keys.clock import delete_due_keys, warn_of_key_deletions
from imsconsole.cloud.keys.default import default_key
from imsconsole.cloud.keys.material import engine_key
from imsconsole.cloud.keys.rules import can_use_key, is_usable_in
from imsconsole.cloud.keys.services import (
    cancel_key_deletion,
    create_key,
    delete_due_key,
    disable_key,
    edit_key,
    enable_key,
    grant_key,
    revoke_grant,
    schedule_key_deletion,
)
from imsconsole.cloud.keys.uses import uses_of
from imsconsole.cloud.models import Key, KeyGrant
from imsconsole.core import now as clock
from imsconsole.core.errors import Conflict, NotFound
from imsconsole.core.project_urls import bare
from imsconsole.core.rules import Refused
from imsconsole.notifications.models import Message
from tests.factories import (
    DiskFactory,
    ImageDiskFactory,
    ImageFactory,
    KeyFactory,
    ProjectFactory,
    RegionFactory,
    ServerFactory,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def key(people) -> Key:
    return create_key(name="mine", actor=people.bob)


def test_a_key_is_its_project_s_until_it_is_granted_and_again_afterwards(key, people) -> None:
    """R47, R48."""
    assert can_use_key(key, people.alice)
    assert can_use_key(key, people.carol).code == "key-not-granted"
    assert not Key.objects.usable_by(people.carol).exists()

    grant = grant_key(key, grantee=people.carol.project, actor=people.bob)
    assert grant.created_by == people.bob.user
    assert can_use_key(key, people.carol)
    assert is_usable_in(key, people.carol.project)
    assert list(Key.objects.usable_by(people.carol)) == [key]
    assert [(use.total, use.users) for use in uses_of(key)] == [(1, [(str(people.carol.project.pk), "")])]
    assert not Key.objects.visible_to(people.carol).exists(), "using is not owning"

    revoke_grant(grant, actor=people.alice)
    assert Event.objects.get(action="revokeGrant").resource_id == str(grant.pk)
    assert can_use_key(key, people.carol).code == "key-not-granted"
    assert uses_of(key) == []


def test_the_images_and_disks_of_its_project_use_a_key(people) -> None:
    key = KeyFactory(project=people.bob.project)
    image = ImageFactory(project=people.bob.project, key=key)
    ImageFactory(project=people.bob.project, key=key, status="deleted", deleted_at=clock.now())
    ImageFactory(project=people.carol.project, key=key)
    disk = DiskFactory(server=ServerFactory(project=people.bob.project), key=key)
    assert [(str(use.title), use.total, use.users) for use in uses_of(key)] == [
        ("Images", 1, [(image.name, image.get_absolute_url())]),
        ("Disks", 1, [(disk.name, disk.get_absolute_url())]),
    ]


def test_full_ecs_images_use_the_keys_of_all_their_disks(people) -> None:
    key = KeyFactory(project=people.bob.project)
    image = ImageFactory(project=people.bob.project, type="full")
    for index in (1, 2):
        ImageDiskFactory(image=image, index=index, role="data", key=key)
    assert [(str(use.title), use.total) for use in uses_of(key)] == [("Images", 1)]


def test_the_other_project_cannot_do_anything_else_with_it(key, people) -> None:
    grant = grant_key(key, grantee=people.carol.project, actor=people.bob)
    for call in (
        lambda: edit_key(key, name="theirs", description="", actor=people.carol),
        lambda: disable_key(key, actor=people.carol),
        lambda: schedule_key_deletion(key, days=7, actor=people.carol),
        lambda: grant_key(key, grantee=people.carol.project, actor=people.carol),
        lambda: revoke_grant(grant, actor=people.carol),
    ):
        with pytest.raises(NotFound):
            call()


def test_it_is_granted_once_to_another_project_of_the_region(key, people) -> None:
    sibling = ProjectFactory(account=people.bob.account, region=people.bob.region)
    elsewhere = ProjectFactory(region=RegionFactory(code="cn-east-3", name="East"))
    grant_key(key, grantee=sibling, actor=people.bob)
    for grantee, code in (
        (sibling, "granted-already"),
        (people.bob.project, "own-project"),
        (elsewhere, "no-such-project"),
    ):
        with pytest.raises(Refused) as refused:
            grant_key(key, grantee=grantee, actor=people.bob)
        assert refused.value.code == code


def test_a_key_that_is_not_enabled_gives_nothing_to_anybody(key, people) -> None:
    """R90: also not to an engine that got the key before."""
    grant_key(key, grantee=people.carol.project, actor=people.bob)
    given = engine_key(key, key.project_id)
    material = given.material()

    for act, code in ((enable_key, "key-enabled"), (cancel_key_deletion, "key-not-pending")):
        with pytest.raises(Refused, match=code):
            act(key, actor=people.bob)
    key = disable_key(key, actor=people.bob)
    with pytest.raises(Refused, match="key-disabled"):
        disable_key(key, actor=people.bob)
    for actor in (people.bob, people.carol):
        assert can_use_key(key, actor).code == "key-not-enabled"
        assert not Key.objects.usable_by(actor).exists()
    with pytest.raises(Conflict, match="key-not-enabled"):
        given.material()

    key = enable_key(key, actor=people.bob)
    assert can_use_key(key, people.carol)
    assert given.material() == material


def test_deletion_waits_can_be_cancelled_and_then_destroys_the_material(key, people) -> None:
    grant_key(key, grantee=people.carol.project, actor=people.bob)
    given = engine_key(key, key.project_id)
    material = given.material()
    key = schedule_key_deletion(key, days=7, actor=people.bob)
    with pytest.raises(Conflict, match="key-not-enabled"):
        given.material()
    key = cancel_key_deletion(key, actor=people.bob)
    assert (key.state, key.delete_at) == ("disabled", None)
    enable_key(key, actor=people.bob)
    assert given.material() == material

    key = schedule_key_deletion(key, days=7, actor=people.bob)
    with pytest.raises(NotFound):
        delete_due_key(key, actor=people.bob)
    for call in (
        lambda: edit_key(key, name="late", description="", actor=people.bob),
        lambda: enable_key(key, actor=people.bob),
        lambda: disable_key(key, actor=people.bob),
        lambda: schedule_key_deletion(key, days=1096, actor=people.bob),
    ):
        with pytest.raises(Refused, match="key-pending"):
            call()
    clock.move(timedelta(days=6, hours=23))
    delete_due_keys()
    key.refresh_from_db()
    assert key.state == "pending-deletion"
    clock.move(timedelta(hours=2))
    delete_due_keys()
    key.refresh_from_db()
    assert (key.state, key.wrapped, key.master, key.grants.count()) == ("deleted", None, None, 0)
    assert key.deleted_at
    assert str(key.pk) in str(can_use_key(key, people.bob).reason)
    with pytest.raises(NotFound, match="key-gone"):
        given.material()
    assert can_use_key(key, people.bob).code == "key-gone"
    assert can_use_key(key, people.carol).code == "key-gone"
    done = list(Event.objects.order_by("pk").values_list("action", flat=True))
    assert done[-1] == "deleteKey"
    assert create_key(name="mine", actor=people.bob).pk != key.pk, "its name is free"


def test_those_who_could_cancel_a_deletion_are_told_once_three_days_before(key, people) -> None:
    schedule_key_deletion(key, days=10, actor=people.bob)

    def told() -> list[str]:
        warn_of_key_deletions()
        return sorted(Message.objects.values_list("user__username", flat=True))

    clock.move(timedelta(days=6, hours=23))
    assert told() == []
    clock.move(timedelta(hours=2))
    assert told() == told() == ["alice", "bob"]
    message = Message.objects.first()
    assert message.sentence.startswith("The encryption key mine is deleted at ")
    assert bare(message.page) == key.get_absolute_url()


def test_the_default_key_is_made_once_and_stays(people) -> None:
    """C2: what it encrypts is never shared."""
    key = default_key(people.bob)
    assert default_key(people.alice) == key
    assert default_key(people.dave) == key
    assert default_key(people.carol) != key
    assert (key.name, key.state) == ("ims/default", "enabled")
    assert can_use_key(key, people.bob)
    for call in (
        lambda: edit_key(key, name="x", description="", actor=people.bob),
        lambda: disable_key(key, actor=people.bob),
        lambda: schedule_key_deletion(key, days=7, actor=people.bob),
        lambda: grant_key(key, grantee=people.carol.project, actor=people.bob),
    ):
        with pytest.raises(Refused, match="default-key"):
            call()


def test_who_only_reads_makes_no_default_key(people) -> None:
    with pytest.raises(Refused, match="read-only"):
        default_key(people.dave)
    assert not Key.objects.exists()


def test_names_are_unique_in_a_project_while_the_key_exists(key, people) -> None:
    create_key(name="mine", actor=people.carol)
    other = create_key(name="other", actor=people.bob)
    for call in (
        lambda: create_key(name="mine", actor=people.alice),
        lambda: edit_key(other, name="mine", description="", actor=people.bob),
    ):
        with pytest.raises(Refused, match="key-name"):
            call()
    edit_key(key, name="mine", description="for images", actor=people.bob)
    edit_key(other, name="second", description="", actor=people.bob)
    kept = Key.objects.filter(project=people.bob.project).order_by("name").values_list("name", "description")
    assert list(kept) == [("mine", "for images"), ("second", "")]


@pytest.mark.parametrize(
    "bad",
    [
        {"state": "deleted"},
        {"wrapped": None},
        {"master": None},
        {"state": "pending-deletion"},
        {"delete_at": "2100-01-01T00:00Z"},
        {"is_default": True, "state": "disabled"},
    ],
    ids=str,
)
def test_the_database_keeps_what_must_always_be(bad) -> None:
    key = KeyFactory()
    with pytest.raises(IntegrityError), transaction.atomic():
        Key.objects.filter(pk=key.pk).update(**bad)
    assert Key.objects.filter(pk=key.pk).exists()


def test_a_grant_goes_with_the_project_that_has_it(key, people) -> None:
    project = ProjectFactory(region=people.bob.region)
    grant_key(key, grantee=project, actor=people.bob)
    project.delete()
    assert not KeyGrant.objects.exists()
