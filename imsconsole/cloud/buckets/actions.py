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
from imsconsole.core.actions import EMPTY, PAGE, ROW, Action, Many, always

BUCKET_ACTIONS = (
    Action(_("Delete bucket"), "buckets:delete", can_delete_bucket, asks=True, icon="trash"),
    Action(
        _("Upload object"),
        "buckets:upload",
        can_upload_object,
        style="primary",
        icon="arrow-up-tray",
        where=(PAGE,),
    ),
)
OBJECT_ACTIONS = (
    Action(
        _("Delete"),
        "buckets:delete-object",
        can_delete_object,
        asks=True,
        icon="trash",
        many=Many("buckets:delete-several"),
    ),
    Action(
        _("Create image"),
        "images:create-from-object",
        can_import_from,
        query="object",
        icon="square-3-stack-3d",
        where=(PAGE,),
    ),
    Action(_("Create link"), "buckets:link", can_link_object, method="post", icon="link", where=("link",)),
    Action(
        _("Download"), "buckets:download", always, style="primary", icon="arrow-down-tray", where=(ROW, PAGE)
    ),
)
BUCKET_LIST_ACTIONS = (
    Action(
        _("Create bucket"),
        "buckets:create",
        can_create_bucket,
        style="primary",
        icon="plus",
        where=(PAGE, EMPTY),
    ),
)
