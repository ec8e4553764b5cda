"""What may be done with a bucket, and with an object in it."""

from django.utils.translation import gettext_lazy as _

from imsconsole.cloud.buckets.rules import (
    can_create_bucket,
    can_delete_bucket,
    can_delete_object,
    can_import_from,
    can_link_object,
    can_upload_object,
)
from imsconsole.core.actions import PAGE, Action, Many, always

BUCKET_ACTIONS = (
    Action(_("Delete bucket"), "buckets:delete", can_delete_bucket, "trash", key="d", asks=True),
    Action(_("Upload object"), "buckets:upload", can_upload_object, "arrow-up-tray", carries=("prefix",),
        style="primary", where=(PAGE,)),
)  # fmt: skip
OBJECT_ACTIONS = (
    Action(_("Delete"), "buckets:delete-object", can_delete_object, "trash", key="d", asks=True,
        many=Many("buckets:delete-several")),
    Action(_("Import image"), "images:create-from-object", can_import_from, "square-3-stack-3d",
        query="object", where=(PAGE,)),
    Action(_("Create link"), "buckets:link", can_link_object, "link", method="post", where=("link",)),
    Action(_("Download"), "buckets:download", always, "arrow-down-tray", style="primary"),
)  # fmt: skip
BUCKET_LIST_ACTIONS = (
    Action(_("Create bucket"), "buckets:create", can_create_bucket, "plus", style="primary"),
)
