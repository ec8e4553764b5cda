"""The trash on the screen: its tab, restoring and deleting for ever, one and several."""

from datetime import timedelta
from urllib.parse import quote

import pytest
from django.urls import reverse

from images.delete.services import delete_image
from images.models import Image
from imsconsole.audit.models import Event
from imsconsole.core.now import now
from imsconsole.core.project_urls import bare
from tests import factories
from tests.conftest import client_of

pytestmark = pytest.mark.django_db
LIST = reverse("images:list") + "?tab=trash"
RESTORE, PURGE = "images:restore-several", "images:purge-several"


@pytest.fixture
def web(people):
    """An image of Bob's in the trash."""
    return delete_image(factories.ImageFactory(project=people.bob.project, name="web"), actor=people.bob)


def names_in(actor, tab):
    return set(client_of(actor).get(f"{reverse('images:list')}?tab={tab}").context["table"].data.data.values_list(
        "name", flat=True
    ))  # fmt: skip


def send(actor, name, images=(), **data):
    pick = ",".join(str(image.pk) for image in images)
    return client_of(actor).post(reverse(name), {"state": "tab=trash", "pick": pick, **data}, follow=True)


def text_of(page):
    return " ".join(page.content.decode().split())


# the tab


@pytest.mark.slow(reason="the trash is looked at by each of four people")
def test_the_trash_is_its_projects_own(people, web):
    for actor in (people.alice, people.bob, people.dave):
        assert names_in(actor, "trash") == {"web"}
        assert names_in(actor, "private") == set()
    assert names_in(people.carol, "trash") == set()
    row = text_of(client_of(people.bob).get(LIST))
    assert "Kept until" in row
    assert "Deleted by" in row
    assert ">bob<" in row


def test_its_file_is_the_same_list(people, web):
    text = b"".join(client_of(people.bob).get(f"{reverse('images:export-csv')}?tab=trash")).decode()
    assert "web" in text
    assert "Kept until" in text
    assert (
        "web"
        not in b"".join(client_of(people.bob).get(f"{reverse('images:export-csv')}?tab=private")).decode()
    )


@pytest.mark.slow(reason="the trash is drawn for each status")
def test_one_finds_by_the_status_it_comes_back_with(people, web):
    for status, found in (("active", ["web"]), ("frozen", [])):
        page = client_of(people.bob).get(f"{LIST}&status={status}")
        assert [image.name for image in page.context["table"].data.data] == found


@pytest.mark.parametrize("verb", ["detail", "delete", "modify", "tag"])
def test_by_its_id_nobody_gets_at_it(people, web, verb):
    for actor in (people.alice, people.bob, people.dave, people.carol):
        assert client_of(actor).get(reverse(f"images:{verb}", args=[web.pk])).status_code == 404


def test_no_picker_offers_it_and_a_half_filled_wizard_loses_it(people, web):
    server = factories.ServerFactory(project=people.bob.project, ref="there")
    client = client_of(people.bob)
    for page in (
        f"{reverse('servers-create')}?image={web.pk}",
        f"{reverse('servers-create')}?tab=private",
        f"{reverse('servers-change-os', args=[server.pk])}?image={web.pk}&tab=private",
        f"{reverse('images:choose')}?need=same",
    ):
        answer = client.get(page)
        assert answer.status_code in (200, 404)
        asked = {
            f"image={web.pk}",
            quote(f"image={web.pk}"),
        }  # in the addresses of forms, and of the way back
        rest = text_of(answer)
        for each in asked:
            rest = rest.replace(each, "")
        assert str(web.pk) not in rest


@pytest.mark.slow(reason="the queries of a page are counted with few rows and with many")
def test_the_list_asks_as_often_for_a_hundred_as_for_one(people, django_assert_num_queries):
    client, project = client_of(people.bob), people.bob.project
    kept = {"status": "trashed", "status_before": "active", "kept_until": now() + timedelta(days=1)}
    factories.ImageFactory(project=project, trashed_by=people.bob.user, **kept)
    client.get(LIST)
    with django_assert_num_queries(9):
        client.get(f"{LIST}&per_page=100")
    for _ in range(99):
        factories.ImageFactory(project=project, trashed_by=people.alice.user, **kept)
    with django_assert_num_queries(9):
        client.get(f"{LIST}&per_page=100")


# one


def test_deleting_says_until_when_it_can_be_restored(people):
    image = factories.ImageFactory(project=people.bob.project, name="web")
    client, url = client_of(people.bob), reverse("images:delete", args=[image.pk])
    assert "it lies in the trash and can be restored" in text_of(client.get(url))
    assert "it can be restored from the trash" in text_of(client.post(url, follow=True))


def test_the_box_for_backups_is_there_for_full_ecs_images_only(people):
    project, client = people.bob.project, client_of(people.bob)
    system, full = (
        factories.ImageFactory(project=project),
        factories.ImageFactory(project=project, type="full"),
    )
    url = reverse("images:delete", args=[full.pk])
    assert "delete_backups" in text_of(client.get(url))
    assert "delete_backups" not in text_of(client.get(reverse("images:delete", args=[system.pk])))
    client.post(url, {"delete_backups": "on"})
    full.refresh_from_db()
    assert full.deletes_backups
    assert "Its backups are deleted with it" in text_of(client.get(reverse("images:purge", args=[full.pk])))


def test_restoring_leads_to_the_image(people, web):
    client, url = client_of(people.bob), reverse("images:restore", args=[web.pk])
    assert Image.objects.in_trash(people.bob).exists(), "a GET changes nothing"
    assert client.get(url).status_code == 200
    answer = client.post(url, {"name": "web"})
    assert bare(answer["Location"]) == web.get_absolute_url()
    assert names_in(people.bob, "private") == {"web"}


def test_a_name_that_was_taken_meanwhile_is_asked_for(people, web):
    factories.ImageFactory(project=people.bob.project, name="web")
    client, url = client_of(people.bob), reverse("images:restore", args=[web.pk])
    assert "has an image named “web” already" in text_of(client.get(url))
    answer = client.post(url, {"name": "web"})
    assert answer.status_code == 422
    assert "has an image named “web” already" in text_of(answer)
    client.post(url, {"name": "web-2"})
    assert names_in(people.bob, "private") == {"web", "web-2"}


def test_deleting_for_ever_names_what_uses_it(people, web):
    factories.ServerFactory(project=people.bob.project, image=web, name="shop")
    client, url = client_of(people.bob), reverse("images:purge", args=[web.pk])
    assert "shop" in text_of(client.get(url))
    answer = client.post(url, follow=True)
    assert bare(answer.redirect_chain[0][0]) == LIST
    web.refresh_from_db()
    assert web.status == "deleted"


@pytest.mark.parametrize("verb", ["restore", "purge"])
def test_a_reader_is_refused_and_a_stranger_finds_nothing(people, web, verb):
    url = reverse(f"images:{verb}", args=[web.pk])
    assert "Your role in this project is read-only" in text_of(client_of(people.dave).get(url))
    assert client_of(people.dave).post(url, {"name": "x"}).status_code == 409
    assert client_of(people.carol).post(url, {"name": "x"}).status_code == 404
    web.refresh_from_db()
    assert web.status == "trashed"


# several


@pytest.fixture
def three(people):
    """web-1 to web-3 in the trash; the name of web-3 has been taken since."""
    project = people.bob.project
    images = [factories.ImageFactory(project=project, name=f"web-{n}") for n in (1, 2, 3)]
    images = [delete_image(image, actor=people.bob) for image in images]
    factories.ImageFactory(project=project, name="web-3")
    return images


def test_the_bar_says_what_can_be_done_with_how_many(people, three):
    bar = text_of(send(people.bob, "images:selection", three))
    assert 'Restore <span class="count">2 of 3</span>' in bar
    assert 'Delete for ever <span class="count">3</span>' in bar
    assert "<b>web-3</b>: The project has an image named “web-3” already." in bar


@pytest.mark.slow(reason="the queries of a page are counted with few rows and with many")
def test_the_bar_asks_as_often_for_many_as_for_one(people, django_assert_num_queries):
    images = [
        delete_image(factories.ImageFactory(project=people.bob.project), actor=people.bob) for _ in range(50)
    ]
    client = client_of(people.bob)
    for some in (images[:1], images):
        pick = ",".join(str(image.pk) for image in some)
        with django_assert_num_queries(9):
            client.post(reverse("images:selection"), {"state": "tab=trash", "pick": pick})


@pytest.mark.slow(reason="several images are restored from the trash")
def test_several_are_restored_as_far_as_there_is_room(people, three):
    people.bob.project.quotas = {"images": 2}
    people.bob.project.save(update_fields=["quotas"])
    page = text_of(send(people.bob, RESTORE, three))
    assert "Restore 1 image?" in page
    assert "These stay as they are" in page
    told = text_of(send(people.bob, RESTORE, three, confirm="1"))
    assert "1 image has been restored" in told
    assert "web-3 was not restored" in told
    assert len(names_in(people.bob, "private")) == 2


@pytest.mark.slow(reason="several images are deleted from the trash")
def test_several_are_deleted_for_ever_each_with_a_trace(people, three):
    assert "Delete 2 images for ever?" in text_of(send(people.bob, PURGE, three[:2]))
    send(people.bob, PURGE, three[:2], confirm="1")
    assert names_in(people.bob, "trash") == {"web-3"}
    assert Event.objects.filter(action="purgeImage", result="normal").count() == 2


@pytest.mark.slow(reason="a trash of several images is emptied")
def test_emptying_the_trash_asks_by_a_link_and_takes_what_was_named(people, three):
    client = client_of(people.bob)
    assert f"{reverse(PURGE)}?matching=tab%3Dtrash" in text_of(client.get(LIST))
    page = client.get(reverse(PURGE), {"matching": "tab=trash"})
    assert "Delete 3 images for ever?" in text_of(page)
    assert Image.objects.in_trash(people.bob).count() == 3
    delete_image(factories.ImageFactory(project=people.bob.project, name="later"), actor=people.bob)
    client.post(reverse(PURGE), {"pick": page.context["pick"], "state": "tab=trash", "confirm": "1"})
    assert names_in(people.bob, "trash") == {"later"}


def test_deleting_again_what_is_in_the_trash_says_so(people, three):
    assert "has been deleted already" in text_of(send(people.bob, "images:delete-several", three))


@pytest.mark.slow(reason="the trash is asked for by who may only read")
def test_a_reader_empties_nothing(people, three):
    page = text_of(client_of(people.dave).get(LIST))
    assert "Your role in this project is read-only" in page
    send(people.dave, PURGE, three, confirm="1")
    send(people.dave, RESTORE, three, confirm="1")
    send(people.carol, PURGE, three, confirm="1")
    assert Image.objects.in_trash(people.bob).count() == 3


def test_an_empty_trash_says_what_it_is_for(people, settings):
    assert "The trash is empty" in text_of(client_of(people.bob).get(LIST))
    settings.IMS_TRASH_DAYS = 0
    assert "the trash is switched off" in text_of(client_of(people.bob).get(LIST))


def test_servers_go_on_and_say_that_their_image_is_in_the_trash(people):
    """R87: the server's page does not lead to a page that is not there."""
    server = factories.ServerFactory(project=people.bob.project)
    delete_image(server.image, actor=people.bob)
    page = text_of(client_of(people.bob).get(server.get_absolute_url()))
    assert server.image.get_absolute_url() not in page
    assert "In the trash" in page
