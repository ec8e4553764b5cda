"""What servers have used, minute by minute."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from imsconsole.cloud.models.servers import Server


class Reading(models.Model):
    """The counters of a running server as they stood in a minute; what was not measured is empty.

    All are counted since its `start`, `run_s` seconds ago, so that any two rows of one start tell what was used between
    them: whichever rows are left out, nothing is counted anew. `is_kept`: for a day, the others for an hour.
    """

    server = models.ForeignKey(
        Server, on_delete=models.CASCADE, related_name="readings", verbose_name=_("server")
    )
    minute = models.DateTimeField(_("minute"))
    is_kept = models.BooleanField(_("kept for a day"))
    start = models.CharField(max_length=64, editable=False)
    run_s = models.FloatField(_("running for (s)"))
    vcpus = models.PositiveIntegerField(_("vCPUs"))
    cpu_s = models.FloatField(_("CPU time (s)"), null=True)
    memory_bytes = models.BigIntegerField(_("memory (bytes)"), null=True)
    read_bytes = models.BigIntegerField(_("read (bytes)"), null=True)
    written_bytes = models.BigIntegerField(_("written (bytes)"), null=True)
    received_bytes = models.BigIntegerField(_("received (bytes)"), null=True)
    sent_bytes = models.BigIntegerField(_("sent (bytes)"), null=True)

    class Meta:
        verbose_name = _("reading")
        verbose_name_plural = _("readings")
        ordering = ["server", "minute"]
        constraints = [models.UniqueConstraint(fields=["server", "minute"], name="reading_once_a_minute")]
        indexes = [models.Index(fields=["minute"], name="reading_minute")]

    def __str__(self) -> str:
        return f"{self.server_id} {self.minute:%Y-%m-%d %H:%M}"
