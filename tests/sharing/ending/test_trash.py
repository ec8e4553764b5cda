"""A shared image that is deleted: its receivers lose it at once, and have it again when it is restored (R87)."""

import pytest
from django.urls import reverse

from images.delete.services import delete_image, purge_image, restore_image
from images.launch.services import create_servers
from images.models import Image
from imsconsole.core.errors import NotFound
from imsconsole.notifications.models import Message
from sharing.models import Share
from tests import factories
from tests.conftest import client_of
from tests.images.catalogue.test_visibility import seen_by

pytestmark = pytest.mark.django_db


@pytest.fixture
def image(people):
    return factories.ImageFactory(project=people.bob.project, name="image-ours")


@pytest.mark.slow(reason="a shared image is deleted and restored, looked at by its receivers")
@pytest.mark.parametrize("status", ["accepted", "pending", "rejected"])
def test_a_receiver_loses_it_at_once_and_has_it_back_with_the_same_status(people, image, status):
    share = factories.ShareFactory(image=image, project=people.carol.project, status=status)
    before = seen_by(people.carol)
    delete_image(image, from_all=True, actor=people.bob)
    assert seen_by(people.carol) == (set(), set())
    assert not Share.objects.received_by(people.carol).exists()
    assert not Image.objects.in_trash(people.carol).exists()

    restore_image(image, name="image-again", actor=people.bob)
    share.refresh_from_db()
    assert share.status == status
    assert Share.objects.received_by(people.carol).get() == share
    assert len(seen_by(people.carol)[0]) == len(before[0])


def restored_by_its_page(client, image):
    return client.post(reverse("images:restore", args=[image.pk]), {"name": image.name})


def restored_with_others(client, image):
    return client.post(
        reverse("images:restore-several"), {"pick": image.pk, "state": "tab=trash", "confirm": "1"}
    )


@pytest.mark.slow(reason="a shared image is deleted and restored by every button")
@pytest.mark.parametrize("restored", [restored_by_its_page, restored_with_others])
def test_whatever_button_deletes_and_restores_it_everybody_has_it_as_before(people, image, restored):
    shares = [factories.ShareFactory(image=image, status=status) for status in Share.Status.values]
    carols = factories.ShareFactory(image=image, project=people.carol.project, status="accepted")
    client, delete = client_of(people.bob), reverse("sharing:delete", args=[image.pk])
    assert "restored from the trash, they have it again" in client.get(delete).content.decode()
    client.post(delete, {"how": "now"})
    assert Image.objects.in_trash(people.bob).get() == image
    assert seen_by(people.carol) == (set(), set())

    restored(client, image)
    statuses = {share.pk: share.status for share in [*shares, carols]}
    assert dict(Share.objects.given_by(people.bob).values_list("pk", "status")) == statuses
    assert seen_by(people.carol)[0] == {image.name}
    codes = (
        Message.objects.filter(user=people.carol.user).order_by("created_at").values_list("code", flat=True)
    )
    assert list(codes) == ["shared-image-deleted", "shared-image-restored"]


def test_its_page_for_ever_says_who_has_lost_it_and_leads_nowhere(people, image):
    factories.ShareFactory(image=image, project=people.carol.project, status="accepted")
    delete_image(image, from_all=True, actor=people.bob)
    page = client_of(people.bob).get(reverse("images:purge", args=[image.pk])).content.decode()
    assert str(people.carol.project.pk) in page
    assert "They have lost it already, and cannot have it back then." in page
    assert reverse("sharing:members", args=[image.pk]) not in page


def test_in_the_trash_its_receiver_makes_no_server_of_it(people, image):
    factories.ShareFactory(image=image, project=people.carol.project, status="accepted")
    delete_image(image, from_all=True, actor=people.bob)
    with pytest.raises(NotFound):
        create_servers(
            actor=people.carol, image=image, flavor=factories.FlavorFactory(), name="web", user_data="#!"
        )
    for verb in ("restore", "purge"):
        assert client_of(people.carol).post(reverse(f"images:{verb}", args=[image.pk])).status_code == 404


def test_its_owner_sees_who_loses_it_and_nobody_else_does(people, image):
    """R86, on purpose better: and neither does a receiver who looks at its page."""
    factories.ShareFactory(image=image, project=people.carol.project, status="accepted")
    carols = str(people.carol.project.pk)
    page = client_of(people.bob).get(reverse("images:delete", args=[image.pk]), follow=True).content.decode()
    assert carols in page
    assert "They lose it: at once" in page
    received = client_of(people.carol).get(f"{image.get_absolute_url()}?section=use").content.decode()
    assert "They lose it: at once" not in received


def test_what_is_deleted_for_ever_leaves_no_offer(people, image):
    factories.ShareFactory(image=image, project=people.carol.project, status="accepted")
    purge_image(delete_image(image, from_all=True, actor=people.bob), actor=people.bob)
    assert not Share.objects.received_by(people.carol).exists()
