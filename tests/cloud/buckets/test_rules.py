"""Which buckets images go to and come from (R58, R77)."""

import pytest

from imsconsole.cloud.buckets.rules import can_export_to, can_import_from
from tests.factories import BucketFactory, BucketObjectFactory


@pytest.mark.parametrize(("storage_class", "code"), [("standard", ""), ("warm", "bucket-not-standard"), ("cold", "bucket-not-standard")])  # fmt: skip
def test_images_go_to_and_come_from_standard_buckets_only(people, storage_class, code) -> None:
    bucket = BucketFactory(project=people.bob.project, storage_class=storage_class)
    assert can_export_to(bucket, people.bob).code == code
    assert can_import_from(BucketObjectFactory(bucket=bucket), people.bob).code == code
    assert can_export_to(bucket, people.dave).code == "read-only"
