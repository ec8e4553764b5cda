"""Stop sharing and delete in one order: who has it is seen first, then one of three ways (R19, R86)."""

from datetime import timedelta

import pytest
from django.urls import reverse

from images.delete.clock import delete_due_images
from images.delete.rules import DELETE_UNASKED_FACTS, can_delete_unasked, can_withdraw_deletion
from images.delete.services import delete_due_image, delete_image, plan_deletion, withdraw_deletion
from images.models import Image
from images.product.rules import SHARE_FACTS, can_share
from imsconsole.accounts.actor import service_actor
from imsconsole.audit.models import Event
from imsconsole.core import now as clock
from imsconsole.core.errors import NotFound
from imsconsole.core.now import now
from imsconsole.core.project_urls import bare
from imsconsole.core.rules import Refused
from imsconsole.jobs.models import Job
from imsconsole.notifications.models import Message
from sharing.ending.clock import end_due_shares
from sharing.ending.rules import can_withdraw_notice
from sharing.ending.services import stop_sharing
from sharing.inbox.rules import can_accept
from sharing.inbox.services import accept_share
from sharing.models import Share
from tests import factories
from tests.cloud.servers.machines import bootable_image
from tests.conftest import client_of
from tests.support.workers import finish

pytestmark = pytest.mark.django_db
WEEK = timedelta(days=7)


@pytest.fixture
def image(people):
    return factories.ImageFactory(project=people.bob.project, name="web")


@pytest.fixture
def share(people, image):
    return factories.ShareFactory(image=image, project=people.carol.project, status="accepted")


def facts(image, actor):
    return Image.objects.with_facts(actor, *DELETE_UNASKED_FACTS, *SHARE_FACTS).get(pk=image.pk)


def order(actor, image, how, **more):
    url = reverse("sharing:delete", args=[image.pk])
    return client_of(actor).post(url, {"how": how, **more}, follow=True)


def in_a_week():
    return (now() + WEEK).strftime("%Y-%m-%dT%H:%M")


# rule and service --------------------------------------------------------------------------------------


def test_what_is_to_be_deleted_is_neither_offered_nor_accepted_nor_shared_on(people, image, share):
    plan_deletion(image, at=now() + WEEK, actor=people.bob)
    assert can_share(facts(image, people.bob), people.bob).code == "to-be-deleted"
    late = factories.ShareFactory(image=image, project=factories.ProjectFactory(region=image.region))
    row = Share.objects.with_facts().select_related("image").get(pk=late.pk)
    assert can_accept(row, service_actor(late.project)).code == "image-going"
    Share.objects.update(ends_at=now() + WEEK)
    share = Share.objects.select_related("image").get(pk=share.pk)
    assert can_withdraw_notice(share, people.bob).code == "to-be-deleted"


def test_a_plan_is_its_owner_s_to_make_and_to_give_up(people, image):
    assert can_withdraw_deletion(image, people.bob).code == "no-deletion"
    with pytest.raises(Refused):
        plan_deletion(image, at=now(), actor=people.dave)
    planned = plan_deletion(image, at=now() + WEEK, deletes_backups=True, actor=people.bob)
    codes = {name: can_withdraw_deletion(planned, getattr(people, name)).code for name in ("dave", "carol")}
    assert codes == {"dave": "read-only", "carol": "not-owner"}
    with pytest.raises(Refused, match="read-only"):
        withdraw_deletion(planned, actor=people.dave)
    withdraw_deletion(planned, actor=people.alice)
    planned.refresh_from_db()
    assert (planned.delete_at, planned.deletes_backups) == (None, False)
    clock.move(2 * WEEK)
    delete_due_images()
    assert Image.objects.get().status == "active"


def test_the_clock_waits_until_nobody_has_it(people, image, share):
    """A deletion is due from its time on, once the last project that accepted it has lost it."""
    plan_deletion(image, at=now(), actor=people.bob)
    factories.ShareFactory(image=image)  # an offer holds nothing up
    delete_due_images()
    with pytest.raises(NotFound):
        delete_due_image(image, actor=people.bob)
    assert Image.objects.get(pk=image.pk).status == "active"

    stop_sharing(share, actor=people.bob)
    delete_due_images()
    assert (Image.objects.get(pk=image.pk).status, Image.objects.get(pk=image.pk).delete_at) == (
        "trashed",
        None,
    )
    assert set(Message.objects.filter(code="planned-deletion-done").values_list("user", flat=True)) == {
        people.alice.user.pk, people.bob.user.pk,
    }  # fmt: skip


def test_what_is_protected_by_then_stays(people, image):
    plan_deletion(image, at=now(), actor=people.bob)
    Image.objects.update(protected=True)
    delete_due_images()
    assert Image.objects.get().status == "active"


def test_without_its_owner_s_choice_a_shared_image_stays(people, image, share):  # R86
    """By whatever way the service is reached: past the page, too."""
    with pytest.raises(Refused, match="shared"):
        delete_image(image, actor=people.bob)
    answer = client_of(people.bob).post(reverse("images:delete", args=[image.pk]))
    assert (answer.status_code, bare(answer["Location"])) == (302, reverse("sharing:delete", args=[image.pk]))
    assert Image.objects.get().status == "active"
    assert delete_image(image, from_all=True, actor=people.bob).is_gone


def test_among_several_a_shared_one_is_kept_back(people, image, share):
    other = factories.ImageFactory(project=people.bob.project, name="unshared")
    assert can_delete_unasked(facts(image, people.bob), people.bob).code == "shared"
    assert can_delete_unasked(facts(other, people.bob), people.bob)
    pick = {"pick": f"{image.pk},{other.pk}", "confirm": "1", "state": "tab=private"}
    page = client_of(people.bob).post(reverse("images:delete-several"), pick, follow=True).content.decode()
    assert "web was not deleted: It is shared" in page
    assert set(Image.objects.filter(status="trashed")) == {other}


# pages -------------------------------------------------------------------------------------------------


def test_the_owner_sees_who_has_it_and_chooses(people, image, share):
    factories.ServerFactory(project=people.carol.project, image=image, name="carols-secret")
    page = client_of(people.bob).get(reverse("images:delete", args=[image.pk]), follow=True)
    body = page.content.decode()
    assert bare(page.redirect_chain[0][0]) == reverse("sharing:delete", args=[image.pk])
    assert str(people.carol.project.pk) in body
    assert "1 server<" in body
    assert "carols-secret" not in body
    assert [value for value, _label in page.context["form"].fields["how"].choices] == [
        "notice",
        "copies",
        "now",
    ]


def test_an_image_that_nobody_has_is_deleted_as_ever(people, image):
    page = client_of(people.bob).get(reverse("sharing:delete", args=[image.pk]))
    assert bare(page.url) == reverse("images:delete", args=[image.pk])


def test_now_both_happen_at_once(people, image, share):  # R19, R86
    assert "has been deleted" in order(people.bob, image, "now").content.decode()
    assert Image.objects.get().status == "trashed"
    assert not Share.objects.living().exists()
    assert not Image.objects.visible_to(people.carol).exists()
    assert Event.objects.filter(action="deleteImage", result="normal").count() == 1
    assert Message.objects.get(user=people.carol.user).code == "shared-image-deleted"


def test_or_neither(people, image, share):
    Image.objects.update(protected=True)
    order(people.bob, image, "now")
    assert Image.objects.get().status == "active"
    assert Share.objects.get().ended_at is None


@pytest.mark.slow(reason="a shared image is deleted on a day that comes")
def test_on_a_day_that_is_told_sharing_ends_and_the_image_goes(people, image, share):  # R18, R19
    offer = factories.ShareFactory(image=image)
    page = order(people.bob, image, "notice", ends_at=in_a_week())
    assert bare(page.redirect_chain[-1][0]) == reverse("sharing:members", args=[image.pk])
    offer.refresh_from_db()
    assert offer.ended_at
    assert "stops sharing it at" in client_of(people.carol).get(image.get_absolute_url()).content.decode()
    body = client_of(people.bob).get(image.get_absolute_url()).content.decode()
    assert "is going to be deleted" in body
    assert "Keep the image" in body
    assert (
        "is going to be deleted" not in client_of(people.carol).get(image.get_absolute_url()).content.decode()
    )
    delete_due_images()
    assert Image.objects.get().status == "active"

    clock.move(WEEK)
    end_due_shares()
    delete_due_images()
    assert Image.objects.get().status == "trashed"
    assert {"share-ends", "share-stopped", "share-over"} <= set(
        Message.objects.values_list("code", flat=True)
    )


@pytest.mark.slow(reason="everybody who shares an image gets a copy")
def test_or_when_everybody_has_a_copy(people):
    image = bootable_image(people.bob, name="web")
    factories.ShareFactory(image=image, project=people.carol.project, status="accepted")
    full = factories.ShareFactory(image=image, status="accepted")
    full.project.quotas = {"images": 0}
    full.project.save()
    page = order(people.bob, image, "copies")
    assert "The project has no room" in page.content.decode()
    finish(Job.objects.get(kind="share.give-copy"))
    delete_due_images()
    assert Image.objects.get(pk=image.pk).status == "active"  # one has it still

    full.project.quotas = {}
    full.project.save()
    client_of(people.bob).post(reverse("sharing:stop-all", args=[image.pk]), {"how": "copies"})
    finish(Job.objects.get(kind="share.give-copy", state="queued"))
    delete_due_images()
    assert Image.objects.get(pk=image.pk).status == "trashed"
    assert Image.objects.filter(parent=image, status="active").count() == 2


def test_it_is_kept_after_all(people, image, share):
    order(people.bob, image, "notice", ends_at=in_a_week())
    client = client_of(people.bob)
    page = client.post(reverse("images:withdraw-deletion", args=[image.pk]), follow=True).content.decode()
    assert "is kept" in page
    assert Share.objects.get().ends_at  # what was announced is taken back for each
    client.post(reverse("sharing:go-on", args=[share.pk]))
    assert Share.objects.get().ends_at is None


def test_the_day_lies_ahead(people, image, share):
    for day in ("", "2001-01-01T00:00"):
        assert order(people.bob, image, "notice", ends_at=day).status_code == 422
    assert Image.objects.get().delete_at is None


def test_dave_and_carol_delete_nothing(people, image, share):
    page = client_of(people.dave).get(reverse("sharing:delete", args=[image.pk])).content.decode()
    assert "read-only" in page
    assert order(people.dave, image, "now").status_code == 409
    assert order(people.carol, image, "now").status_code == 404
    assert client_of(people.carol).get(reverse("sharing:delete", args=[image.pk])).status_code == 404
    assert Image.objects.get().status == "active"


@pytest.mark.slow(reason="an offer is answered while its sharing stops")
def test_an_offer_is_answered_before_it_is_stopped_or_not_at_all(people, image):
    offer = factories.ShareFactory(image=image, project=people.carol.project)
    order(people.bob, image, "now")
    with pytest.raises(NotFound):
        accept_share(offer, actor=people.carol)
