"""Who sees a shared image: its owner, a project that accepted it, and nobody else (R14, R15, R102)."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from images.models import Image
from imsconsole.core.now import now
from sharing.models import Share
from tests import factories
from tests.conftest import client_of
from tests.images.catalogue.test_visibility import seen_by

pytestmark = [pytest.mark.django_db, pytest.mark.slow(reason="all lists, files and pages are looked at")]


@pytest.fixture
def image(people):
    return factories.ImageFactory(project=people.bob.project, name="image-ours")


def share(image, actor, **fields):
    return factories.ShareFactory(image=image, project=actor.project, **fields)


def test_an_accepted_image_stands_in_the_tab_of_shared_images(people, image):
    share(image, people.carol, status="accepted")

    rows = client_of(people.carol).get("/images/", {"tab": "shared"}).context["table"].paginated_rows
    assert [row.record.pk for row in rows] == [image.pk]
    assert seen_by(people.carol) == ({"image-ours"}, {"image-ours"})
    assert not client_of(people.bob).get("/images/", {"tab": "shared"}).context["table"].paginated_rows


@pytest.mark.parametrize("status", ["pending", "rejected"])
def test_an_offer_that_is_not_accepted_shows_nothing_of_the_image(people, image, status):
    share(image, people.carol, status=status)

    assert seen_by(people.carol) == (set(), set())


def test_a_share_that_has_ended_or_whose_day_has_come_shows_nothing(people, image):
    given = share(image, people.carol, status="accepted", ends_at=now() + timedelta(seconds=60))
    assert Image.objects.visible_to(people.carol).get() == image

    Share.objects.update(ends_at=now())  # the clock need not have run
    assert seen_by(people.carol) == (set(), set())
    Share.objects.update(ends_at=None, ended_at=now())
    assert seen_by(people.carol) == (set(), set())
    assert list(Share.objects.living()) == []
    assert Share.objects.get() == given


def test_a_deleted_image_is_gone_for_everybody(people, image):
    share(image, people.carol, status="accepted")
    Image.objects.update(status="deleted")

    assert seen_by(people.carol) == seen_by(people.bob) == (set(), set())
    assert not Share.objects.visible_to(people.carol)
    assert not Share.objects.visible_to(people.bob)


def test_other_projects_of_the_receiver_s_account_see_nothing(people, image):
    second = factories.ProjectFactory(account=people.carol.account, region=people.carol.region)
    factories.ShareFactory(image=image, project=second, status="accepted")

    assert seen_by(people.carol) == (set(), set())


def test_the_owner_sees_an_image_once_however_often_it_is_shared(people, image):
    for _ in range(3):
        factories.ShareFactory(image=image, status="accepted")
    factories.ShareFactory(image=image, status="accepted", ended_at=now())

    (seen,) = Image.objects.visible_to(people.bob).with_facts(people.bob, "shares_count", "shared_until")
    assert seen.shares_count == 3
    assert seen.shared_until is None


def test_the_receiver_knows_the_day_on_which_a_share_ends(people, image):
    until = now() + timedelta(days=3)
    share(image, people.carol, status="accepted", ends_at=until)
    factories.ShareFactory(image=image, ends_at=now() + timedelta(days=1))

    (seen,) = Image.objects.visible_to(people.carol).with_facts(people.carol, "shared_until")
    assert seen.shared_until == until


def test_a_project_has_one_living_share_of_an_image(people, image):
    share(image, people.carol, ended_at=now())
    share(image, people.carol)

    with pytest.raises(IntegrityError), transaction.atomic():
        share(image, people.carol)


def test_an_image_is_never_shared_with_its_owner(people, image):  # R49
    with pytest.raises(IntegrityError), transaction.atomic():
        share(image, people.bob)
