"""The job that removes the bytes of a deleted image."""

from django.utils.translation import gettext_lazy as _

from images.models import ImageDisk
from imsconsole.cloud.stored.removal import remove_stored
from imsconsole.jobs.kinds import QUICK, JobKind
from imsconsole.jobs.run import Run


class DeleteImage(JobKind):
    """`image.delete`: its bytes go, unless other images or backups have them, or work reads them; servers keep their own links."""

    kind = "image.delete"
    title = _("Delete image")
    queue = QUICK
    can_cancel = False
    steps = {"remove": _("Remove its files")}

    def remove(self, run: Run) -> None:
        remove_stored(ImageDisk.objects.filter(image=run.job.subject_id), run)
