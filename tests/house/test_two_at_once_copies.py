"""Two copies at once: of a name and of a quota one gets it, and never more run than may."""

from types import SimpleNamespace

import pytest

from images.copy.services import copy_image, copy_image_across
from images.models import Image
from imsconsole.accounts.models import Project
from imsconsole.jobs.models import Job
from imsconsole.jobs.runner import claim
from tests import factories
from tests.support.at_once import DONE, at_once

pytestmark = [
    pytest.mark.slow(reason="each pair meets several times"),
    pytest.mark.django_db(transaction=True),
]
ROUNDS = 3


def an_image(project: Project) -> Image:
    image = factories.ImageFactory(project=project)
    factories.ImageDiskFactory(image=image)
    return image


def far_project(people: SimpleNamespace) -> Project:
    region = factories.RegionFactory(code="cn-east-3", name="CN East-Shanghai1")
    target = factories.ProjectFactory(account=people.bob.account, region=region)
    factories.AgencyFactory(project=target, grantee=people.bob.project)
    return target


def test_a_name_is_given_once(people: SimpleNamespace) -> None:
    target = far_project(people)
    for number in range(ROUNDS):
        one, other = an_image(people.bob.project), an_image(people.bob.project)
        name = f"copy-{number}"
        here = at_once(
            lambda one=one, name=name: copy_image(one, name=name, actor=people.alice),
            lambda other=other, name=name: copy_image(other, name=name, actor=people.bob),
        )
        there = at_once(
            lambda one=one, name=name: copy_image_across(one, target=target, name=name, actor=people.alice),
            lambda other=other, name=name: copy_image_across(
                other, target=target, name=name, actor=people.bob
            ),
        )
        assert sorted(here) == sorted(there) == [DONE, "image-name-taken"]


def test_the_last_place_in_the_quota_of_the_target_is_given_once(people: SimpleNamespace) -> None:
    target = far_project(people)
    target.quotas = {"images": 1}
    target.save()
    images = [an_image(people.bob.project) for _ in range(3)]
    outcomes = at_once(
        *(
            lambda image=image: copy_image_across(image, target=target, name=image.name, actor=people.bob)
            for image in images
        )
    )
    assert sorted(outcomes) == [DONE, "quota-images", "quota-images"]


def test_workers_that_come_at_once_never_take_more_than_may_run(people: SimpleNamespace, settings) -> None:
    """R81."""
    settings.IMS_COPIES_AT_ONCE = 2
    target, image = far_project(people), an_image(people.bob.project)
    for number in range(6):
        copy_image_across(image, target=target, name=f"copy-{number}", actor=people.bob)
    jobs = list(Job.objects.values_list("pk", flat=True))
    at_once(*(lambda pk=pk: claim(str(pk), "test") for pk in jobs))
    assert Job.objects.filter(state="running").count() == 2
