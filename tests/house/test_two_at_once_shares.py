"""Owner and receivers at once: the invariants hold, and whoever loses reads a sentence."""

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from images.copy.services import copy_image
from images.delete.services import delete_due_image, delete_image, plan_deletion, withdraw_deletion
from images.launch.services import create_servers
from images.models import Image
from imsconsole.accounts.actor import service_actor
from imsconsole.cloud.models import Server
from imsconsole.core.now import now
from sharing.ending.copies.services import give_copy
from sharing.ending.services import give_notice, stop_sharing
from sharing.inbox.services import accept_share, reject_share
from sharing.models import Share
from sharing.share.services import share_image
from tests import factories
from tests.support.at_once import DONE, at_once

pytestmark = [
    pytest.mark.slow(reason="each pair meets several times"),
    pytest.mark.django_db(transaction=True),
]
ROUNDS = 4
GONE = "not-found"


def a_share(people: SimpleNamespace, status: str = "pending") -> Share:
    factories.FlavorFactory(name="t6-tiny-1", series="t6", memory_mb=1)
    image = factories.ImageFactory(project=people.bob.project, os_version=None)
    factories.ImageDiskFactory(image=image)
    return factories.ShareFactory(image=image, project=people.carol.project, status=status)


def launch(share: Share, *, actor: Any) -> list[Server]:
    flavor = factories.FlavorFactory(name="t6-tiny-1", series="t6", memory_mb=1)
    return create_servers(actor=actor, image=share.image, flavor=flavor, name="web", user_data="#!")


def test_an_offer_is_accepted_or_taken_back_and_never_used_afterwards(people: SimpleNamespace) -> None:
    for _ in range(ROUNDS):
        share = a_share(people)
        accepted, stopped = at_once(
            lambda share=share: accept_share(share, actor=people.carol),
            lambda share=share: stop_sharing(share, actor=people.bob),
        )
        assert stopped == DONE
        assert accepted in (DONE, GONE)
        assert not Image.objects.visible_to(people.carol).filter(pk=share.image_id).exists()


def test_two_answers_at_once_leave_one(people: SimpleNamespace) -> None:
    for _ in range(ROUNDS):
        share = a_share(people)
        outcomes = at_once(
            lambda share=share: accept_share(share, actor=people.carol),
            lambda share=share: reject_share(share, actor=people.carol),
        )
        assert outcomes == [DONE, DONE]
        assert Share.objects.get(pk=share.pk).status in ("accepted", "rejected")


def test_an_image_is_offered_to_a_project_once(people: SimpleNamespace) -> None:
    for _ in range(ROUNDS):
        image = factories.ImageFactory(project=people.bob.project)
        outcomes = at_once(
            lambda image=image: share_image(image, project=people.carol.project, actor=people.alice),
            lambda image=image: share_image(image, project=people.carol.project, actor=people.bob),
        )
        assert sorted(outcomes) == [DONE, "member-already"]
        assert Share.objects.filter(image=image).count() == 1


def test_an_image_is_shared_or_deleted_first(people: SimpleNamespace) -> None:
    for _ in range(ROUNDS):
        image = factories.ImageFactory(project=people.bob.project)
        shared, deleted = at_once(
            lambda image=image: share_image(image, project=people.carol.project, actor=people.bob),
            lambda image=image: delete_image(image, actor=people.alice),
        )
        assert (shared, deleted) in ((DONE, "shared"), (GONE, DONE))
        assert deleted != DONE or not Share.objects.living().filter(image=image).exists()


def test_a_server_is_ordered_before_its_image_is_withdrawn_or_not_at_all(people: SimpleNamespace) -> None:
    for _ in range(ROUNDS):
        share = a_share(people, "accepted")
        launched, stopped = at_once(
            lambda share=share: launch(share, actor=people.carol),
            lambda share=share: stop_sharing(share, actor=people.bob),
        )
        assert stopped == DONE
        assert launched in (DONE, GONE)
        assert Server.objects.filter(image=share.image).count() == (launched == DONE)


def test_a_server_is_ordered_or_its_image_is_deleted(people: SimpleNamespace) -> None:
    for _ in range(ROUNDS):
        share = a_share(people, "accepted")
        launched, deleted = at_once(
            lambda share=share: launch(share, actor=people.carol),
            lambda share=share: delete_image(share.image, from_all=True, actor=people.bob),
        )
        assert (launched, deleted) in ((DONE, "launching"), (GONE, DONE))


def test_a_copy_begins_before_sharing_ends_or_not_at_all(people: SimpleNamespace) -> None:
    for number in range(ROUNDS):
        share = a_share(people, "accepted")
        copied, stopped = at_once(
            lambda share=share, number=number: copy_image(
                share.image, name=f"mine-{number}", actor=people.carol
            ),
            lambda share=share: stop_sharing(share, actor=people.bob),
        )
        assert stopped == DONE
        assert copied in (DONE, "not-owner")
        assert Image.objects.owned_by(people.carol).filter(parent=share.image).count() == (copied == DONE)


def test_a_copy_is_given_before_sharing_ends_or_not_at_all(people: SimpleNamespace) -> None:
    for _ in range(ROUNDS):
        share = a_share(people, "accepted")
        given, stopped = at_once(
            lambda share=share: give_copy(share, actor=people.alice),
            lambda share=share: stop_sharing(share, actor=people.bob),
        )
        assert stopped == DONE
        assert given in (DONE, GONE)
        assert Image.objects.owned_by(people.carol).filter(parent=share.image).count() == (given == DONE)


def test_of_two_who_give_a_copy_one_does_and_the_receiver_s_quota_holds(people: SimpleNamespace) -> None:
    project = people.carol.project
    for number in range(ROUNDS):
        share = a_share(people, "accepted")
        project.quotas = {"images": Image.objects.owned_by(people.carol).count() + 1}
        project.save()
        given, again, own = at_once(
            lambda share=share: give_copy(share, actor=people.alice),
            lambda share=share: give_copy(share, actor=people.bob),
            lambda share=share, number=number: copy_image(
                share.image, name=f"mine-{number}", actor=people.carol
            ),
        )
        assert {given, again, own} <= {DONE, "copy-under-way", "no-room-there", "quota-images"}
        assert [given, again, own].count(DONE) == 1
        assert Image.objects.owned_by(people.carol).filter(parent=share.image).count() == 1


def test_an_image_that_is_to_go_is_not_offered_any_more(people: SimpleNamespace) -> None:
    for _ in range(ROUNDS):
        image = factories.ImageFactory(project=people.bob.project)
        shared, planned = at_once(
            lambda image=image: share_image(image, project=people.carol.project, actor=people.bob),
            lambda image=image: plan_deletion(image, at=now(), actor=people.alice),
        )
        assert planned == DONE
        assert shared in (DONE, "to-be-deleted")
        assert Share.objects.filter(image=image).count() == (shared == DONE)


def test_an_image_that_is_due_is_kept_or_deleted(people: SimpleNamespace) -> None:
    for _ in range(ROUNDS):
        image = factories.ImageFactory(project=people.bob.project)
        plan_deletion(image, at=now(), actor=people.alice)
        kept, deleted = at_once(
            lambda image=image: withdraw_deletion(image, actor=people.bob),
            lambda image=image: delete_due_image(image, actor=service_actor(people.bob.project)),
        )
        assert (kept, deleted) in ((DONE, GONE), ("no-deletion", DONE))
        assert (Image.objects.get(pk=image.pk).status == "trashed") == (deleted == DONE)


def test_a_day_is_named_or_sharing_ends(people: SimpleNamespace) -> None:
    for _ in range(ROUNDS):
        share = a_share(people, "accepted")
        noticed, stopped = at_once(
            lambda share=share: give_notice(share, ends_at=now() + timedelta(days=1), actor=people.alice),
            lambda share=share: stop_sharing(share, actor=people.bob),
        )
        assert (noticed in (DONE, GONE), stopped) == (True, DONE)


def test_no_more_projects_accept_than_the_limit_allows(people: SimpleNamespace, settings: Any) -> None:
    """R44: pending offers do not count, so that the answers meet the limit."""
    settings.IMS_SHARES = 3
    for _ in range(2):
        image = factories.ImageFactory(project=people.bob.project)
        shares = [factories.ShareFactory(image=image) for _ in range(8)]
        outcomes = at_once(
            *[lambda share=share: accept_share(share, actor=service_actor(share.project)) for share in shares]
        )
        assert sorted(outcomes) == [DONE] * 3 + ["share-limit"] * 5
        assert Share.objects.filter(image=image, status="accepted").count() == 3
