"""The tags of an image: rule, service, page."""

import pytest
from django.urls import reverse

from images.models import Image
from images.modify.rules import can_tag
from images.modify.services import TAGS
from imsconsole.audit.models import Event
from imsconsole.core.errors import Conflict
from imsconsole.core.rules import Refused
from tests import factories
from tests.conftest import client_of

pytestmark = pytest.mark.django_db


def an_image(actor, **tags):
    image = factories.ImageFactory(project=actor.project)
    for key, value in tags.items():
        image.tags.create(key=key, value=value)
    return image


def page_of(image):
    return reverse("images:tag", args=[image.pk])


def rows(*pairs, seen=""):
    return {
        "initial-tags": seen,
        "tags-key": [key for key, _ in pairs],
        "tags-value": [value for _, value in pairs],
    }


def tags_of(image):
    return Image.objects.get(pk=image.pk).tag_values


@pytest.mark.parametrize(
    ("name", "code"), [("alice", ""), ("bob", ""), ("dave", "read-only"), ("carol", "not-owner")]
)
def test_r97_tags_are_the_owners(people, name, code):
    assert can_tag(an_image(people.bob), getattr(people, name)).code == code


def test_public_images_and_deleted_ones_are_not_tagged(people):
    assert can_tag(factories.PublicImageFactory(), people.bob).code == "public-image"
    for status in Image.Status.values:
        image = factories.ImageFactory(project=people.bob.project, status=status)
        assert can_tag(image, people.bob).code == ("deleted" if status in ("deleted", "trashed") else "")


def test_the_trail_says_which_tags_there_were_and_are(people):
    image = an_image(people.bob, env="test", old="1", kept="2")
    TAGS.change(image, tags={"env": "prod", "kept": "2", "tier": ""}, actor=people.bob)

    assert tags_of(image) == {"env": "prod", "kept": "2", "tier": ""}
    assert [(event.action, event.sentence) for event in Event.objects.order_by("pk")] == [
        ("deleteTag", "old=1"),
        ("addTag", "env=test → env=prod, tier"),
    ]
    TAGS.change(image, tags={"env": "prod", "kept": "2", "tier": "", "new": "3"}, actor=people.bob)
    assert Event.objects.first().sentence == "new=3"


def test_an_image_has_at_most_ten(people):
    image = an_image(people.bob)
    with pytest.raises(Refused, match="too-many-tags"):
        TAGS.change(image, tags={f"k{n}": "" for n in range(11)}, actor=people.bob)
    TAGS.change(image, tags={f"k{n}": "" for n in range(10)}, actor=people.bob)
    assert len(tags_of(image)) == 10


def test_who_did_not_see_the_present_tags_overwrites_none(people):
    image = an_image(people.bob, env="test")
    TAGS.change(image, tags={"env": "prod"}, seen={"env": "test"}, actor=people.alice)
    with pytest.raises(Conflict):
        TAGS.change(image, tags={}, seen={"env": "test"}, actor=people.bob)
    assert tags_of(image) == {"env": "prod"}


def test_rows_are_added_changed_and_deleted_in_one_form(people):
    image = an_image(people.bob, env="test", old="x")
    client = client_of(people.bob)
    page = client.get(page_of(image)).content.decode()
    assert page.count('name="tags-key"') == 5  # two, and three to fill in
    answer = client.post(
        page_of(image), rows(("env", "prod"), ("", ""), ("新", "a b"), seen="env=test\r\nold=x")
    )

    assert answer.status_code == 302
    assert tags_of(image) == {"env": "prod", "新": "a b"}


def test_ten_tags_leave_no_empty_row(people):
    image = an_image(people.bob, **{f"k{n}": "" for n in range(10)})
    assert client_of(people.bob).get(page_of(image)).content.decode().count('name="tags-key"') == 10


@pytest.mark.parametrize(
    ("pairs", "sentence"),
    [
        ([("", "value")], "The key of a tag has 1 to 36 characters"),
        ([("k" * 37, "")], "The key of a tag has 1 to 36 characters"),
        ([("k", "v" * 44)], "its value up to 43"),
        ([("a<b", "")], "A tag contains none of"),
        ([("a=b", "c")], "A tag contains none of"),
        ([("a", "1"), ("a", "2")], "is there twice"),
        ([(f"k{n}", "") for n in range(11)], "at most 10 tags"),
    ],
)
def test_what_is_typed_wrong_is_said_and_kept(people, pairs, sentence):
    image = an_image(people.bob)
    answer = client_of(people.bob).post(page_of(image), rows(*pairs))

    assert answer.status_code == 422
    assert sentence in answer.content.decode()
    assert tags_of(image) == {}


def test_a_conflict_shows_both_and_either_can_be_taken(people):
    image = an_image(people.bob, env="test")
    bob = client_of(people.bob)
    TAGS.change(image, tags={"env": "alices"}, actor=people.alice)
    answer = bob.post(page_of(image), rows(("env", "bobs"), seen="env=test"))
    page = answer.content.decode()

    assert answer.status_code == 409
    assert "Take “env=alices” instead" in page
    assert 'value="bobs"' in page
    assert '<input type="hidden" name="initial-tags" value="env=alices"' in page
    taken = {**rows(("env", "bobs"), seen="env=alices"), "take": "tags"}
    assert bob.post(page_of(image), taken).status_code == 302
    assert tags_of(image) == {"env": "alices"}
    assert bob.post(page_of(image), rows(("env", "bobs"), seen="env=alices")).status_code == 302
    assert tags_of(image) == {"env": "bobs"}


def test_tags_on_the_page_lead_to_the_images_that_have_them(people):
    image = an_image(people.bob, **{"a&b": "c d"})
    an_image(people.bob, other="x")
    client = client_of(people.bob)
    address = f"{reverse('images:list')}?tab=private&amp;tag=a%26b=c%20d"
    assert address in client.get(image.get_absolute_url()).content.decode()

    found = client.get(address.replace("&amp;", "&"))
    assert [row.record.pk for row in found.context["table"].paginated_rows] == [image.pk]


def test_who_only_reads_sees_why_and_a_stranger_finds_nothing(people):
    image = an_image(people.bob)
    dave = client_of(people.dave)
    assert "Your role in this project is read-only" in dave.get(page_of(image)).content.decode()
    assert dave.post(page_of(image), rows(("a", "b"))).status_code == 409
    carol = client_of(people.carol)
    assert [carol.get(page_of(image)).status_code, carol.post(page_of(image)).status_code] == [404, 404]
