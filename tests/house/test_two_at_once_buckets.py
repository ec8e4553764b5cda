"""Two people at once on the same bucket or object (see `test_two_at_once`)."""

from types import SimpleNamespace

import pytest

from images.export.services import export_image
from imsconsole.cloud.buckets.services import delete_bucket
from imsconsole.cloud.models import Bucket, BucketObject
from imsconsole.jobs.models import Job
from tests import factories
from tests.house.test_two_at_once import ROUNDS, stored_image
from tests.support.at_once import DONE, at_once

pytestmark = pytest.mark.django_db(transaction=True)


def test_of_two_who_export_an_image_one_wins(people: SimpleNamespace) -> None:
    for _ in range(ROUNDS):
        image, bucket = stored_image(people.bob.project), factories.BucketFactory(project=people.bob.project)
        outcomes = at_once(
            *[
                lambda key=key, image=image, bucket=bucket: export_image(
                    image, bucket=bucket, key=key, format="qcow2", actor=people.bob
                )
                for key in ("one.qcow2", "two.qcow2")
            ]
        )
        assert sorted(outcomes) == [DONE, "exporting"]
        assert Job.objects.about(image.pk).count() == BucketObject.objects.filter(bucket=bucket).count() == 1


def test_of_two_who_export_to_one_name_one_wins(people: SimpleNamespace) -> None:
    for _ in range(ROUNDS):
        bucket = factories.BucketFactory(project=people.bob.project)
        images = [stored_image(people.bob.project) for _ in range(2)]
        outcomes = at_once(
            *[
                lambda image=image, bucket=bucket: export_image(
                    image, bucket=bucket, key="disk.qcow2", format="qcow2", actor=people.bob
                )
                for image in images
            ]
        )
        assert sorted(outcomes) == [DONE, "object-exists"]


def test_a_bucket_is_deleted_or_gets_an_export(people: SimpleNamespace) -> None:
    for _ in range(ROUNDS):
        image, bucket = stored_image(people.bob.project), factories.BucketFactory(project=people.bob.project)
        outcomes = at_once(
            lambda image=image, bucket=bucket: export_image(
                image, bucket=bucket, key="disk.qcow2", format="qcow2", actor=people.bob
            ),
            lambda bucket=bucket: delete_bucket(bucket, actor=people.alice),
        )
        assert outcomes in ([DONE, "bucket-not-empty"], ["bucket-gone", DONE])
        assert Bucket.objects.filter(pk=bucket.pk).exists() == (outcomes[0] == DONE)
