"""What may be done with an upload."""

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from images.models import Upload
from images.uploads.rules import can_discard, can_make_image, can_resume
from imsconsole.core.actions import ROW, Action

UPLOAD_ACTIONS = (
    Action(_("Import image"), lambda upload: f"{reverse('images:create')}?upload={upload.pk}", can_make_image,
        "square-3-stack-3d", spares=("image_name",),
        is_shown=lambda upload: upload.state == Upload.State.COMPLETE, style="primary"),
    Action(_("Resume"), lambda upload: f"{reverse('uploads:detail', args=[upload.pk])}#resume", can_resume,
        is_shown=lambda upload: upload.state == Upload.State.RECEIVING and not upload.origin, style="primary", where=(ROW,)),
    Action(_("Discard"), "uploads:discard", can_discard, "trash", spares=("image_name",), method="post"),
)  # fmt: skip
