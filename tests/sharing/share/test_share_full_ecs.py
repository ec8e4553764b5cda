"""Sharing full-ECS images: where they come from, and what their disks are encrypted with. Rule, service, pages."""

import uuid
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils.translation import override

from images.launch.rules import can_launch
from images.models import Image
from images.product.rules import SHARE_FACTS, can_share
from imsconsole.audit.models import Event
from imsconsole.cloud.keys.services import disable_key, revoke_grant
from imsconsole.cloud.models import KeyGrant
from imsconsole.core.now import now
from imsconsole.core.rules import Refused
from sharing.inbox.services import accept_share
from sharing.models import Share
from sharing.share.rules import can_share_with
from sharing.share.services import share_image
from tests import factories
from tests.conftest import client_of
from tests.sharing.share.test_share import confirmed

pytestmark = pytest.mark.django_db
BEFORE, AFTERWARDS = now() - timedelta(hours=1), now() + timedelta(hours=1)


def facts(actor, image) -> Image:
    return Image.objects.with_facts(actor, *SHARE_FACTS).get(pk=image.pk)


def legacy(actor, **fields):
    return factories.BackupFactory(
        project=actor.project, kind="csbs", vault=None, **{"taken_at": BEFORE, **fields}
    )


def of_backup(actor, backup, **fields) -> Image:
    origin = {"source_kind": "backup", "source_id": backup.pk, **fields}
    return factories.ImageFactory(project=actor.project, type="full", backup=backup, **origin)


def of_server(actor, server_id) -> Image:
    """As it is captured: through a cloud backup."""
    backup = factories.BackupFactory(project=actor.project, server_id=server_id)
    return of_backup(actor, backup, source_kind="server", source_id=server_id)


# where it comes from ---------------------------------------------------------------------------------


def test_an_image_of_a_cloud_backup_is_shared_whatever_its_server_was_backed_up_by(people):  # R17, R41
    backup = factories.BackupFactory(project=people.bob.project)
    legacy(people.bob, server_id=backup.server_id)
    assert share_image(of_backup(people.bob, backup), project=people.carol.project, actor=people.bob)


def test_an_image_of_a_server_is_shared_when_csbs_had_no_backup_of_it(people):  # R17, R41
    backed_up_later, failed, from_cbr = (
        uuid.uuid4(),
        uuid.uuid4(),
        factories.ServerFactory(
            project=people.bob.project, restored_from=factories.BackupFactory(project=people.bob.project)
        ),
    )
    legacy(people.bob)  # of another server
    legacy(people.bob, server_id=backed_up_later, taken_at=AFTERWARDS)
    legacy(people.bob, server_id=failed, taken_at=None, status="failed")
    for server_id in (backed_up_later, failed, from_cbr.pk):
        assert can_share(facts(people.bob, of_server(people.bob, server_id)), people.bob)


def test_an_image_of_a_legacy_backup_is_not_shared(people):  # R42
    image = of_backup(people.bob, legacy(people.bob))
    assert can_share(facts(people.bob, image), people.bob).code == "full-ecs-csbs"


@pytest.mark.parametrize("status", ["available", "deleted"])
def test_an_image_of_a_server_that_csbs_backed_up_is_not_shared(people, status):  # R17, R42
    server_id = legacy(people.bob, status=status, deleted_at=now() if status == "deleted" else None).server_id
    assert can_share(facts(people.bob, of_server(people.bob, server_id)), people.bob).code == "full-ecs-csbs"


def test_an_image_of_a_server_that_was_restored_from_a_legacy_backup_is_not_shared(people):  # R17, R42
    server = factories.ServerFactory(project=people.bob.project, restored_from=legacy(people.bob))
    verdict = can_share(facts(people.bob, of_server(people.bob, server.pk)), people.bob)
    assert (verdict.code, "cloud backup (CBR)" in verdict.reason) == ("full-ecs-csbs", True)


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_a_far_copy_says_why_it_is_not_shared_and_how_one_like_it_is(people, language):  # R17
    """It is no matter of the legacy service, whatever its source was made of; and the advice can be followed."""
    for backup in (legacy(people.bob), factories.BackupFactory(project=people.bob.project)):
        copy = of_backup(people.bob, backup, source_kind="image")
        with override(language):
            verdict = can_share(facts(people.bob, copy), people.bob)
            assert (verdict.code, "CSBS" in verdict.reason) == ("full-ecs-source", False)
            assert {"en": "copied from another region", "zh-hans": "跨区域复制"}[language] in verdict.reason
        server = factories.ServerFactory(project=people.bob.project, image=copy)
        assert can_share(facts(people.bob, of_server(people.bob, server.pk)), people.bob)


def test_other_images_of_such_a_server_are_shared(people):
    server_id = legacy(people.bob).server_id
    image = factories.ImageFactory(project=people.bob.project, source_kind="server", source_id=server_id)
    assert can_share(facts(people.bob, image), people.bob)


@pytest.mark.slow(reason="every way to share is tried")
def test_no_way_leads_to_sharing_one_that_has_to_do_with_csbs(people):
    """Service, form, ticked rows, the check of IDs, and one more member of an image that was shared before."""
    image, plain = (
        of_server(people.bob, legacy(people.bob).server_id),
        factories.ImageFactory(project=people.bob.project),
    )
    before = factories.ShareFactory(image=image)
    client, share = client_of(people.bob), reverse("sharing:share", args=[image.pk])
    typed = {"projects": str(people.carol.project.pk)}

    with pytest.raises(Refused, match="full-ecs-csbs"):
        share_image(image, project=people.carol.project, actor=people.bob)
    for page in (
        share,
        image.get_absolute_url(),
        "/images/?tab=private",
        reverse("sharing:members", args=[image.pk]),
    ):
        body = client.get(page).content.decode()
        assert "former backup service (CSBS)" in body, page
        assert f'href="{share}"' not in body, page
    assert "former backup service (CSBS)" in confirmed(client, client.post(share, typed)).content.decode()
    picked = {"pick": f"{image.pk},{plain.pk}", "state": "tab=private", **typed}
    checked = client.post(reverse("sharing:check"), picked)
    assert {line.image.pk: bool(line.verdict) for line in checked.context["lines"]} == {
        image.pk: False,
        plain.pk: True,
    }
    confirmed(client, client.post(reverse("sharing:share-several"), picked))
    assert {each.image for each in Share.objects.exclude(pk=before.pk)} == {plain}


# what its disks are encrypted with (R46, R47, C2) -------------------------------------------------------


@pytest.fixture
def keys(people):
    """Two keys of the project, by their names."""
    return {name: factories.KeyFactory(project=people.bob.project, name=name) for name in ("first", "second")}


def with_disks(actor, *keys) -> Image:
    """Of a server with a disk for each of the keys, the system disk first; None where one is plain."""
    image = of_server(actor, uuid.uuid4())
    for index, key in enumerate(keys):
        own = key if index else None
        factories.ImageDiskFactory(image=image, index=index, role="data" if index else "system", key=own)
    Image.objects.filter(pk=image.pk).update(key=keys[0])
    return facts(actor, image)


@pytest.mark.slow(reason="an image of several encrypted disks is made and offered in vain")
def test_one_disk_under_the_default_key_keeps_the_image_from_being_shared(people, keys):
    default = factories.KeyFactory(project=people.bob.project, name="ims/default", is_default=True)
    image = with_disks(people.bob, None, keys["first"], default)
    verdict = can_share(image, people.bob)
    assert (verdict.code, "Copy" in verdict.reason) == ("default-key", False), (
        "such images are not copied here"
    )
    with pytest.raises(Refused, match="default-key"):
        share_image(image, project=people.carol.project, grants_key=True, actor=people.bob)
    page = client_of(people.bob).get(reverse("sharing:share", args=[image.pk])).content.decode()
    assert "default key" in page
    assert "grants_key" not in page


def test_every_key_of_its_disks_is_asked_for_and_granted_with_the_share(people, keys):
    image = with_disks(people.bob, None, keys["first"], keys["second"], keys["second"])
    verdict = can_share_with(image, people.carol.project, people.bob)
    assert verdict.code == "receiver-needs-key"
    assert "with the keys first, second, which" in verdict.reason
    factories.KeyGrantFactory(key=keys["first"], grantee=people.carol.project)
    verdict = can_share_with(image, people.carol.project, people.bob)
    assert [name in verdict.reason for name in keys] == [False, True], "one of them is granted already"

    share_image(image, project=people.carol.project, grants_key=True, actor=people.bob)
    assert {grant.key for grant in KeyGrant.objects.filter(grantee=people.carol.project)} == set(
        keys.values()
    )
    assert Event.objects.filter(action="createGrant").count() == 1


def test_all_keys_are_granted_or_none_and_nothing_is_shared(people, keys):
    image, second = with_disks(people.bob, keys["first"], keys["second"]), keys["second"]
    disable_key(second, actor=people.bob)
    with pytest.raises(Refused, match="grant-disabled"):
        share_image(image, project=people.carol.project, grants_key=True, actor=people.bob)
    second.wrapped = second.master = None
    second.state = "deleted"
    second.save()
    with pytest.raises(Refused, match="key-gone"):
        share_image(image, project=people.carol.project, grants_key=True, actor=people.bob)
    assert not KeyGrant.objects.exists()
    assert not Share.objects.exists()


def test_a_disk_under_a_key_of_others_is_shared_with_them_alone(people, keys):
    theirs = factories.KeyFactory(project=people.carol.project)
    factories.KeyGrantFactory(key=theirs, grantee=people.bob.project)
    image, other = with_disks(people.bob, None, theirs), factories.ProjectFactory(region=people.bob.region)
    verdict = can_share_with(image, other, people.bob, grants_key=True)
    assert (verdict.code, "Copy" in verdict.reason) == ("key-of-others", False)
    assert can_share_with(image, people.carol.project, people.bob), "it is their own key"


def test_the_pages_name_the_keys_to_its_owner_and_to_its_receiver(people, keys):
    image = with_disks(people.bob, None, keys["first"], keys["second"])
    share, typed = reverse("sharing:share", args=[image.pk]), {"projects": str(people.carol.project.pk)}
    page = client_of(people.bob).get(share).content.decode()
    assert "decrypt with first, second" in page
    client = client_of(people.bob)
    confirmed(client, client.post(share, typed))
    assert not Share.objects.exists()
    confirmed(client, client.post(share, {**typed, "grants_key": "on"}))
    offer = client_of(people.carol).get(Share.objects.get().get_absolute_url()).content.decode()
    assert "Partly encrypted: first, second" in offer


def test_a_grant_that_is_withdrawn_stops_the_receiver_s_servers(people, keys):
    """R48, R90: also when it is the key of a data disk."""
    image = with_disks(people.bob, None, keys["first"], keys["second"])
    share = share_image(image, project=people.carol.project, grants_key=True, actor=people.bob)
    vault = factories.VaultFactory(project=people.carol.project)
    accept_share(share, vault=vault, actor=people.carol)
    assert can_launch(image, people.carol)
    revoke_grant(keys["second"].grants.get(), actor=people.bob)
    assert can_launch(facts(people.carol, image), people.carol).code == "key-not-granted"
    assert can_launch(image, people.bob)
