"""Rows chosen over pages: the bar that says what may be done, and deleting several."""

import pytest
from django.urls import reverse

from images.models import Image
from imsconsole.audit.models import Event
from imsconsole.core.project_urls import bare
from tests import factories
from tests.conftest import client_of

pytestmark = pytest.mark.django_db
BAR, DELETE = "images:selection", "images:delete-several"


@pytest.fixture
def three(people):
    """Two that can be deleted and one that is protected, in Bob's project."""
    project = people.bob.project
    return [
        factories.ImageFactory(project=project, name=name, protected=name == "web-3")
        for name in ("web-1", "web-2", "web-3")
    ]


def send(actor, name, images=(), **data):
    pick = ",".join(str(image.pk) for image in images)
    return client_of(actor).post(reverse(name), {"state": "tab=private", "pick": pick, **data})


def left(actor):
    return set(Image.objects.owned_by(actor).values_list("name", flat=True))


def test_the_bar_says_how_many_can_be_deleted_and_why_others_cannot(people, three):
    bar = " ".join(send(people.bob, BAR, three).content.decode().split())

    assert 'Delete <span class="count">2 of 3</span>' in bar
    assert 'Copy <span class="count">3</span>' in bar
    assert "<b>web-3</b>: This image is protected and cannot be deleted." in bar


def test_the_bar_forgets_what_is_no_more_and_offers_all_that_match(people, three):
    gone = factories.ImageFactory(project=people.bob.project, status="deleted")
    theirs = factories.ImageFactory(project=people.carol.project, name="theirs")
    bar = send(people.bob, BAR, [three[0], gone, theirs])

    assert bar.context["gone"] == {gone.pk, theirs.pk}
    assert "theirs" not in bar.content.decode()
    assert "Select all 3 of the list" in bar.content.decode()


def test_the_bar_counts_what_a_query_finds_on_all_pages(people, three):
    bar = send(people.bob, BAR, matching="tab=private&q=web&per_page=10").content.decode()
    bar = " ".join(bar.split())

    assert "3 selected" in bar
    assert 'Delete <span class="count">2 of 3</span>' in bar
    assert "Select all" not in bar


def test_the_box_for_backups_is_there_when_a_full_ecs_image_can_be_deleted(people, three):
    full = factories.ImageFactory(project=people.bob.project, type="full", protected=True)
    assert "delete_backups" not in send(people.bob, DELETE, [*three, full]).content.decode()
    full.protected = False
    full.save()
    assert "delete_backups" in send(people.bob, DELETE, [*three, full]).content.decode()


def test_a_reader_is_told_why_nothing_can_be_deleted(people, three):
    bar = send(people.dave, BAR, three).content.decode()

    assert "Your role in this project is read-only" in bar
    verbs = ("copy", "export", "share", "delete")
    assert [f"/images/{verb}/" in bar for verb in verbs] == [False] * len(verbs)
    assert bar.count('aria-disabled="true"') == len(verbs)


def test_public_images_stay_and_say_so(people):
    image = factories.PublicImageFactory(name="Debian")
    bar = send(people.bob, BAR, [image], state="tab=public").content.decode()

    assert "Public images belong to the platform" in bar


def test_many_chosen_rows_ask_the_database_as_often_as_one(people, django_assert_num_queries):
    images = [factories.ImageFactory(project=people.bob.project) for _ in range(100)]
    client = client_of(people.bob)
    for some in (images[:1], images):
        with django_assert_num_queries(7):
            client.post(
                reverse(BAR), {"state": "tab=private", "pick": ",".join(str(image.pk) for image in some)}
            )


def test_deleting_asks_first_and_names_what_goes_and_what_stays(people, three):
    factories.ServerFactory(project=people.bob.project, image=three[0])
    page = send(people.bob, DELETE, three)
    text = page.content.decode()

    assert "Delete 2 images?" in text
    assert "1 server was made from it" in text
    assert "These stay as they are" in text
    assert page.context["pick"].split(",") == [str(image.pk) for image in (three[1], three[0])]
    assert len(left(people.bob)) == 3


def test_confirming_deletes_them_leaves_a_trace_of_each_and_leads_back_to_the_list_as_it_was(people, three):
    answer = send(people.bob, DELETE, three[:2], state="tab=private&q=web", confirm="1")

    assert bare(answer["Location"]) == f"{reverse('images:list')}?tab=private&q=web"
    assert left(people.bob) == {"web-3"}
    assert Event.objects.filter(action="deleteImage", result="normal").count() == 2


def test_one_that_may_not_be_deleted_by_now_does_not_keep_the_others(people, three):
    client = client_of(people.bob)
    data = {"state": "tab=private", "pick": [str(image.pk) for image in three], "confirm": "1"}
    page = client.post(reverse(DELETE), data, follow=True).content.decode()

    assert left(people.bob) == {"web-3"}
    assert "2 images have been deleted: web-2, web-1." in page
    assert "web-3 was not deleted: This image is protected" in page


def test_only_what_was_named_is_deleted_though_more_matches_by_then(people, three):
    page = send(people.bob, DELETE, matching="tab=private&q=web")
    factories.ImageFactory(project=people.bob.project, name="web-4")
    client_of(people.bob).post(
        reverse(DELETE), {"pick": page.context["pick"], "state": "tab=private", "confirm": "1"}
    )

    assert left(people.bob) == {"web-3", "web-4"}


def test_a_reader_and_a_stranger_delete_nothing(people, three):
    for actor in (people.dave, people.carol):
        send(actor, DELETE, three, confirm="1")
        send(actor, DELETE, matching="tab=private", confirm="1")

    assert left(people.bob) == {"web-1", "web-2", "web-3"}
    assert not Event.objects.filter(action="deleteImage").exists()


@pytest.mark.slow(reason="a list is sent with each kind of nothing and drawn again")
@pytest.mark.parametrize("pick", ["", "no-id", "00000000-0000-0000-0000-000000000000", "a" * 10000])
def test_choosing_nothing_that_is_there_says_so(people, three, pick):
    client = client_of(people.bob)
    page = client.post(reverse(DELETE), {"pick": pick, "confirm": "1"}, follow=True).content.decode()

    assert "No image is selected" in page
    assert len(left(people.bob)) == 3


def test_asking_without_a_choice_leads_to_the_list(people):
    answer = client_of(people.bob).get(reverse(DELETE))

    assert bare(answer["Location"]) == f"{reverse('images:list')}?tab=private"
