"""Who knows what a project is called, the note of a share, and the address book."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from imsconsole.audit.models import Event
from imsconsole.core.rules import Refused
from imsconsole.notifications.models import Message
from sharing.inbox.services import accept_share, reject_share
from sharing.models import Recipient, Share
from sharing.share.orders import names_of
from sharing.share.recipients import recent_of
from sharing.share.services import forget_recipient, share_image
from tests import factories
from tests.conftest import client_of
from tests.support.files import file_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def image(people):
    return factories.ImageFactory(project=people.bob.project, name="web")


def knows(actor, project):
    return names_of([str(project.pk)], actor).get(str(project.pk), "")


def test_an_id_tells_no_name_until_its_project_has_agreed_to_something(people, image):
    hers = people.carol.project
    name = f"{hers.account} · {hers}"
    assert knows(people.bob, hers) == ""
    share = share_image(image, project=hers, actor=people.bob)
    assert Message.objects.get(user=people.carol.user).code == "image-shared"
    assert knows(people.bob, hers) == ""
    assert knows(people.carol, people.bob.project)  # who offers something says who it is
    reject_share(share, actor=people.carol)
    assert knows(people.bob, hers) == ""
    accept_share(share, actor=people.carol)
    assert knows(people.bob, hers) == name
    assert knows(people.bob, factories.ProjectFactory(region=hers.region)) == ""
    near = factories.ProjectFactory(account=people.bob.account, name="near", region=hers.region)
    assert "near" in knows(people.bob, near)


def test_pages_and_files_name_who_may_be_named(people, image):
    hers = people.carol.project
    name = f"{hers.account} · {hers}"
    client = client_of(people.bob)
    share = share_image(image, project=hers, note="网站镜像 for tests", actor=people.bob)
    members = reverse("sharing:members", args=[image.pk])
    history = f"{image.get_absolute_url()}?section=history"
    other = factories.ImageFactory(project=people.bob.project)
    typed = {"projects": str(hers.pk), "pick": str(other.pk), "state": "tab=private"}
    for is_known in (False, True):
        pages = [client.get(members), client.get(history), client.get("/sharing/recipients/")]
        pages.append(client.post(reverse("sharing:check"), typed))
        lines = b"".join(
            client.get(reverse("sharing:export-members", args=[image.pk])).streaming_content
        ).decode()
        for html in (*(page.content.decode() for page in pages), lines):
            assert (name in html) is is_known
            assert str(hers.pk) in html
        assert "网站镜像 for tests" in lines
        assert "网站镜像 for tests" in pages[0].content.decode()
        if not is_known:
            accept_share(share, actor=people.carol)
    theirs = client_of(people.carol)
    for page in ("/sharing/?tab=accepted", share.get_absolute_url()):
        html = theirs.get(page).content.decode()
        assert f"{people.bob.account} · {people.bob.project}" in html
        assert "网站镜像 for tests" in html
    (row,) = file_of(people.carol, "sharing", tab="accepted")
    assert (row["Note"], row["Project of the owner"]) == ("网站镜像 for tests", str(people.bob.project))


def test_a_note_is_in_the_message_and_a_long_one_is_refused(people, image):
    share_image(image, project=people.carol.project, note="for tests", actor=people.bob)
    assert "“for tests”" in Message.objects.get(code="image-shared-with-note").sentence
    page = reverse("sharing:share", args=[image.pk])
    answer = client_of(people.bob).post(page, {"projects": str(people.carol.project.pk), "note": "x" * 201})
    assert answer.status_code == 422


def test_the_trail_names_who_may_be_named_and_keeps_the_note(people, image):
    near = factories.ProjectFactory(account=people.bob.account, name="near", region=image.region)
    for project in (near, people.carol.project):
        share_image(image, project=project, note="for tests", actor=people.bob)
    told = [event.sentence for event in Event.objects.filter(action="addMember").order_by("pk")]
    assert told == [f"{near.account} · near; for tests", "for tests"]


def test_whom_one_shared_with_is_picked_the_next_time_without_typing(people, image):
    share_image(image, project=people.carol.project, actor=people.bob)
    other = factories.ImageFactory(project=people.bob.project, name="db")
    client = client_of(people.bob)
    page = reverse("sharing:share", args=[other.pk])
    assert f'value="{people.carol.project.pk}"' in client.get(page).content.decode()
    at = client.post(page, {"projects": "", "recent": str(people.carol.project.pk), "note": "again"})[
        "Location"
    ]
    assert "again" in client.get(at).content.decode()
    client.post(at, {"action": "confirm"})
    assert Share.objects.get(image=other).note == "again"
    assert Recipient.objects.get().project == people.carol.project
    assert recent_of(people.carol) == []
    assert client.post(page, {"projects": "", "recent": str(people.alice.project.pk)}).status_code == 422


def test_a_recipient_is_removed_by_who_may_write_and_stays_shared_with(people, image):
    share_image(image, project=people.carol.project, actor=people.bob)
    recipient = Recipient.objects.get()
    with pytest.raises(Refused):
        forget_recipient(recipient, actor=people.dave)
    forget = reverse("sharing:forget-recipient", args=[recipient.pk])
    assert client_of(people.dave).post(forget).status_code == 409
    assert client_of(people.carol).post(forget).status_code == 404
    assert client_of(people.bob).post(forget)["Location"].endswith("/sharing/recipients/")
    assert not Recipient.objects.exists()
    assert Share.objects.living().exists()


def test_accepting_all_is_not_the_first_thing_one_presses(people, image):
    share_image(image, project=people.carol.project, actor=people.bob)
    html = client_of(people.carol).get("/sharing/").content.decode()
    button = html.split("accept-all")[1].split("</form>")[0]
    assert "btn-primary" not in button


def asked(client, page):
    client.get(page)
    with CaptureQueriesContext(connection) as queries:
        client.get(page)
    return len(queries)


def test_names_cost_no_query_for_each(people, image):
    client, counts = client_of(people.bob), []
    pages = (reverse("sharing:members", args=[image.pk]), "/sharing/recipients/")
    for _ in range(2):
        for _ in range(4):
            share_image(image, project=factories.ProjectFactory(region=image.region), actor=people.bob)
        counts.append([asked(client, page) for page in pages])
    assert counts[0] == counts[1]
