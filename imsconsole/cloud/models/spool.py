"""The pieces of files that wait in S3."""

from django.db import models
from django.db.models import Q

from imsconsole.core.ids import new_id
from imsconsole.core.now import now


class SpooledPart(models.Model):
    """A piece of the file of `owner`, a row of the spool's kind. It counts once its bytes are there, and nobody else's are.

    Disks of one archive share their pieces: several rows of one `key`, whose bytes go with the last.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    spool = models.CharField(max_length=9)
    owner = models.UUIDField()
    offset = models.BigIntegerField(default=0)
    size_bytes = models.BigIntegerField(default=0)
    checksum = models.CharField(max_length=140, blank=True)  # "sha256:…"
    key = models.UUIDField(default=new_id)
    counts = models.BooleanField(default=False)
    created_at = models.DateTimeField(default=now)

    class Meta:
        indexes = [
            models.Index(fields=["spool", "owner"], name="spooled_owner"),
            models.Index(fields=["key"], name="spooled_key"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["spool", "owner", "offset"], condition=Q(counts=True), name="one_piece_counts"
            )
        ]

    def __str__(self) -> str:
        return f"{self.spool} {self.owner} from {self.offset}"

    @property
    def name(self) -> str:
        """Where its bytes are."""
        return f"{self.spool}/part-{self.key.hex}"
