"""What may be done with an image, alone or with others that were chosen in the list."""

from collections.abc import Sequence

from django.utils.translation import gettext_lazy as _

from images.copy.rules import COPY_FACTS, can_begin_copy
from images.delete.rules import (
    DELETE_FACTS,
    DELETE_UNASKED_FACTS,
    can_delete,
    can_delete_unasked,
    can_withdraw_deletion,
)
from images.download.rules import DOWNLOAD_FACTS, can_download
from images.export.rules import EXPORT_FACTS, can_export
from images.fields.rules import can_import
from images.launch.disk.rules import can_create_disk_from
from images.launch.install.rules import can_install
from images.launch.rules import can_launch
from images.models import Image
from images.modify.rules import can_modify, can_tag
from images.product.rules import OFFER_FACTS, SHARE_FACTS, can_offer, can_share
from images.verify.rules import VERIFY_FACTS, can_verify
from imsconsole.accounts.actor import Actor
from imsconsole.accounts.rules import may_write
from imsconsole.core.actions import ROW, Action, Many
from imsconsole.core.rules import Verdict


def _can_each_be_deleted(images: Sequence[Image], actor: Actor) -> list[Verdict]:
    return [can_delete_unasked(image, actor) for image in images]


IMAGE_ACTIONS = (
    Action(_("Create server"), "servers-create", can_launch, "server-stack", key="n", query="image",
        style="primary"),
    Action(_("Install server"), "images:install", can_install, "computer-desktop",
        is_shown=lambda image: image.type == Image.Type.ISO, style="primary"),
    Action(_("Create data disk"), "disks-create", can_create_disk_from, "circle-stack", query="image",
        is_shown=lambda image: image.type == Image.Type.DATA, style="primary"),
    Action(_("Modify"), "images:modify", can_modify, "pencil-square", key="e"),
    Action(_("Copy"), "images:copy", can_begin_copy, "document-duplicate", key="c", facts=COPY_FACTS,
        many=Many("images:copy-several")),
    Action(_("Edit tags"), "images:tag", can_tag, "tag", key="t", where=(ROW, "tags")),
    Action(_("Export"), "images:export", can_export, "arrow-up-on-square", key="o", facts=EXPORT_FACTS,
        many=Many("images:export-several")),
    Action(_("Download"), "images:download", can_download, "arrow-down-tray", key="l", facts=DOWNLOAD_FACTS),
    Action(_("Share"), "sharing:share", can_share, "share", key="s", facts=SHARE_FACTS,
        many=Many("sharing:share-several")),
    Action(_("Publish as market image"), "market:create-listing", can_offer, "shopping-bag", query="image",
        facts=OFFER_FACTS, is_shown=lambda image: image.category == Image.Category.PRIVATE),
    Action(_("Delete"), "images:delete", can_delete, "trash", key="d", facts=DELETE_FACTS, asks=True,
        many=Many("images:delete-several", _can_each_be_deleted, DELETE_UNASKED_FACTS)),
    Action(_("Reject"), "sharing:reject-image", lambda _image, actor: may_write(actor), "x-mark",
        facts=("is_received",), is_shown=lambda image: image.is_received),
    Action(_("Verify"), "images:verify", can_verify, facts=VERIFY_FACTS, method="post", where=("verified",)),
    Action(_("Keep the image"), "images:withdraw-deletion", can_withdraw_deletion, method="post",
        where=("deletion",)),
)  # fmt: skip
IMAGE_LIST_ACTIONS = (
    Action(_("Import image"), "images:create", can_import, "arrow-up-tray", style="primary"),
)
