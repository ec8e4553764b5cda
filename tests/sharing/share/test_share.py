"""Sharing an image: rule, service, page (R15–R17, R40–R51, R53, R56)."""

import uuid

import pytest
from django.urls import reverse

from images.models import Image
from images.product.rules import SHARE_FACTS, can_share
from imsconsole.accounts.actor import service_actor
from imsconsole.accounts.models import Draft
from imsconsole.audit.models import Event
from imsconsole.core.errors import NotFound
from imsconsole.core.now import now
from imsconsole.core.project_urls import bare
from imsconsole.core.rules import Refused
from imsconsole.notifications.models import Message
from sharing.ending.services import stop_sharing
from sharing.inbox.services import accept_share, reject_share
from sharing.models import Share
from sharing.share.orders import SHARE, ids_in
from sharing.share.rules import can_share_with
from sharing.share.services import share_image
from tests import factories
from tests.conftest import client_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def image(people):
    made = factories.ImageFactory(project=people.bob.project, name="web")
    return Image.objects.with_facts(people.bob, *SHARE_FACTS).get(pk=made.pk)


def another(people, **fields):
    """A project of the region."""
    return factories.ProjectFactory(region=people.bob.region, **fields)


# rule ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["alice", "bob"])
def test_a_normal_private_image_can_be_shared_even_a_protected_one(people, image, name):
    image.protected = True
    assert can_share(image, getattr(people, name))
    assert can_share_with(image, people.carol.project, getattr(people, name))


@pytest.mark.parametrize("type_", ["system", "data"])
def test_system_and_data_disk_images_can_be_shared(people, image, type_):
    image.type = type_
    assert can_share(image, people.bob)


@pytest.mark.parametrize("source", ["server", "backup"])
def test_a_full_ecs_image_of_a_server_or_a_cloud_backup_can_be_shared(people, image, source):  # R17, R41
    image.type, image.source_kind = "full", source
    assert can_share(image, people.bob)


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"status": "saving"}, "not-active"),  # R40
        ({"status": "frozen"}, "not-active"),
        ({"status": "killed"}, "not-active"),
        ({"type": "iso"}, "iso-image"),
    ],
)
def test_some_images_cannot_be_shared(people, image, fields, code):
    for name, value in fields.items():
        setattr(image, name, value)
    assert can_share(image, people.bob).code == code


def test_whose_image_it_is_and_who_asks_comes_first(people, image):
    assert can_share(image, people.dave).code == "read-only"
    public = Image.objects.with_facts(people.bob, *SHARE_FACTS).get(pk=factories.PublicImageFactory().pk)
    assert can_share(public, people.bob).code == "public-image"  # R50
    assert can_share(image, people.carol).code == "not-owner"  # R51, R54


@pytest.mark.parametrize("state", ["scanning", "in-review", "approved", "published"])
def test_an_image_that_is_offered_on_the_market_cannot_be_shared(people, image, state):  # R16
    version = factories.ListingVersionFactory(listing__project=people.bob.project, image=image, state=state)
    with pytest.raises(Refused) as refusal:
        share_image(image, project=people.carol.project, actor=people.bob)
    assert refusal.value.code == "offered-image"

    version.state = "withdrawn"
    version.save()
    assert share_image(image, project=people.carol.project, actor=people.bob)


def test_a_received_image_cannot_be_shared_on(people, image):  # R51
    factories.ShareFactory(image=image, project=people.carol.project, status="accepted")
    verdict = can_share_with(image, another(people), people.carol)
    assert (verdict.code, "Make a private image of it first" in verdict.reason) == ("not-owner", True)


def test_an_image_under_the_default_key_cannot_be_shared(people, image):  # R46
    image.key = factories.KeyFactory(project=people.bob.project, is_default=True, name="ims/default")
    assert can_share(image, people.bob).code == "default-key"


def test_an_image_under_a_custom_key_can_be_shared_with_whom_the_key_is_granted(people, image):  # R46, R47
    image.key = factories.KeyFactory(project=people.bob.project)
    verdict = can_share_with(image, people.carol.project, people.bob)
    assert verdict.code == "receiver-needs-key"
    assert f"with the key “{image.key.name}”, which" in verdict.reason
    assert can_share_with(image, people.carol.project, people.bob, grants_key=True)

    factories.KeyGrantFactory(key=image.key, grantee=people.carol.project)
    assert can_share_with(image, people.carol.project, people.bob)


def test_a_key_that_is_disabled_or_another_s_cannot_be_granted_with_the_share(people, image):
    image.key = factories.KeyFactory(project=people.bob.project, state="disabled")
    assert can_share_with(image, people.carol.project, people.bob, grants_key=True).code == "grant-disabled"

    image.key = factories.KeyGrantFactory(
        key=factories.KeyFactory(project=another(people)), grantee=people.bob.project
    ).key
    verdict = can_share_with(image, people.carol.project, people.bob, grants_key=True)
    assert (verdict.code, "Copy the image" in str(verdict.reason)) == ("key-of-others", True)


def test_only_other_projects_of_the_region_get_it(people, image):  # R15, R49, R56
    far = factories.ProjectFactory(region=factories.RegionFactory(code="cn-east-3"))
    assert can_share_with(image, None, people.bob).code == "no-such-project"
    assert can_share_with(image, far, people.bob) == can_share_with(image, None, people.bob)
    assert can_share_with(image, people.bob.project, people.bob).code == "own-project"


def test_a_member_is_not_invited_twice_whatever_it_answered(people, image):
    for status in Share.Status.values:
        share = factories.ShareFactory(image=image, project=people.carol.project, status=status)
        assert can_share_with(image, people.carol.project, people.bob).code == "member-already"
        share.delete()


def test_who_has_another_image_is_not_a_member_of_this_one(people, image):
    factories.ShareFactory(
        image=factories.ImageFactory(project=people.bob.project), project=people.carol.project
    )
    assert can_share_with(image, people.carol.project, people.bob)


def test_only_accepted_shares_count_for_the_limit(people, image, settings):  # R44, R52
    settings.IMS_SHARES = 2
    for status in ("accepted", "pending", "rejected", "pending"):
        factories.ShareFactory(image=image, status=status)
    factories.ShareFactory(image=image, status="accepted", ended_at=now())
    assert can_share_with(image, people.carol.project, people.bob)

    factories.ShareFactory(image=image, status="accepted")
    assert can_share_with(image, people.carol.project, people.bob).code == "share-limit"


def test_a_full_ecs_image_has_a_limit_of_its_own(people, image, settings):  # R44
    settings.IMS_SHARES_FULL = 1
    factories.ShareFactory(image=image, status="accepted")
    assert can_share_with(image, people.carol.project, people.bob)
    image.type, image.source_kind = "full", "server"
    assert can_share_with(image, people.carol.project, people.bob).code == "share-limit"


# service ---------------------------------------------------------------------------------------------


def test_an_offer_waits_for_its_answer_and_leaves_a_trace_and_messages(people, image):
    share = share_image(image, project=people.carol.project, actor=people.bob)

    assert (share.status, share.owner, share.created_by) == ("pending", people.bob.project, people.bob.user)
    event = Event.objects.get(action="addMember")
    assert (event.resource_type, event.resource_id, event.user) == ("share", str(share.pk), people.bob.user)
    message = Message.objects.get()
    assert (message.user, message.project, bare(message.page)) == (
        people.carol.user, people.carol.project, share.get_absolute_url(),
    )  # fmt: skip
    assert "web" in message.sentence
    assert "acme" in message.sentence


def test_the_key_is_granted_together_with_the_share_or_not_at_all(people, image):
    image.key = factories.KeyFactory(project=people.bob.project)
    image.save()
    with pytest.raises(Refused):
        share_image(image, project=people.carol.project, actor=people.bob)
    assert not image.key.grants.exists()

    share_image(image, project=people.carol.project, grants_key=True, actor=people.bob)
    assert image.key.grants.get().grantee == people.carol.project
    assert Event.objects.filter(action="createGrant").count() == 1
    again = factories.ImageFactory(project=people.bob.project, key=image.key)
    share_image(again, project=people.carol.project, grants_key=True, actor=people.bob)
    assert Event.objects.filter(action="createGrant").count() == 1  # it has the key already


def test_somebody_else_s_image_is_not_there(people, image):
    with pytest.raises(NotFound):
        share_image(image, project=people.carol.project, actor=people.carol)


# page ------------------------------------------------------------------------------------------------


def share_page(people, image, text, who="bob", **more):
    """The answer to the last page; to the first when that is not taken."""
    client, url = client_of(getattr(people, who)), reverse("sharing:share", args=[image.pk])
    return confirmed(client, client.post(url, {"projects": text, **more}))


def confirmed(client, answer):
    return client.post(answer["Location"], follow=True) if answer.status_code == 302 else answer


def test_ids_are_read_between_commas_blanks_and_lines():
    assert ids_in(" a,b;\nC c\r\n,d,b") == ["a", "b", "c", "d"]


def test_several_projects_get_it_and_the_others_are_told_why_not(people, image):
    second = another(people)
    text = f"{people.carol.project.pk}, {second.pk}\n{uuid.uuid4()}\nnonsense {people.bob.project.pk}"
    page = share_page(people, image, text)

    assert [outcome["reason"] == "" for outcome in page.context["outcomes"]] == [
        True,
        True,
        False,
        False,
        False,
    ]
    assert set(Share.objects.values_list("project", flat=True)) == {people.carol.project.pk, second.pk}
    body = page.content.decode()
    for reason in ("no project with this ID", "not a project ID", "own project"):
        assert reason in body


def test_at_most_a_hundred_ids_at_a_time(people, image):  # R53
    page = share_page(people, image, "\n".join(str(uuid.uuid4()) for _ in range(101)))
    assert page.status_code == 422
    assert not Draft.objects.exists()
    assert share_page(people, image, " , ").status_code == 422


def test_ids_are_checked_as_they_are_typed_and_nothing_is_written(people, image):
    own = factories.ProjectFactory(account=people.bob.account, region=people.bob.region, name="acme-second")
    text = f"{own.pk}, {people.carol.project.pk}, {people.bob.project.pk}, what"
    data = {"pick": str(image.pk), "state": "tab=private", "projects": text}
    page = client_of(people.bob).post(reverse("sharing:check"), data)

    assert [bool(line.verdict) for line in page.context["lines"]] == [True, True, False, False]
    body = page.content.decode()
    assert "acme-second" in body
    assert "globex" not in body  # another account's name is not told to who knows an ID
    assert not Share.objects.exists()
    first = client_of(people.bob).post(reverse("sharing:share", args=[image.pk]), data)
    again = client_of(people.bob).get(first["Location"])  # and once more before it is done
    assert len(again.context["lines"]) == 4
    assert not Share.objects.exists()


def test_the_page_offers_the_grant_only_for_an_encrypted_image(people, image):
    url = reverse("sharing:share", args=[image.pk])
    assert "grants_key" not in client_of(people.bob).get(url).content.decode()
    image.key = factories.KeyFactory(project=people.bob.project)
    image.save()
    assert "grants_key" in client_of(people.bob).get(url).content.decode()

    share_page(people, image, str(people.carol.project.pk), grants_key="on")
    assert Share.objects.count() == image.key.grants.count() == 1


def test_several_images_are_shared_each_by_itself(people, image):
    iso = factories.ImageFactory(project=people.bob.project, name="disc", type="iso")
    theirs = factories.ImageFactory(project=people.carol.project)
    pick = {"pick": f"{image.pk},{iso.pk},{theirs.pk}", "state": "tab=private"}
    url = reverse("sharing:share-several")
    asked = client_of(people.bob).post(url, pick)
    assert asked.status_code == 200
    assert len(asked.context["partition"].allowed) == len(asked.context["partition"].refused) == 1

    client = client_of(people.bob)
    done = confirmed(client, client.post(url, {**pick, "projects": str(people.carol.project.pk)}))
    assert [(line["image"], bool(line["reason"])) for line in done.context["outcomes"]] == [
        ("disc", True), ("web", False),
    ] or [(line["image"], bool(line["reason"])) for line in done.context["outcomes"]] == [
        ("web", False), ("disc", True),
    ]  # fmt: skip
    assert Share.objects.get().image == image


@pytest.mark.slow(reason="an image is shared in each way, and its history drawn")
def test_the_history_of_an_image_tells_with_whom_it_was_shared(people, image):
    """Offered, accepted, stopped: to its owner all of it, to a receiver what is its own, in both trails and files."""
    share = share_image(image, project=people.carol.project, actor=people.bob)
    accept_share(share, actor=people.carol)
    refused = share_image(image, project=another(people), actor=people.bob)
    reject_share(refused, actor=service_actor(refused.project))

    def history(actor):
        page = client_of(actor).get(f"{image.get_absolute_url()}?section=history").content.decode()
        return page.partition('id="shares"')[2].partition("</table>")[0]

    for said in (str(people.carol.project.pk), str(refused.project_id), "Accepted", "Rejected", "bob"):
        assert said in history(people.bob)
    received = history(people.carol)
    assert str(people.carol.project.pk) in received
    assert str(refused.project_id) not in received
    assert "bob" not in received

    times = history(people.bob).count("<time")
    stop_sharing(share, actor=people.bob)
    assert history(people.bob).count("<time") == times + 1

    def trail(actor):
        answer = client_of(actor).get(reverse("audit:export"))
        return b"".join(answer.streaming_content).decode()

    for words in ("Add member", "Delete member", "addMember", f"web → {refused.project_id}"):
        assert words in trail(people.bob)
    assert "Update member" in trail(people.carol)
    assert "Accepted" in trail(people.carol)
    assert str(refused.project_id) not in trail(people.carol)


def test_dave_and_carol_cannot(people, image):
    page = client_of(people.dave).get(reverse("sharing:share", args=[image.pk]))
    assert "read-only" in page.content.decode()
    share_page(people, image, str(people.carol.project.pk), who="dave")
    assert share_page(people, image, str(people.bob.project.pk), who="carol").status_code == 404
    assert not Share.objects.exists()


def test_an_order_that_is_sent_twice_shares_once_and_leads_to_how_it_ended(people, image):
    client = client_of(people.bob)
    typed = {"projects": f"{people.carol.project.pk} {another(people).pk}"}
    last = client.post(reverse("sharing:share", args=[image.pk]), typed)["Location"]
    ended = client.post(last)["Location"]
    assert client.post(last)["Location"] == client.get(last)["Location"] == ended
    assert Share.objects.count() == 2
    assert [outcome["reason"] for outcome in client.get(ended).context["outcomes"]] == ["", ""]


def test_how_an_order_of_before_ended_can_still_be_read(people, image):
    outcome = {"image": "web", "image_id": str(image.pk), "id": "what", "reason": "This is not a project ID."}
    draft = SHARE.begin(people.bob, outcomes=[outcome])
    page = client_of(people.bob).get(reverse("sharing:shared", args=[draft.pk]))
    assert "This is not a project ID." in page.content.decode()


def test_one_goes_back_to_what_was_typed(people, image):
    client = client_of(people.bob)
    first = client.post(reverse("sharing:share", args=[image.pk]), {"projects": "one two"})
    back = client.get(first["Location"]).context["back_url"]
    assert "one\ntwo" in client.get(back).content.decode()


def test_another_person_does_not_see_how_it_ended(people, image):
    share_page(people, image, str(people.carol.project.pk))
    url = reverse("sharing:shared", args=[Draft.objects.get().pk])
    assert client_of(people.bob).get(url).status_code == 200
    assert client_of(people.alice).get(url).status_code == client_of(people.carol).get(url).status_code == 404


@pytest.mark.slow(reason="list and page of an image are drawn for each reason")
def test_the_button_stands_on_the_image_and_in_the_list_with_its_reason(people, image):
    url = reverse("sharing:share", args=[image.pk])
    for page in (image.get_absolute_url(), "/images/?tab=private"):
        assert f'{url}"' in client_of(people.bob).get(page).content.decode()
        assert f'{url}"' not in client_of(people.dave).get(page).content.decode()
