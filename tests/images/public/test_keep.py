"""What operators say of public images: hidden, protected, deprecated, release notes. Through the admin, with a trace."""

from datetime import date

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from images.models import Image, ReleaseNote
from images.public.services import deprecate_image, hide_image, undeprecate_image, write_release_note
from imsconsole.accounts.models import Project, Region
from imsconsole.audit.models import Event
from imsconsole.core.rules import Refused
from imsconsole.jobs.models import Job
from tests import factories

pytestmark = pytest.mark.django_db
LIST = "/admin/images/image/"
TODAY = date.today()


@pytest.fixture
def client(operator):
    client = Client()
    client.force_login(operator)
    return client


@pytest.fixture
def old(people):
    return factories.PublicImageFactory(name="Debian 11", region=people.bob.region)


@pytest.fixture
def new(people):
    return factories.PublicImageFactory(name="Debian 12", region=people.bob.region)


def act(client: Client, action: str, *images: Image, **fields: str):
    return client.post(
        LIST, {"action": action, "_selected_action": [str(image.pk) for image in images], **fields}
    )


@pytest.mark.parametrize(
    ("action", "field", "value", "trace"),
    [
        ("hide", "hidden", True, "hideImage"),
        ("show", "hidden", False, "showImage"),
        ("release", "released", True, "releaseImage"),
        ("withhold", "released", False, "withholdImage"),
        ("protect", "protected", True, "protectImage"),
        ("unprotect", "protected", False, "unprotectImage"),
    ],
)
def test_an_operator_hides_and_protects_with_a_trace(client, operator, old, action, field, value, trace):
    Image.objects.filter(pk=old.pk).update(**{field: not value})
    before = old.updated_at
    assert act(client, action, old).status_code == 302
    old.refresh_from_db()
    assert (getattr(old, field), old.updated_at > before) == (value, True)
    event = Event.objects.get(action=trace)
    assert (event.user, event.resource_id, event.account.name) == (operator, str(old.pk), "Platform")


def test_private_images_are_refused_by_name(client, people):
    private = factories.ImageFactory(project=people.bob.project, name="mine")
    answer = client.post(
        LIST, {"action": "hide", "_selected_action": [str(private.pk)]}, follow=True
    ).content.decode()
    assert "mine is not a public image" in answer
    private.refresh_from_db()
    assert not private.hidden


def test_the_form_of_an_image_changes_nothing(client, old):
    url = reverse("admin:images_image_change", args=[old.pk])
    assert 'name="hidden"' not in client.get(url).content.decode()
    assert client.post(url, {"hidden": "on"}).status_code == 403


def test_an_image_is_deprecated_with_a_date_and_a_successor(client, old, new):
    page = act(client, "deprecate", old)
    assert page.status_code == 200
    assert "Debian 12" in page.content.decode()
    old.refresh_from_db()
    assert old.deprecated_on is None

    answer = act(client, "deprecate", old, apply="1", on="2026-06-30", successor="Debian 12")
    assert answer.status_code == 302
    old.refresh_from_db()
    assert (old.deprecated_on, old.successor) == (date(2026, 6, 30), new)
    assert Event.objects.filter(action="deprecateImage", resource_id=str(old.pk)).exists()

    act(client, "undeprecate", old)
    old.refresh_from_db()
    assert (old.deprecated_on, old.successor) == (None, None)


@pytest.mark.parametrize(
    "fields",
    [
        {"on": ""},
        {"on": "soon"},
        {"on": "9999-01-01"},
        {"on": "2026-06-30", "successor": "Debian 99"},
        {"on": "2026-06-30", "successor": "Debian 11"},
    ],
)
def test_a_wrong_deprecation_is_said_and_nothing_changes(client, old, new, fields):
    assert act(client, "deprecate", old, apply="1", **fields).status_code == 422
    old.refresh_from_db()
    assert old.deprecated_on is None


def test_the_successor_is_looked_for_in_the_image_s_own_region(client, old, new, people):
    elsewhere = factories.PublicImageFactory(
        name="Debian 11", region=factories.RegionFactory(code="cn-south-1")
    )
    answer = act(client, "deprecate", old, elsewhere, apply="1", on="2026-06-30", successor="Debian 12")
    assert answer.status_code == 422
    assert "cn-south-1" in answer.content.decode() or elsewhere.region.name in answer.content.decode()
    assert not Image.objects.filter(deprecated_on__isnull=False).exists()


def test_only_the_platform_keeps_public_images(old, new, people):
    for actor in (people.alice, people.bob, people.dave, people.carol):
        with pytest.raises(Refused, match="operators-only"):
            hide_image(old, actor=actor)
        with pytest.raises(Refused, match="operators-only"):
            deprecate_image(old, on=TODAY, actor=actor)
        with pytest.raises(Refused, match="operators-only"):
            write_release_note(images=[old], published_on=TODAY, text="x", actor=actor)


def test_a_slip_of_the_pen_in_the_year_of_a_release_note_is_caught(old, platform):
    with pytest.raises(Refused, match="date-far"):
        write_release_note(images=[old], published_on=TODAY.replace(year=202), text="x", actor=platform)
    assert not ReleaseNote.objects.exists()


def test_an_image_does_not_follow_itself_nor_one_that_is_given_up_or_gone(platform, old, new):
    elsewhere = factories.PublicImageFactory(region=factories.RegionFactory(code="cn-south-1"))
    for successor in (old, elsewhere):
        with pytest.raises(Refused, match="successor-place"):
            deprecate_image(old, on=TODAY, successor=successor, actor=platform)
    deprecate_image(new, on=TODAY, actor=platform)
    with pytest.raises(Refused, match="successor-old"):
        deprecate_image(old, on=TODAY, successor=new, actor=platform)
    undeprecate_image(new, actor=platform)
    gone = factories.PublicImageFactory(region=old.region, status="deleted")
    for image, successor in ((old, gone), (gone, new)):
        with pytest.raises(Refused, match="not-public"):
            deprecate_image(image, on=TODAY, successor=successor, actor=platform)
    assert deprecate_image(old, on=TODAY, successor=new, actor=platform).successor == new


def test_a_release_note_is_written_about_several_images_at_once(client, old, new):
    assert act(client, "write_note", old, new).status_code == 200
    answer = act(
        client, "write_note", old, new, apply="1", published_on="2026-05-01", text="Fixes", text_zh="修复"
    )
    assert answer.status_code == 302
    note = ReleaseNote.objects.get()
    assert set(note.images.all()) == {old, new}
    assert Event.objects.filter(action="writeReleaseNote").exists()
    assert act(client, "write_note", old, apply="1", published_on="2026-05-01", text="").status_code == 422
    assert client.get("/admin/images/releasenote/").status_code == 200


def test_an_operator_fetches_cancels_and_retries_in_the_catalogue(client, operator, publisher, platform):
    page = "/admin/images/publicsource/"
    shown = client.get(page).content.decode()
    assert "Not checked yet" in shown
    assert client.post(page, {"do": "fetch", "key": "one", "boot_mode": "bios"}).status_code == 302
    job = Job.objects.get(kind="image.fetch")
    assert (job.user, job.project.account.name) == (operator, "Platform")
    assert "Waiting" in client.get(page).content.decode()

    client.post(page, {"do": "cancel", "key": "one"})
    job.refresh_from_db()
    assert job.state == Job.State.CANCELLED
    Job.objects.filter(pk=job.pk).update(state=Job.State.FAILED)
    client.post(page, {"do": "retry", "key": "one"})
    job.refresh_from_db()
    assert job.state == Job.State.QUEUED

    for wrong in ({"do": "fetch", "key": "none"}, {"do": "cancel", "key": "packed"}, {}):
        assert client.post(page, wrong).status_code == 302


def test_staff_without_the_permission_may_not_fetch(client, operator, publisher, people):
    operator.is_superuser = False
    operator.save()
    assert client.get("/admin/images/publicsource/").status_code == 403
    assert client.post("/admin/images/publicsource/", {"do": "fetch", "key": "one"}).status_code == 403
    assert not Job.objects.exists()


def test_a_broken_catalogue_is_said_in_the_admin(client, settings, tmp_path, people):
    settings.IMS_PUBLIC_CATALOGUE = str(tmp_path / "none.toml")
    assert "cannot be used" in client.get("/admin/images/publicsource/").content.decode()


def test_looking_at_the_catalogue_writes_nothing(client, publisher, people):
    assert client.get("/admin/images/publicsource/").status_code == 200
    assert not Project.objects.filter(account__name="Platform").exists()


def test_the_catalogue_asks_as_much_for_much_work_as_for_little(client, publisher, platform):
    page = "/admin/images/publicsource/"

    def queries(*keys: str) -> int:
        for key in keys:
            client.post(page, {"do": "fetch", "key": key})
            client.post(page, {"do": "cancel", "key": key})
        client.get(page)  # with the messages of the posts
        with CaptureQueriesContext(connection) as asked:
            client.get(page)
        return len(asked)

    assert queries("one") == queries("one", "packed", "one", "packed")
    assert Job.objects.filter(state=Job.State.CANCELLED).count() == 5


def test_without_a_region_there_is_nowhere_to_fetch_to(client, publisher):
    Region.objects.all().delete()
    answer = client.post("/admin/images/publicsource/", {"do": "fetch", "key": "one"}, follow=True)
    assert "no region yet" in answer.content.decode()
    with pytest.raises(CommandError, match="no region yet"):
        call_command("fetch_public_image", "one")
