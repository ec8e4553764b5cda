"""What a receiver can do with an accepted image, and what is left when it loses it (R24, R29, R55, R102, R109, R138)."""

import pytest
from django.urls import reverse

from images.change_os.services import change_os, reinstall_os
from images.copy.rules import can_copy, fits_key
from images.copy.services import copy_image
from images.delete.rules import can_delete
from images.delete.services import delete_image, restore_image
from images.export.rules import can_export
from images.launch.rules import can_launch
from images.launch.services import create_servers
from images.models import FACTS, Image
from images.modify.rules import can_modify, can_tag
from images.modify.services import modify_image
from images.product.rules import can_share
from imsconsole.accounts.models import Draft
from imsconsole.cloud.models import Server
from imsconsole.cloud.system_disk.rules import can_reinstall_os
from imsconsole.core.errors import NotFound
from imsconsole.core.rules import Refused
from imsconsole.jobs.models import Job
from imsconsole.notifications.models import Message
from sharing.ending.services import stop_sharing
from sharing.inbox.services import accept_share, reject_share
from sharing.models import Share
from tests import factories
from tests.conftest import client_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def image(people):
    image = factories.ImageFactory(project=people.bob.project, name="web", os_version=None)
    factories.ImageDiskFactory(image=image)
    factories.FlavorFactory(name="t6-tiny-1", series="t6", memory_mb=1)
    return image


@pytest.fixture
def share(people, image):
    return factories.ShareFactory(image=image, project=people.carol.project, status="accepted")


def seen(people, image):
    images = Image.objects.visible_to(people.carol).with_facts(people.carol, *FACTS)
    return images.select_related("key").get(pk=image.pk)


def launch(people, image):
    flavor = factories.FlavorFactory(name="t6-tiny-1", series="t6", memory_mb=1)
    return create_servers(image=image, flavor=flavor, name="theirs", user_data="#!", actor=people.carol)


def a_server(people, image, **fields):
    flavor = factories.FlavorFactory(name="t6-tiny-1", series="t6", memory_mb=1)
    server = factories.ServerFactory(
        project=people.carol.project, image=image, ref="there", flavor=flavor, **fields
    )
    factories.DiskFactory(server=server, image=image)
    return server


# use -------------------------------------------------------------------------------------------------


def test_servers_are_made_from_it_and_their_os_is_changed_to_it(people, share):  # R29
    other = a_server(people, factories.ImageFactory(project=people.carol.project))
    (server,) = launch(people, share.image)
    assert (server.project, server.image) == (people.carol.project, share.image)
    assert change_os(other, image=share.image, user_data="#!", actor=people.carol).status == "changing-os"


def test_servers_are_made_from_it_in_every_zone_of_the_region(people, share):  # R105
    flavor, region = factories.FlavorFactory(name="t6-tiny-1", series="t6", memory_mb=1), people.carol.region
    zones = [*region.zones.all(), factories.ZoneFactory(region=region, code="cn-north-4z")]
    for zone in zones:
        what = {"image": share.image, "flavor": flavor, "zone": zone, "name": "theirs", "user_data": "#!"}
        (server,) = create_servers(**what, actor=people.carol)
        assert server.zone == zone
    assert len(zones) > 1


def test_its_owner_uses_it_as_before(people, share):  # R104
    image = Image.objects.with_facts(people.bob, *FACTS).get()
    for rule in (can_launch, can_modify, can_tag, can_copy, can_export, can_delete, can_share):
        assert rule(image, people.bob)
    copy_image(image, name="copy", actor=people.bob)
    assert modify_image(image, wanted={"name": "renamed"}, actor=people.bob).name == "renamed"
    assert seen(people, image).name == "renamed"


@pytest.mark.parametrize("status", ["pending", "rejected"])
def test_before_it_is_accepted_its_id_is_of_no_use(people, share, status):  # R11
    Share.objects.update(status=status)
    with pytest.raises(NotFound):
        launch(people, share.image)
    with pytest.raises(Refused):
        copy_image(share.image, name="mine", actor=people.carol)


def test_it_stands_in_every_choice_of_an_image(people, share):
    client = client_of(people.carol)
    server = a_server(people, factories.ImageFactory(project=people.carol.project))
    for url in (reverse("servers-create"), reverse("servers-change-os", args=[server.pk])):
        chosen = (
            client.get(url, {"tab": "shared"}) if "create" in url else client.post(url, {"tab": "shared"})
        )
        assert share.image in [choice.thing for choice in chosen.context["form"]["image"].picks]
    begun = client.get(reverse("servers-create"), {"image": str(share.image_id)})
    assert share.image in [choice.thing for choice in begun.context["form"]["image"].picks]
    found = client.get(reverse("images:choose"), {"need": "shared"})
    assert share.image.name in found.content.decode()


def test_its_row_offers_to_reject_it_and_the_owner_s_row_does_not(people, share):
    rejecting = reverse("sharing:reject-image", args=[share.image_id])
    assert (
        rejecting in client_of(people.carol).get(reverse("images:list"), {"tab": "shared"}).content.decode()
    )
    assert rejecting not in client_of(people.bob).get(reverse("images:list")).content.decode()


def test_a_copy_is_the_receiver_s_own(people, share):  # R24, R109
    copy = copy_image(share.image, name="mine", actor=people.carol)
    assert (copy.project, copy.category) == (people.carol.project, "private")
    stop_sharing(share, actor=people.bob)
    assert Image.objects.owned_by(people.carol).get() == copy


def test_full_ecs_images_are_not_copied(people, share):  # R109
    Image.objects.filter(pk=share.image_id).update(type="full")
    assert can_copy(seen(people, share.image), people.carol).code == "full-image"


def test_a_copy_of_an_encrypted_image_has_a_key_of_the_receiver(people, share):  # R109
    image = share.image
    image.key = factories.KeyFactory(project=people.bob.project)
    image.save()
    factories.KeyGrantFactory(key=image.key, grantee=people.carol.project)
    own = factories.KeyFactory(project=people.carol.project)
    granted = factories.KeyGrantFactory(
        key=factories.KeyFactory(project=people.bob.project), grantee=people.carol.project
    ).key
    assert can_copy(seen(people, image), people.carol)
    assert fits_key(image, None, people.carol).code == "own-key-needed"
    assert fits_key(image, granted, people.carol).code == "own-key-needed"
    assert fits_key(image, own, people.carol).code != "own-key-needed"

    image.key.grants.all().delete()  # R48
    assert can_copy(seen(people, image), people.carol).code == "key-not-granted"


# loss ------------------------------------------------------------------------------------------------


def lose(people, share, how):
    if how == "stopped":
        stop_sharing(share, actor=people.bob)
    elif how == "rejected":
        reject_share(share, actor=people.carol)
    else:
        delete_image(share.image, from_all=True, actor=people.bob)


LOSSES = ["stopped", "rejected", "deleted"]


@pytest.mark.slow(reason="every page that may show an image is drawn")
@pytest.mark.parametrize("how", LOSSES)
def test_a_lost_image_is_gone_from_every_page_and_by_its_id(people, share, how):  # R102
    server = a_server(people, factories.ImageFactory(project=people.carol.project))
    lose(people, share, how)
    client = client_of(people.carol)
    for url in (
        "/images/?tab=shared",
        "/images/?tab=private&q=web",
        reverse("images:export-csv") + "?tab=shared",
    ):
        response = client.get(url)
        text = b"".join(getattr(response, "streaming_content", [])) or response.content
        assert str(share.image_id) not in text.decode(), url
    for name in ("images:detail", "images:copy", "images:modify", "sharing:share"):
        assert client.get(reverse(name, args=[share.image_id])).status_code == 404
    with pytest.raises(NotFound):
        launch(people, share.image)
    with pytest.raises(NotFound):
        change_os(server, image=share.image, user_data="#!", actor=people.carol)
    with pytest.raises((NotFound, Refused)):
        copy_image(share.image, name="mine", actor=people.carol)


@pytest.mark.parametrize("how", LOSSES)
def test_a_half_filled_order_ends_when_its_image_is_lost(people, share, how):  # R102
    client, flavor = client_of(people.carol), factories.FlavorFactory(name="t6-tiny-1")
    zone = people.carol.region.zones.first()
    order = {
        "action": "confirm", "image": str(share.image_id), "flavor": flavor.pk, "zone": zone.pk, "count": 1,
        "system_disk_gb": 1, "data_disks": 0, "name": "late", "login": "none", "user_data": "#!",
    }  # fmt: skip
    assert client.post(reverse("servers-create"), order).status_code == 302
    draft = Draft.objects.get(user=people.carol.user)
    lose(people, share, how)

    page = client.post(reverse("servers-create-confirm", args=[draft.pk]), follow=True)
    assert "is gone meanwhile" in page.content.decode()
    assert not Server.objects.exists()


@pytest.mark.parametrize("how", LOSSES)
def test_a_half_filled_change_of_os_and_copy_end_with_it_too(people, share, how):  # R102
    server = a_server(people, factories.ImageFactory(project=people.carol.project), status="stopped")
    client, change = client_of(people.carol), reverse("servers-change-os", args=[server.pk])
    order = {
        "action": "confirm",
        "image": str(share.image_id),
        "system_disk_gb": 1,
        "login": "none",
        "user_data": "#!",
    }
    confirm = client.post(change, order)
    copying = client.post(reverse("images:copy", args=[share.image_id]), {"kind": "here"})
    assert (confirm.status_code, copying.status_code) == (302, 302)
    lose(people, share, how)

    assert "is gone meanwhile" in client.post(confirm.url, follow=True).content.decode()
    left = client.get(copying.url, follow=True)
    assert "or is not shared any more" in left.content.decode()
    assert str(share.image_id) not in left.content.decode()
    assert not Job.objects.exists()


@pytest.mark.slow(reason="pages of a server are drawn before and after its image is lost")
@pytest.mark.parametrize("how", ["stopped", "rejected"])
def test_a_server_of_a_lost_image_says_so_and_cannot_be_reinstalled(people, share, how):  # R138
    server = a_server(people, share.image)
    assert can_reinstall_os(server, people.carol)
    lose(people, share, how)

    assert can_reinstall_os(server, people.carol).code == "original-image-withdrawn"
    with pytest.raises((NotFound, Refused)):
        reinstall_os(server, user_data="#!", actor=people.carol)
    Image.objects.filter(pk=share.image_id).update(name="what-it-is-called-now")
    disk = server.disks.get()
    for url in (server.get_absolute_url(), reverse("servers:list")):
        assert "is not shared with this project any more" in told_to(people.carol, url)
    for url in (
        server.get_absolute_url(), reverse("servers:list"), reverse("servers-change-os", args=[server.pk]),
        reverse("disks:list") + "?columns=image", disk.get_absolute_url(), reverse("disks:export"),
    ):  # fmt: skip
        page = told_to(people.carol, url)
        assert "An image not shared any more" in page, url
        assert "what-it-is-called-now" not in page, url
        assert share.image.get_absolute_url() not in page, url


def told_to(actor, url):
    """What a page or a file says."""
    answer = client_of(actor).get(url)
    assert answer.status_code == 200, url
    return b"".join(answer.streaming_content).decode() if answer.streaming else answer.content.decode()


def test_servers_of_lost_images_are_known_in_the_query_that_lists_them(
    people, share, django_assert_max_num_queries
):  # R102
    a_server(people, share.image)
    client, url = client_of(people.carol), reverse("servers:list")
    lose(people, share, "stopped")
    client.get(url)
    with django_assert_max_num_queries(100) as one:
        client.get(url)
    for number in range(9):
        a_server(people, share.image, name=f"web-{number}")
    with django_assert_max_num_queries(len(one)):
        page = client.get(url).content.decode()
    assert page.count("An image not shared any more") == 10


def test_a_server_of_an_image_that_is_shared_again_can_be_reinstalled(people, share):
    server = a_server(people, share.image)
    stop_sharing(share, actor=people.bob)
    again = factories.ShareFactory(image=share.image, project=people.carol.project)
    assert not can_reinstall_os(server, people.carol)
    accept_share(again, actor=people.carol)
    assert can_reinstall_os(server, people.carol)


def test_a_deleted_image_comes_back_to_who_had_it_and_they_are_told(people, share):
    factories.ShareFactory(image=share.image, status="pending")
    image = delete_image(share.image, from_all=True, actor=people.bob)
    assert not Share.objects.visible_to(people.carol)
    restore_image(image, actor=people.bob)

    assert seen(people, image).pk == image.pk
    assert [(told.user, told.code) for told in Message.objects.order_by("created_at")] == [
        (people.carol.user, "shared-image-deleted"),
        (people.carol.user, "shared-image-restored"),
    ]


@pytest.mark.slow(reason="the queries of a page are counted with few rows and with many")
def test_the_tab_of_shared_images_costs_the_same_with_one_and_with_a_hundred(
    people, share, django_assert_max_num_queries
):
    client, url = client_of(people.carol), "/images/?tab=shared&per_page=100"
    client.get(url)
    with django_assert_max_num_queries(100) as one:
        client.get(url)
    for _ in range(99):
        more = factories.ImageFactory(project=people.bob.project)
        factories.ShareFactory(image=more, project=people.carol.project, status="accepted")
    with django_assert_max_num_queries(len(one)):
        page = client.get(url)
    assert len(page.context["table"].paginated_rows) == 100
