"""A share: one image, one project of its region that may use it (ims-facts §2.14)."""

from typing import Any, Self

from django.db import models
from django.db.models import Count, Exists, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from images.models import Image
from imsconsole.accounts.actor import Actor
from imsconsole.accounts.models import Project
from imsconsole.accounts.people import person
from imsconsole.cloud.models import Server, Vault
from imsconsole.core.ids import new_id
from imsconsole.core.now import now
from imsconsole.core.project_urls import address_of


class ShareQuerySet(models.QuerySet["Share"]):
    def living(self) -> Self:
        """Neither stopped nor past the day its owner named; of an image that can be had."""
        on_time = Q(ends_at=None) | Q(ends_at__gt=now())
        gone = [Image.Status.DELETED, Image.Status.TRASHED]
        return self.filter(on_time, ended_at=None).exclude(image__status__in=gone)

    def visible_to(self, actor: Actor) -> Self:
        """What the actor's project shares, and what is shared with it."""
        return self.living().filter(Q(owner=actor.project) | Q(project=actor.project))

    def given_by(self, actor: Actor) -> Self:
        return self.living().filter(owner=actor.project)

    def received_by(self, actor: Actor) -> Self:
        """Offers to the actor's project, in whatever status (R56)."""
        return self.living().filter(project=actor.project)

    def pending_in(self, project: Project | None) -> Self:
        """What waits for the project's answer."""
        return self.living().filter(project=project, status=Share.Status.PENDING)

    def with_names(self, actor: Actor) -> Self:
        """With what is known of both projects: annotates `is_known` (`knows`)."""
        known = knows(actor, OuterRef("project"))
        return self.select_related("project__account", "owner__account").annotate(is_known=known)

    def with_facts(self) -> Self:
        """Annotates `servers_count`: how many servers the receiving project has from the image, and
        `accepted_count`: how many projects have accepted it.
        """
        servers = Server.objects.filter(
            image=OuterRef("image"), project=OuterRef("project"), deleted_at=None
        ).values("image")
        accepted = Share.objects.filter(
            image=OuterRef("image"), ended_at=None, status=Share.Status.ACCEPTED
        ).values("image")
        return self.annotate(servers_count=_count(servers), accepted_count=_count(accepted))


class RecipientQuerySet(models.QuerySet["Recipient"]):
    def visible_to(self, actor: Actor) -> Self:
        return self.filter(owner=actor.project)

    def with_names(self, actor: Actor) -> Self:
        """As of shares."""
        known = knows(actor, OuterRef("project"))
        return self.select_related("project__account").annotate(is_known=known)


def knows(actor: Actor, project: Any) -> Exists:
    """Whether the actor may know what a project is called, whose ID is `project`: one of their own account, or one that has
    accepted an image of theirs, or has offered them one, at any time. An ID alone tells nothing.
    """
    theirs = Project.objects.filter(pk=project)
    accepted = Share.objects.filter(owner=actor.project, project=OuterRef("pk"), status=Share.Status.ACCEPTED)
    offered = Share.objects.filter(owner=OuterRef("pk"), project=actor.project)
    return Exists(theirs.filter(Q(account=actor.account) | Q(Exists(accepted)) | Q(Exists(offered))))


def _count(rows: models.QuerySet[Any]) -> Coalesce:
    return Coalesce(Subquery(rows.order_by().annotate(n=Count("pk")).values("n")), 0)


class Share(models.Model):
    """An image that is offered to another project of its region (共享). The row stays when it has ended.

    `owner` is the image's project: kept here so that the database can refuse a share with oneself.
    """

    class Status(models.TextChoices):
        PENDING = "pending", _("Pending")
        ACCEPTED = "accepted", _("Accepted")
        REJECTED = "rejected", _("Rejected")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    image = models.ForeignKey(Image, on_delete=models.PROTECT, related_name="shares", verbose_name=_("image"))
    owner = models.ForeignKey(
        Project, on_delete=models.PROTECT, related_name="given_shares", verbose_name=_("shared by")
    )
    project = models.ForeignKey(
        Project, on_delete=models.PROTECT, related_name="received_shares", verbose_name=_("shared with")
    )
    status = models.CharField(_("status"), max_length=8, choices=Status, default=Status.PENDING)
    # what its owner says to the receiver; both read it
    note = models.CharField(_("note"), max_length=200, blank=True)
    created_by = person(_("shared by (person)"))
    created_at = models.DateTimeField(_("shared at"), default=now)
    answered_by = person(_("answered by"))
    answered_at = models.DateTimeField(_("answered at"), null=True)
    # where a full-ECS image was received, which holds it (R55)
    vault = models.ForeignKey(
        Vault,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="received",
        verbose_name=_("vault"),
    )
    # what the receiver keeps when sharing ends: its own copy, given by the owner
    copy = models.ForeignKey(
        Image, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("copy")
    )
    ends_at = models.DateTimeField(_("ends at"), null=True)  # announced to the receiver
    ended_at = models.DateTimeField(_("ended at"), null=True)

    # annotated by `with_facts`
    servers_count: int
    accepted_count: int
    # annotated by `with_names`
    is_known: bool

    objects = ShareQuerySet.as_manager()

    class Meta:
        verbose_name = _("share")
        verbose_name_plural = _("shares")
        ordering = ["-created_at", "pk"]
        indexes = [
            models.Index(
                fields=["project", "status", "-created_at", "id"],
                condition=Q(ended_at=None),
                name="share_received_living",
            ),
            models.Index(fields=["owner", "-created_at"], name="share_owner_created"),
            models.Index(fields=["-created_at", "id"], name="share_latest"),  # of all, for operators
            models.Index(
                fields=["project", "ends_at"],
                condition=Q(ended_at=None, ends_at__isnull=False),
                name="share_received_ends",
            ),
            models.Index(
                fields=["ends_at"], condition=Q(ended_at=None, ends_at__isnull=False), name="share_ends"
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["image", "project"], condition=Q(ended_at=None), name="one_living_share_per_project"
            ),
            models.CheckConstraint(  # R49
                condition=~Q(owner=models.F("project")), name="not_shared_with_its_owner"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.image} → {self.project_id}"

    @property
    def is_copying(self) -> bool:
        """Whether the receiver's own copy is being made. Load `copy` with it."""
        return self.copy is not None and self.copy.status in (Image.Status.QUEUED, Image.Status.SAVING)

    @property
    def failed_copy(self) -> Image | None:
        """The copy that could not be made, when it was tried. Load `copy` with it."""
        return self.copy if self.copy and self.copy.status == Image.Status.KILLED else None

    def get_absolute_url(self) -> str:
        return address_of("sharing:detail", self.pk)

    @property
    def receiver_name(self) -> str:
        """Account and project, as far as its owner may know them; of `with_names`."""
        return name_of(self.project) if self.is_known else ""

    @property
    def owner_name(self) -> str:
        """Who offers something says who it is."""
        return name_of(self.owner)


def name_of(project: Project) -> str:
    """Its account and what it is called there. Load `account` with it."""
    return f"{project.account} · {project}"


class Recipient(models.Model):
    """A project that another one has shared images with: a line of that one's address book."""

    owner = models.ForeignKey(
        Project, on_delete=models.CASCADE, related_name="recipients", verbose_name=_("address book of")
    )
    project = models.ForeignKey(
        Project, on_delete=models.CASCADE, related_name="+", verbose_name=_("shared with")
    )
    used_at = models.DateTimeField(_("last shared at"), default=now)

    objects = RecipientQuerySet.as_manager()

    # annotated by `with_names`
    is_known: bool

    class Meta:
        verbose_name = _("recipient")
        verbose_name_plural = _("recipients")
        ordering = ["-used_at", "-pk"]
        indexes = [models.Index(fields=["owner", "-used_at", "-id"], name="recipient_recent")]
        constraints = [
            models.UniqueConstraint(fields=["owner", "project"], name="one_line_per_recipient"),
        ]

    def __str__(self) -> str:
        return str(self.project_id)

    @property
    def receiver_name(self) -> str:
        """As of a share."""
        return name_of(self.project) if self.is_known else ""
