"""A shared image that is deleted: its receivers lose it at once, and have it again when it is restored (R87)."""

import pytest
from django.urls import reverse

from images.delete.services import delete_image, purge_image, restore_image
from images.launch.services import create_servers
from images.models import Image
from imsconsole.core.errors import NotFound
from sharing.models import Share
from tests import factories
from tests.conftest import client_of
from tests.images.catalogue.test_visibility import seen_by

pytestmark = pytest.mark.django_db


@pytest.fixture
def image(people):
    return factories.ImageFactory(project=people.bob.project, name="image-ours")


@pytest.mark.slow(reason="many pages are looked at, one after the other")
@pytest.mark.parametrize("status", ["accepted", "pending", "rejected"])
def test_a_receiver_loses_it_at_once_and_has_it_back_with_the_same_status(people, image, status):
    share = factories.ShareFactory(image=image, project=people.carol.project, status=status)
    before = seen_by(people.carol)
    delete_image(image, actor=people.bob)
    assert seen_by(people.carol) == (set(), set())
    assert not Share.objects.received_by(people.carol).exists()
    assert not Image.objects.in_trash(people.carol).exists()

    restore_image(image, name="image-again", actor=people.bob)
    share.refresh_from_db()
    assert share.status == status
    assert Share.objects.received_by(people.carol).get() == share
    assert len(seen_by(people.carol)[0]) == len(before[0])


def test_in_the_trash_its_receiver_makes_no_server_of_it(people, image):
    factories.ShareFactory(image=image, project=people.carol.project, status="accepted")
    delete_image(image, actor=people.bob)
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
    purge_image(delete_image(image, actor=people.bob), actor=people.bob)
    assert not Share.objects.received_by(people.carol).exists()
