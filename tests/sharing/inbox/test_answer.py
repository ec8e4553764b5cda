"""Accepting and rejecting: rule, service, page (R14, R44, R51, R52, R55, R57, R97, R101, R103)."""

import pytest
from django.test import Client
from django.urls import reverse

from images.delete.rules import can_delete
from images.launch.rules import can_launch
from images.models import FACTS, Image
from images.modify.rules import can_modify, can_tag
from images.product.rules import can_share
from imsconsole.audit.models import Event
from imsconsole.core.errors import NotFound
from imsconsole.core.now import now
from imsconsole.core.project_urls import bare
from imsconsole.core.rules import Refused
from imsconsole.jobs.quotas import used_by
from imsconsole.notifications.models import Message
from sharing.inbox.rules import can_accept, can_answer_all, can_reject
from sharing.inbox.services import accept_share, reject_share
from sharing.models import Share
from tests import factories
from tests.conftest import client_of, person

pytestmark = pytest.mark.django_db


@pytest.fixture
def image(people):
    return factories.ImageFactory(project=people.bob.project, name="web")


@pytest.fixture
def share(people, image):
    factories.ShareFactory(image=image, project=people.carol.project)
    return as_seen()


def as_seen():
    return Share.objects.with_facts().select_related("image").get()


# rule ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "accept", "reject"),
    [
        ("pending", "", ""),
        ("accepted", "accepted-already", ""),  # R103
        ("rejected", "", "rejected-already"),  # R57
    ],
)
def test_what_can_be_answered_in_each_status(people, share, status, accept, reject):
    share.status = status
    assert can_accept(share, people.carol).code == accept
    assert can_reject(share, people.carol).code == reject


def test_only_the_receiver_answers_and_only_who_may_write(people, share):
    dave = person("frank", people.carol.account, people.carol.project, "read-only")
    for rule in (can_accept, can_reject):
        assert rule(share, people.bob).code == "not-receiver"
        assert rule(share, dave).code == "read-only"


def test_what_has_ended_cannot_be_answered(people, share):
    for name, value in (("ended_at", now()), ("ends_at", now())):
        setattr(share, name, value)
        assert can_accept(share, people.carol).code == can_reject(share, people.carol).code == "share-ended"
        setattr(share, name, None)
    share.image.status = "trashed"
    assert can_accept(share, people.carol).code == "share-ended"


def test_nobody_more_can_accept_when_the_limit_is_reached(people, share, settings):  # R44
    settings.IMS_SHARES = 1
    factories.ShareFactory(image=share.image, status="accepted")
    seen = Share.objects.with_facts().get(pk=share.pk)
    assert can_accept(seen, people.carol).code == "share-limit"
    assert can_reject(seen, people.carol)


def test_all_are_answered_only_by_who_may_write_and_when_there_are_any(people, share):
    frank = person("frank", people.carol.account, people.carol.project, "read-only")
    assert can_answer_all([share], people.carol)
    assert can_answer_all([], people.carol).code == "nothing-pending"
    assert can_answer_all([share], frank).code == "read-only"


def test_a_full_ecs_image_needs_a_vault(people, share):  # R55
    share.image.type = "full"
    assert can_accept(share, people.carol).code == "full-ecs-vault"
    assert can_reject(share, people.carol)


# service ---------------------------------------------------------------------------------------------


def test_an_accepted_image_is_used_like_one_s_own_but_stays_its_owner_s(people, share):
    """R14."""
    accept_share(share, actor=people.carol)

    image = Image.objects.visible_to(people.carol).with_facts(people.carol, *FACTS).get()
    assert image == share.image
    assert can_launch(image, people.carol)  # R29
    for rule in (can_modify, can_tag, can_delete, can_share):  # R51, R54, R97
        verdict = rule(image, people.carol)
        assert (verdict.code, bool(verdict.reason)) == ("not-owner", True)
    assert used_by(people.carol.project)["images"] == 0  # R52


def test_an_answer_leaves_a_trace_and_the_owner_s_members_are_told(people, share):
    accept_share(share, actor=people.carol)
    accepted = as_seen()
    assert (accepted.status, accepted.answered_by) == ("accepted", people.carol.user)
    reject_share(accepted, actor=people.carol)
    assert as_seen().answered_at > accepted.answered_at

    assert [(event.action, event.sentence) for event in Event.objects.order_by("pk")] == [
        ("updateMember", "Accepted"),
        ("updateMember", "Rejected"),
    ]
    told = Message.objects.order_by("created_at", "code")
    assert {message.user for message in told} == {
        people.alice.user,
        people.bob.user,
    }  # not Dave, who cannot act
    assert {(message.code, message.level) for message in told} == {
        ("share-accepted", "success"), ("share-rejected", "info"),
    }  # fmt: skip
    assert all("web" in message.sentence for message in told)


def test_a_rejected_image_is_gone_and_can_be_accepted_again(people, share):  # R57, C14
    share = reject_share(accept_share(share, actor=people.carol), actor=people.carol)
    assert not Image.objects.visible_to(people.carol)
    accept_share(share, actor=people.carol)
    assert Image.objects.visible_to(people.carol).exists()


def test_an_image_that_is_no_full_ecs_image_goes_into_no_vault(people, share):  # R55
    vault = factories.VaultFactory(project=people.carol.project)
    assert accept_share(share, vault=vault, actor=people.carol).vault is None


def test_servers_stay_when_their_image_is_rejected(people, share):  # R103
    accept_share(share, actor=people.carol)
    server = factories.ServerFactory(project=people.carol.project, image=share.image, status="running")
    reject_share(as_seen(), actor=people.carol)
    server.refresh_from_db()
    assert server.status == "running"


def test_who_comes_too_late_reads_a_sentence(people, share):
    Share.objects.update(ended_at=now())
    for service in (accept_share, reject_share):
        with pytest.raises(NotFound):
            service(share, actor=people.carol)


def test_a_refused_answer_changes_nothing(people, share):
    Image.objects.update(type="full")
    with pytest.raises(Refused):
        accept_share(share, actor=people.carol)
    assert as_seen().status == "pending"
    assert not Event.objects.exists()
    assert not Message.objects.exists()


# pages -----------------------------------------------------------------------------------------------


@pytest.mark.slow(reason="offers are answered, and each tab of the inbox drawn")
def test_the_inbox_has_what_waits_what_was_accepted_and_what_was_rejected(people, share):
    client = client_of(people.carol)
    for status, button in (("pending", "Accept all"), ("accepted", ""), ("rejected", "")):
        Share.objects.update(status=status)
        page = client.get(reverse("sharing:list"), {"tab": status})
        body = page.content.decode()
        assert "web" in body
        assert "acme" in body  # who shares it
        assert str(people.bob.project.pk) in body
        assert button in body
        for other in {"pending", "accepted", "rejected"} - {status}:
            assert not client.get(reverse("sharing:list"), {"tab": other}).context["table"].paginated_rows


def test_a_red_dot_says_that_something_waits(people, share):
    page = client_of(people.carol).get("/images/").content.decode()
    assert page.count('class="nav-dot"') == 2  # in the bar and in the narrow menu
    assert "nav-dot" not in client_of(people.bob).get("/images/").content.decode()
    Share.objects.update(status="rejected")
    assert "nav-dot" not in client_of(people.carol).get("/images/").content.decode()


def test_an_offer_is_among_what_needs_one_on_the_overview(people, share):
    url = share.get_absolute_url()
    assert url in client_of(people.carol).get("/").content.decode()
    assert url not in client_of(people.bob).get("/").content.decode()
    Share.objects.update(status="accepted")
    assert f'href="{url}"' not in client_of(people.carol).get("/").content.decode()


def test_operators_see_who_shares_what_with_whom(people, share, operator):
    client = Client()
    client.force_login(operator)
    for url in (
        reverse("admin:sharing_share_changelist") + f"?q={share.project_id}&ended=no",
        reverse("admin:sharing_share_change", args=[share.pk]),
    ):
        page = client.get(url).content.decode()
        for said in (share.image.name, str(share.project), str(share.owner)):
            assert said in page, url


def test_one_click_accepts_and_leads_to_the_image(people, share):
    page = client_of(people.carol).post(reverse("sharing:accept", args=[share.pk]), follow=True)
    assert bare(page.redirect_chain[0][0]) == share.image.get_absolute_url()
    body = page.content.decode()
    assert "acme shares this image with your project" in body
    assert "Shared images" in body


def test_all_are_accepted_at_once_and_those_that_cannot_say_why(people, share):
    full = factories.ImageFactory(project=people.bob.project, type="full", source_kind="server", name="whole")
    factories.ShareFactory(image=full, project=people.carol.project)
    page = client_of(people.carol).post(reverse("sharing:accept-all"), follow=True)

    assert Share.objects.get(image=share.image).status == "accepted"
    assert Share.objects.get(image=full).status == "pending"
    body = page.content.decode()
    assert "1 image has been accepted" in body
    assert "whole: " in body
    Share.objects.filter(image=full).delete()
    assert client_of(people.carol).post(reverse("sharing:accept-all")).status_code == 409


def test_rejecting_asks_first_and_counts_the_servers(people, share):
    Share.objects.update(status="accepted")
    factories.ServerFactory(project=people.carol.project, image=share.image)
    client = client_of(people.carol)
    asked = client.get(reverse("sharing:reject-image", args=[share.image_id]), follow=True)
    assert "1 server of this project was made from it" in asked.content.decode()
    assert as_seen().status == "accepted"

    done = client.post(reverse("sharing:reject", args=[share.pk]), follow=True)
    assert as_seen().status == "rejected"
    assert "web" in done.content.decode()


def test_an_offer_has_a_page_of_its_own_and_its_owner_is_led_to_the_members(people, share):
    url = reverse("sharing:detail", args=[share.pk])
    page = client_of(people.carol).get(url).content.decode()
    assert "web" in page
    assert str(people.bob.project.pk) in page
    assert bare(client_of(people.bob).get(url).url) == reverse("sharing:members", args=[share.image_id])
    elsewhere = factories.ProjectFactory()
    stranger = person("erin", elsewhere.account, elsewhere, "administrator")
    assert client_of(stranger).get(url).status_code == 404


def test_the_owner_does_not_answer_for_the_receiver(people, share):
    for name in ("accept", "reject"):
        assert client_of(people.bob).post(reverse(f"sharing:{name}", args=[share.pk])).status_code == 409
    assert as_seen().status == "pending"


def test_the_file_has_what_the_list_has(people, share):
    text = b"".join(client_of(people.carol).get(reverse("sharing:export")).streaming_content).decode()
    heading, line = text.lstrip("\ufeff").splitlines()
    assert heading.startswith("Image name,Image ID,")
    assert line.startswith(f"web,{share.image_id},")
    assert "acme" in line


@pytest.mark.parametrize("query", [{"q": "we"}, {"q": "acm"}, {"q": "zzz"}, {"sort": "-owner"}])
def test_the_inbox_is_filtered_and_sorted_by_its_address(people, share, query):
    page = client_of(people.carol).get(reverse("sharing:list"), query)
    assert page.status_code == 200
    assert len(page.context["table"].paginated_rows) == (query.get("q") != "zzz")


@pytest.mark.slow(reason="the queries of a page are counted with few rows and with many")
def test_the_inbox_costs_the_same_with_one_and_with_a_hundred_rows(
    people, share, django_assert_max_num_queries
):
    client = client_of(people.carol)
    client.get(reverse("sharing:list"))
    with django_assert_max_num_queries(100) as one:
        client.get(reverse("sharing:list"), {"per_page": 100})
    for number in range(99):
        key = factories.KeyFactory(project=people.bob.project) if number < 3 else None
        more = factories.ImageFactory(project=people.bob.project, key=key)
        factories.ShareFactory(image=more, project=people.carol.project)
    with django_assert_max_num_queries(len(one)):
        page = client.get(reverse("sharing:list"), {"per_page": 100})
    assert len(page.context["table"].paginated_rows) == 100
    assert len(one) < 20
