"""The job that removes the bytes of a deleted image."""

from django.utils.translation import gettext_lazy as _

from images.models import Image
from imsconsole.cloud.engines import engine_for
from imsconsole.jobs.kinds import QUICK, JobKind
from imsconsole.jobs.run import Run


class DeleteImage(JobKind):
    """`image.delete`: its files go; servers and running work keep their own links to the bytes."""

    kind = "image.delete"
    title = _("Delete image")
    queue = QUICK
    can_cancel = False
    steps = {"remove": _("Remove its files")}

    def remove(self, run: Run) -> None:
        """Delete each stored disk, then strike its reference."""
        image = Image.objects.get(pk=run.job.subject_id)
        for disk in image.disks.exclude(ref=""):
            engine_for(image.region_id).delete(disk.ref, work=run)
            with run.fenced():
                image.disks.filter(pk=disk.pk).update(ref="")
