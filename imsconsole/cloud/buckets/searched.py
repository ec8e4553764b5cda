"""Buckets in the search."""

from django.utils.translation import gettext_lazy as _

from imsconsole.cloud.buckets.filters import BucketFilter, buckets_of
from imsconsole.search.kinds import Kind

SEARCHED = (
    Kind(
        6, _("Buckets"), "archive-box", buckets_of, BucketFilter, "buckets:list", "buckets:detail",
        told=lambda bucket: bucket.get_storage_class_display(),
    ),
)  # fmt: skip
