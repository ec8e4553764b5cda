"""What is kept about an image that its owner deleted: for some days it can be brought back (R87, on purpose better)."""

from datetime import timedelta
from typing import Any, Self, TypeVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from imsconsole.accounts.actor import Actor
from imsconsole.accounts.people import person
from imsconsole.core.now import now

TRASHED = "trashed"
# two conditions: of a list SQLite does not see that an index has it
EXISTING = ~Q(status="deleted") & ~Q(status=TRASHED)
Row = TypeVar("Row", bound=models.Model, covariant=True)
KEEPS = ("active", "frozen")  # of any other status there is nothing to bring back


class TrashQuerySet(models.QuerySet[Row]):
    """What there is, and what is only in the trash."""

    def existing(self) -> Self:
        """Neither deleted nor in the trash."""
        return self.filter(EXISTING)

    def gone(self) -> Self:
        """The others."""
        return self.filter(~EXISTING)

    def in_trash(self, actor: Actor) -> Self:
        """What the actor's project has deleted and can still bring back, what goes first on top."""
        return self.filter(project=actor.project, status=TRASHED).order_by("kept_until", "pk")

    def freeze(self, code: str, **values: Any) -> None:
        """Let nobody use them, and say why; what is in the trash comes back frozen."""
        why = {"error_code": code, "error_values": values, "updated_at": now()}
        self.filter(status="active").update(status="frozen", **why)
        self.filter(status=TRASHED).update(status_before="frozen", **why)

    def thaw(self, *codes: str) -> None:
        """Normal again, those that were frozen for one of these reasons."""
        frozen, well = self.filter(error_code__in=codes), {"error_code": "", "error_values": {}}
        frozen.filter(status="frozen").update(status="active", updated_at=now(), **well)
        frozen.filter(status=TRASHED, status_before="frozen").update(status_before="active", **well)


class Trashable(models.Model):
    """The fields of an image in the trash. `kept_until` is what was promised when it was deleted.

    `delete_at` is when the clock puts it there, once no other project has it any more (R86).
    """

    delete_at = models.DateTimeField(_("to be deleted at"), null=True, blank=True)
    trashed_at = models.DateTimeField(_("deleted"), null=True, blank=True)
    trashed_by = person(_("deleted by"), blank=True)
    kept_until = models.DateTimeField(_("kept until"), null=True, blank=True)
    status_before = models.CharField(max_length=8, blank=True)
    # of a full-ECS image: whether its backups go when it goes for ever (R88)
    deletes_backups = models.BooleanField(_("delete its backups"), default=False)

    class Meta:
        abstract = True

    def put_into_trash(self, user: Any, *, deletes_backups: bool) -> list[str]:
        """Set the fields in memory; returns their names."""
        self.status_before, self.status = self.status, TRASHED  # type: ignore[has-type]
        self.trashed_at, self.trashed_by, self.delete_at = now(), user, None
        self.kept_until = self.trashed_at + timedelta(days=settings.IMS_TRASH_DAYS)
        self.deletes_backups = deletes_backups
        return [
            "status", "status_before", "trashed_at", "trashed_by", "kept_until", "deletes_backups", "delete_at",
        ]  # fmt: skip

    def take_out_of_trash(self) -> list[str]:
        """Its status as it was; returns the names of the fields that were set."""
        self.status, self.status_before = self.status_before, ""
        self.trashed_at = self.trashed_by = self.kept_until = None
        self.deletes_backups = False
        return ["status", "status_before", "trashed_at", "trashed_by", "kept_until", "deletes_backups"]


def keeps_what_is_deleted(status: str) -> bool:
    """Whether an image in that status goes into the trash when it is deleted, or for good at once."""
    return settings.IMS_TRASH_DAYS > 0 and status in KEEPS


def only_trash_is_kept() -> models.CheckConstraint:
    """The clock purges by `kept_until`: what is in the trash has one, nothing else has."""
    return models.CheckConstraint(
        condition=Q(status=TRASHED, kept_until__isnull=False, status_before__in=KEEPS)
        | ~Q(status=TRASHED) & Q(kept_until=None, status_before=""),
        name="only_trash_is_kept_until",
    )
