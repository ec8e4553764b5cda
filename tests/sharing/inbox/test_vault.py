"""The vault a full-ECS image is received with: it holds the image, as long as its project has that (R55)."""

from datetime import timedelta

import pytest
from django.urls import reverse

from images.delete.services import delete_image, purge_image, restore_image
from images.launch.rules import can_launch
from images.models import Image
from images.product.rules import SHARE_FACTS, can_share
from imsconsole.cloud.backups.vaults.filters import vaults_of
from imsconsole.cloud.backups.vaults.rules import can_resize_vault
from imsconsole.cloud.backups.vaults.services import delete_vault
from imsconsole.cloud.models import Vault
from imsconsole.core.now import now
from imsconsole.core.rules import Refused
from imsconsole.engine.types import GIB
from imsconsole.notifications.models import Message
from sharing.ending.services import give_notice, stop_sharing
from sharing.inbox.rules import can_accept
from sharing.inbox.services import accept_share, reject_share
from sharing.models import Share
from tests import factories
from tests.conftest import client_of
from tests.support.at_once import DONE, at_once

pytestmark = pytest.mark.django_db


def offered(people, **fields) -> Share:
    """A full-ECS image of 2 GiB, offered to Carol's project."""
    image = factories.ImageFactory(
        project=people.bob.project, type="full", source_kind="server", **{"name": "whole", **fields}
    )
    factories.ImageDiskFactory(image=image, size_bytes=GIB)
    factories.ImageDiskFactory(image=image, index=1, role="data", size_bytes=GIB)
    share = factories.ShareFactory(image=image, project=people.carol.project)
    return Share.objects.with_facts().select_related("image").get(pk=share.pk)


@pytest.fixture
def whole(people) -> Share:
    return offered(people)


@pytest.fixture
def vault(people) -> Vault:
    return factories.VaultFactory(project=people.carol.project, name="daily", capacity_gb=3)


@pytest.fixture
def accepted(people, whole, vault) -> Share:
    return accept_share(whole, vault=vault, actor=people.carol)


def held(people) -> tuple[int, int]:
    """How many images Carol's vault holds, and GiB that are used of it."""
    vault = vaults_of(people.carol).get()
    return vault.received_count, vault.used_bytes // GIB


# accepting ---------------------------------------------------------------------------------------------


def test_a_full_ecs_image_is_accepted_into_a_vault_with_room(people, whole):  # R55
    small = factories.VaultFactory(project=people.carol.project, capacity_gb=1)
    factories.VaultFactory(project=people.bob.project, capacity_gb=100)
    assert can_accept(whole, people.carol).code == "full-ecs-vault"
    full = factories.VaultFactory(project=people.carol.project, capacity_gb=3)
    factories.BackupFactory(vault=full, project=people.carol.project, size_gb=2, status="creating")
    assert can_accept(whole, people.carol).code == "full-ecs-vault"
    large = factories.VaultFactory(project=people.carol.project, capacity_gb=2)
    assert can_accept(whole, people.carol)
    for vault in (None, small, full):
        with pytest.raises(Refused):
            accept_share(whole, vault=vault, actor=people.carol)
    assert accept_share(whole, vault=large, actor=people.carol).vault == large


def test_the_page_asks_for_the_vault_and_offers_those_with_room(people, whole):
    small = factories.VaultFactory(project=people.carol.project, capacity_gb=1, name="small-one")
    large = factories.VaultFactory(project=people.carol.project, capacity_gb=9, name="large-one")
    client, url = client_of(people.carol), reverse("sharing:accept", args=[whole.pk])
    page = client.get(url).content.decode()
    assert "large-one" in page
    assert "small-one" not in page
    assert client.post(url, {"vault": small.pk}).status_code == 422
    assert client.post(url, {"vault": large.pk}).status_code == 302
    assert Share.objects.get().vault == large


def test_nobody_is_told_to_copy_it(people, whole, vault):
    """R80: no full-ECS image is copied in its region. Of a server made from it an image is made."""
    client = client_of(people.carol)
    offer = " ".join(client.get(whole.get_absolute_url()).content.decode().split())
    assert "can be copied" not in offer
    assert "It takes room of a vault" in offer
    accept_share(whole, vault=vault, actor=people.carol)
    image = Image.objects.with_facts(people.carol, *SHARE_FACTS).get()
    assert (
        "Make a private image of it first: a copy, or one of a server"
        in can_share(image, people.carol).reason
    )
    give_notice(whole, ends_at=now() + timedelta(days=1), actor=people.bob)
    wanted = "Make a private image of it before if you go on needing it: a copy, or one of a server"
    told = Message.objects.get(user=people.carol.user, code="share-ends")
    pages = [
        client.get(page).content.decode()
        for page in (image.get_absolute_url(), whole.get_absolute_url(), "/")
    ]
    assert all(wanted in " ".join(text.split()) for text in (told.sentence, *pages))


# what the vault holds -----------------------------------------------------------------------------------


def test_the_vault_holds_what_was_received_and_has_no_room_for_more(people, accepted, vault):
    assert held(people) == (1, 2)
    assert can_accept(offered(people, name="second"), people.carol).code == "full-ecs-vault"
    assert can_resize_vault(vaults_of(people.carol).get(), 1, people.carol).code == "vault-smaller-than-used"
    assert can_resize_vault(vaults_of(people.carol).get(), 2, people.carol)


def test_it_cannot_go_before_what_it_holds_which_is_launched_all_the_time(people, accepted, vault):
    client, delete = client_of(people.carol), reverse("vaults:delete", args=[vault.pk])
    with pytest.raises(Refused, match="vault-holds-images"):
        delete_vault(vault, actor=people.carol)
    for page in (delete, vault.get_absolute_url(), reverse("vaults:list")):
        assert "The vault holds full-ECS images that were received" in client.get(page).content.decode()
    assert "The vault is empty" not in client.get(delete).content.decode()
    assert client.post(delete).status_code == 409
    assert can_launch(Image.objects.visible_to(people.carol).get(), people.carol)
    reject_share(accepted, actor=people.carol)
    assert held(people) == (0, 0)
    assert client.post(delete).status_code == 302


def test_its_page_lists_what_it_holds(people, accepted, vault):
    backup = factories.BackupFactory(project=people.carol.project, vault=vault)
    factories.BackupDiskFactory(backup=backup, size_bytes=GIB // 2)
    client = client_of(people.carol)
    page = " ".join(client.get(vault.get_absolute_url()).content.decode().split())
    assert "2.5 GiB / 3 GiB" in page
    received = page[page.index('id="received"') :]
    assert f'{accepted.image.get_absolute_url()}"' in received
    assert "2 GiB" in received
    assert reverse("sharing:reject-image", args=[accepted.image_id]) in received
    assert f'{vault.get_absolute_url()}"' in client.get(accepted.get_absolute_url()).content.decode()
    row = client.get(reverse("vaults:list")).context["table"].rows[0]
    assert [str(row.get_cell(name)) for name in ("backups_count", "received_count")] == ["1", "1"]


def test_room_is_kept_for_what_its_owner_may_restore(people, accepted, vault):  # R87
    deleted = delete_image(accepted.image, from_all=True, actor=people.bob)
    assert held(people) == (1, 2)
    page = client_of(people.carol).get(vault.get_absolute_url()).content.decode()
    assert "Its owner has deleted it, and may restore it until" in page
    assert deleted.get_absolute_url() not in page
    restore_image(deleted, actor=people.bob)
    assert held(people) == (1, 2)
    purge_image(delete_image(deleted, from_all=True, actor=people.bob), actor=people.bob)
    assert held(people) == (0, 0)


def test_what_is_not_shared_any_more_leaves_it(people, accepted, vault):
    stop_sharing(accepted, actor=people.bob)
    assert held(people) == (0, 0)
    delete_vault(vault, actor=people.carol)


@pytest.mark.django_db(transaction=True)
def test_of_two_that_fill_it_at_once_one_is_received(people, whole, vault):
    shares = (whole, offered(people, name="second"))
    outcomes = at_once(
        *[lambda share=share: accept_share(share, vault=vault, actor=people.carol) for share in shares]
    )
    assert sorted(outcomes) == [DONE, "full-ecs-vault"]
    assert held(people) == (1, 2)


@pytest.mark.django_db(transaction=True)
def test_a_vault_is_deleted_or_receives(people, whole, vault):
    outcomes = at_once(
        lambda: accept_share(whole, vault=vault, actor=people.carol),
        lambda: delete_vault(vault, actor=people.carol),
    )
    assert outcomes in ([DONE, "vault-holds-images"], ["full-ecs-vault", DONE])
