"""Stop sharing, at once or on a day that is named: rule, service, clock, page (R18, R86, R102)."""

from datetime import timedelta

import pytest
from django.urls import reverse

from images.models import Image
from imsconsole.audit.models import Event
from imsconsole.core import now as clock
from imsconsole.core.errors import NotFound
from imsconsole.core.now import now
from imsconsole.core.rules import Refused
from imsconsole.core.sentences import moment, said
from imsconsole.notifications.models import Message
from sharing.ending.clock import end_due_shares
from sharing.ending.rules import can_give_notice, can_stop_sharing, can_withdraw_notice
from sharing.ending.services import end_due_share, give_notice, stop_sharing, withdraw_notice
from sharing.models import Share
from sharing.share.services import share_image
from tests import factories
from tests.conftest import client_of

pytestmark = pytest.mark.django_db
WEEK = timedelta(days=7)


@pytest.fixture
def image(people):
    return factories.ImageFactory(project=people.bob.project, name="web")


@pytest.fixture
def share(people, image):
    return factories.ShareFactory(image=image, project=people.carol.project, status="accepted")


def codes():
    return set(Message.objects.values_list("code", flat=True))


# rule ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", Share.Status.values)
def test_the_owner_stops_at_any_time(people, share, status):  # R18
    share.status = status
    assert can_stop_sharing(share, people.bob)
    assert can_stop_sharing(share, people.dave).code == "read-only"
    assert can_stop_sharing(share, people.carol).code == "not-owner"
    assert bool(can_give_notice(share, people.bob)) == (status == "accepted")


def test_a_notice_can_be_taken_back_while_there_is_one(people, share):
    assert can_withdraw_notice(share, people.bob).code == "no-notice"
    share.ends_at = now() + WEEK
    assert can_withdraw_notice(share, people.bob)
    share.ends_at = now()
    assert can_withdraw_notice(share, people.bob).code == "share-ended"


# service ---------------------------------------------------------------------------------------------


def test_what_is_stopped_is_gone_at_once_and_the_receiver_is_told(people, share):  # R102
    stop_sharing(share, actor=people.bob)

    assert not Image.objects.visible_to(people.carol)
    assert Event.objects.get().action == "deleteMember"
    message = Message.objects.get()
    assert (message.user, message.code, message.level) == (people.carol.user, "share-stopped", "warning")
    with pytest.raises(NotFound):
        stop_sharing(share, actor=people.bob)
    assert share_image(share.image, project=people.carol.project, actor=people.bob).status == "pending"


@pytest.mark.parametrize("status", ["pending", "rejected"])
def test_who_had_not_accepted_is_not_bothered(people, share, status):
    Share.objects.update(status=status)
    stop_sharing(share, actor=people.bob)
    assert not Message.objects.exists()


def test_until_the_day_that_was_named_the_receiver_goes_on_using_it(people, share):
    until = now() + WEEK
    give_notice(share, ends_at=until, actor=people.bob)
    message = Message.objects.get()
    assert (message.code, message.level) == ("share-ends", "warning")
    assert message.values["until"] == moment(until)
    assert said(Event.objects.get().details) == f"ends at {said(moment(until))}"
    theirs = Image.objects.visible_to(people.carol).with_facts(people.carol, "shared_until")
    assert theirs.get().shared_until == until

    clock.move(WEEK)
    assert not Image.objects.visible_to(people.carol)  # before the clock came by
    end_due_shares()
    assert Share.objects.get().ended_at
    assert codes() == {"share-ends", "share-stopped", "share-over"}
    end_due_shares()
    assert Event.objects.filter(action="deleteMember").count() == 1


def test_the_clock_ends_the_share_whose_day_has_come_and_no_other(people, share):
    give_notice(share, ends_at=now() + WEEK, actor=people.bob)
    with pytest.raises(NotFound):
        end_due_share(share, actor=people.bob)  # the day was moved meanwhile
    clock.move(WEEK)
    later = factories.ShareFactory(
        image=factories.ImageFactory(project=people.bob.project), status="accepted", ends_at=now() + WEEK
    )
    with pytest.raises(NotFound):
        end_due_share(later, actor=people.bob)
    assert end_due_share(share, actor=people.bob) == share
    with pytest.raises(NotFound):
        end_due_share(share, actor=people.bob)


def test_a_notice_is_for_the_future_and_for_who_has_the_image(people, share):
    for day in (now(), now() - WEEK, now() + timedelta(days=366)):
        with pytest.raises(Refused):
            give_notice(share, ends_at=day, actor=people.bob)
    Share.objects.update(status="pending")
    with pytest.raises(Refused):
        give_notice(share, ends_at=now() + WEEK, actor=people.bob)


def test_a_notice_that_is_taken_back_ends_nothing(people, share):
    give_notice(share, ends_at=now() + WEEK, actor=people.bob)
    withdraw_notice(share, actor=people.bob)
    Share.objects.update(created_at=now() - 2 * WEEK)
    end_due_shares()
    assert Share.objects.get().ended_at is None
    assert codes() == {"share-ends", "share-goes-on"}


def test_the_receiver_does_not_stop_what_is_shared_with_it(people, share):
    for service in (stop_sharing, withdraw_notice):
        with pytest.raises(Refused):
            service(share, actor=people.carol)


# pages -----------------------------------------------------------------------------------------------


def test_the_members_stand_on_the_image_with_the_servers_they_made(people, share):
    factories.ServerFactory(project=people.carol.project, image=share.image, name="carols-secret")
    waiting = factories.ShareFactory(image=share.image)
    page = client_of(people.bob).get(reverse("sharing:members", args=[share.image_id]))
    rows = [row.record for row in page.context["table"].paginated_rows]
    assert sorted((row.status, row.servers_count) for row in rows) == [("accepted", 1), ("pending", 0)]
    body = page.content.decode()
    assert str(people.carol.project.pk) in body
    assert f"{people.carol.account} · {people.carol.project}" in body  # it has accepted
    assert str(waiting.project.account) not in body
    assert "carols-secret" not in body
    assert "1 of at most 128" in body
    assert (
        reverse("sharing:members", args=[share.image_id])
        in client_of(people.bob).get(share.image.get_absolute_url()).content.decode()
    )


def test_the_members_are_nobody_else_s_to_know(people, share):
    for name in ("members", "export-members", "stop-all"):
        url = reverse(f"sharing:{name}", args=[share.image_id])
        assert client_of(people.carol).get(url).status_code == 404
    body = client_of(people.carol).get(share.image.get_absolute_url()).content.decode()
    assert reverse("sharing:members", args=[share.image_id]) not in body


def test_before_it_ends_the_owner_sees_who_uses_it(people, share):  # R86
    factories.ServerFactory(project=people.carol.project, image=share.image)
    factories.ServerFactory(project=people.carol.project, image=share.image)
    page = client_of(people.bob).get(reverse("sharing:stop", args=[share.pk])).content.decode()
    assert "made from it there: 2" in page
    assert Share.objects.get().ended_at is None


@pytest.mark.slow(reason="sharing is stopped by its pages, now and on a day")
def test_the_owner_names_a_day_or_stops_now(people, share):
    url = reverse("sharing:stop", args=[share.pk])
    client = client_of(people.bob)
    assert client.post(url, {"how": "notice", "ends_at": ""}).status_code == 422
    assert client.post(url, {"how": "notice", "ends_at": "2001-01-01T00:00"}).status_code == 422
    day = (now() + WEEK).strftime("%Y-%m-%dT%H:%M")
    assert client.post(url, {"how": "notice", "ends_at": day}).status_code == 302
    assert Share.objects.get().ends_at is not None

    notice = client_of(people.carol).get(share.image.get_absolute_url()).content.decode()
    assert "stops sharing it at" in notice
    assert "Go on sharing" in client.get(reverse("sharing:members", args=[share.image_id])).content.decode()
    assert client.post(reverse("sharing:go-on", args=[share.pk])).status_code == 302
    assert Share.objects.get().ends_at is None

    assert client.post(url, {"how": "now"}).status_code == 302
    assert Share.objects.get().ended_at is not None
    assert client.get(url).status_code == 404


def test_sharing_ends_with_all_at_once_and_only_who_has_it_gets_a_day(people, share):
    factories.ShareFactory(image=share.image)
    url = reverse("sharing:stop-all", args=[share.image_id])
    day = (now() + WEEK).strftime("%Y-%m-%dT%H:%M")
    page = client_of(people.bob).post(url, {"how": "notice", "ends_at": day}, follow=True).content.decode()

    assert "not shared with 1 project any more" in page
    assert "1 project has been told" in page
    (left,) = Share.objects.living()
    assert (left, left.ends_at is not None) == (share, True)


@pytest.mark.parametrize("name", ["stop", "stop-all"])
def test_dave_and_carol_stop_nothing(people, share, name):
    url = reverse(f"sharing:{name}", args=[share.pk if name == "stop" else share.image_id])
    assert "read-only" in client_of(people.dave).get(url).content.decode()
    assert client_of(people.dave).post(url, {"how": "now"}).status_code == 409
    assert client_of(people.carol).post(url, {"how": "now"}).status_code == 404
    assert Share.objects.get().ended_at is None


@pytest.mark.slow(reason="the queries of a page are counted with few rows and with many")
def test_the_table_of_members_costs_the_same_with_one_and_with_a_hundred(
    people, share, django_assert_max_num_queries
):
    client, url = client_of(people.bob), reverse("sharing:members", args=[share.image_id])
    client.get(url)
    with django_assert_max_num_queries(100) as one:
        client.get(url, {"per_page": 100})
    for _ in range(99):
        factories.ShareFactory(image=share.image)
    with django_assert_max_num_queries(len(one)):
        page = client.get(url, {"per_page": 100})
    assert len(page.context["table"].paginated_rows) == 100
    assert len(one) < 20


def test_the_members_as_a_file(people, share):
    response = client_of(people.bob).get(reverse("sharing:export-members", args=[share.image_id]))
    text = b"".join(response.streaming_content).decode()
    assert f"web,{share.image_id},{people.carol.project.pk},Accepted," in text
