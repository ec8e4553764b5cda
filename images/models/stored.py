"""What is stored of a project: bytes that several of its images and backups are links to, once."""

from django.db import models

from imsconsole.accounts.models import Project


class ProjectBytes(models.Model):
    """Stored bytes of a project, while an image or a backup of it has them. Written by triggers only (`images.quotas`).

    `type` is that of an image which has them (of one of them), or "backup".
    """

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="+", db_constraint=False)
    bytes_id = models.UUIDField()
    type = models.CharField(max_length=8)
    links = models.PositiveIntegerField()  # how many disks of images and backups they are
    size_bytes = models.BigIntegerField()  # of the largest

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["project", "bytes_id"], name="bytes_stored_once_in_project")
        ]

    def __str__(self) -> str:
        return f"{self.bytes_id} {self.size_bytes}"
