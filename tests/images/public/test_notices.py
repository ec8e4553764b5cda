"""What people see of an operator's words about public images."""

from datetime import date, timedelta

import pytest
from django.utils import translation
from django.utils.formats import date_format

from images.models import Image
from images.public.services import deprecate_image, write_release_note
from imsconsole.core.project_urls import bare
from imsconsole.notifications.models import Message
from tests import factories
from tests.conftest import client_of

pytestmark = pytest.mark.django_db
TODAY = date.today()
NOTES = "/images/release-notes/"


@pytest.fixture
def old(people):
    return factories.PublicImageFactory(name="Alpha 1", region=people.bob.region)


@pytest.fixture
def new(people):
    return factories.PublicImageFactory(name="Beta 2", region=people.bob.region)


def test_members_of_projects_with_servers_from_it_are_told_once(platform, people, old, new):
    factories.ServerFactory(project=people.bob.project, image=old)
    gone = factories.ServerFactory(project=people.carol.project, image=old)
    type(gone).objects.filter(pk=gone.pk).update(deleted_at="2026-01-01T00:00Z")

    for _ in range(2):
        deprecate_image(old, on=date(2026, 6, 30), successor=new, actor=platform)

    told = {message.user.username: message for message in Message.objects.select_related("user")}
    assert set(told) == {"alice", "bob", "dave"}
    assert "Alpha 1" in told["bob"].sentence
    assert "Beta 2" in told["bob"].sentence
    assert bare(told["bob"].page) == old.get_absolute_url()
    assert Message.objects.count() == 3


def test_a_deprecated_image_says_so_wherever_it_is_shown_and_stands_last(platform, people, old, new):
    deprecate_image(old, on=TODAY, successor=new, actor=platform)
    client = client_of(people.bob)

    listed = client.get("/images/?tab=public").content.decode()
    assert "Deprecated" in listed
    assert listed.index("Beta 2") < listed.index("Alpha 1")
    assert new.get_absolute_url() in client.get(old.get_absolute_url()).content.decode()
    launch = client.get("/servers/create/", {"image": old.pk})
    assert "Better take Beta 2" in launch.content.decode()
    assert [pick.thing for pick in launch.context["form"]["image"].picks] == [new, old]
    assert Image.objects.get(pk=old.pk).is_active


def test_what_is_announced_for_later_says_the_day(platform, people, old):
    day = TODAY + timedelta(days=30)
    deprecate_image(old, on=day, actor=platform)
    assert not Image.objects.get(pk=old.pk).is_deprecated
    page = client_of(people.bob).get(old.get_absolute_url()).content.decode()
    assert f"From {date_format(day)} on this image is not kept up" in page


def test_release_notes_are_read_in_one_s_own_language(platform, people, old):
    told = {"text": "Fixes <b>", "text_zh": "修复漏洞"}
    note = write_release_note(images=[old], published_on=TODAY, **told, actor=platform)
    assert note.created_by == platform.user
    client = client_of(people.bob)
    for page in (old.get_absolute_url(), NOTES):
        assert "Fixes &lt;b&gt;" in client.get(page).content.decode()
        assert "修复漏洞" in client.get(page, headers={"Accept-Language": "zh-CN"}).content.decode()
    with translation.override("zh-hans"):
        assert old.release_notes.get().shown == "修复漏洞"


def test_notes_about_images_one_cannot_choose_are_not_shown(platform, people, old):
    elsewhere = factories.PublicImageFactory(region=factories.RegionFactory(code="eu-west-1"))
    hidden = factories.PublicImageFactory(region=people.bob.region, hidden=True)
    for image, text in ((elsewhere, "far away"), (hidden, "withdrawn")):
        write_release_note(images=[image], published_on=TODAY, text=text, actor=platform)
    page = client_of(people.bob).get(NOTES).content.decode()
    assert "far away" not in page
    assert "withdrawn" not in page
    assert "No release notes yet" in page


@pytest.mark.parametrize("page", ["0", "9999", "x"])
def test_a_page_that_does_not_exist_is_answered(people, page):
    assert client_of(people.bob).get(NOTES, {"page": page}).status_code == 200


def test_the_page_of_notes_asks_as_much_for_many_as_for_one(
    platform, people, old, django_assert_max_num_queries
):
    def queries(client):
        with django_assert_max_num_queries(100) as counted:
            client.get(NOTES)
        return len(counted.captured_queries)

    client = client_of(people.bob)
    write_release_note(images=[old], published_on=TODAY, text="one", actor=platform)
    client.get(NOTES)
    few = queries(client)
    for number in range(40):
        write_release_note(images=[old], published_on=TODAY, text=f"note {number}", actor=platform)
    assert queries(client) == few
