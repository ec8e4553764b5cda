"""Encryption keys (KMS), who else may use them, and which master key keeps them."""

from typing import Self

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from imsconsole.accounts.actor import Actor
from imsconsole.accounts.models import Project
from imsconsole.accounts.people import person
from imsconsole.cloud.models.projects import ProjectQuerySet
from imsconsole.core.ids import new_id
from imsconsole.core.now import now
from imsconsole.core.project_urls import address_of


class MasterKey(models.Model):
    """A master key that keeps, or kept, the material of keys: its number and its fingerprint, never itself.

    The newest one is in use. Rows stay, so that a lost or wrong master key can be called by its number.
    """

    version = models.PositiveIntegerField(_("number"), primary_key=True)
    fingerprint = models.CharField(_("fingerprint"), max_length=16)
    created_at = models.DateTimeField(_("in use since"), default=now)

    class Meta:
        verbose_name = _("master key")
        verbose_name_plural = _("master keys")
        ordering = ["-version"]

    def __str__(self) -> str:
        return f"{self.version} ({self.fingerprint})"


class KeyQuerySet(ProjectQuerySet["Key"]):
    def existing(self) -> Self:
        return self.exclude(state=Key.State.DELETED)

    def for_change(self, actor: Actor) -> Self:
        """The actor's, with what rules read of them: for `locked`."""
        return self.visible_to(actor).existing().select_related("project")

    def known_to(self, actor: Actor) -> Self:
        """The keys of the actor's project, and those granted to it (R47)."""
        granted = KeyGrant.objects.filter(grantee=actor.project).values("key")
        return self.existing().filter(Q(project=actor.project) | Q(pk__in=granted))

    def usable_by(self, actor: Actor) -> Self:
        """Those of them that are enabled: for choices."""
        return self.known_to(actor).filter(state=Key.State.ENABLED)


class Key(models.Model):
    """An encryption key of a project. Its material is kept wrapped by a master key until it is deleted.

    `ims/default` is made when a project first needs it (§2.25); it can be neither disabled, deleted nor granted.
    """

    class State(models.TextChoices):
        ENABLED = "enabled", _("Enabled")
        DISABLED = "disabled", _("Disabled")
        PENDING = "pending-deletion", _("Pending deletion")
        DELETED = "deleted", _("Deleted")

    id = models.UUIDField(_("key ID"), primary_key=True, default=new_id, editable=False)
    project = models.ForeignKey(
        Project, on_delete=models.PROTECT, related_name="keys", verbose_name=_("project")
    )
    name = models.CharField(_("name"), max_length=64)
    description = models.CharField(_("description"), max_length=255, blank=True)
    is_default = models.BooleanField(_("default key"), default=False, editable=False)
    state = models.CharField(_("status"), max_length=16, choices=State, default=State.ENABLED)
    delete_at = models.DateTimeField(_("is deleted"), null=True, editable=False)
    wrapped = models.BinaryField(null=True, editable=False)
    master = models.ForeignKey(
        MasterKey,
        on_delete=models.PROTECT,
        null=True,
        editable=False,
        related_name="keys",
        verbose_name=_("master key"),
    )
    created_by = person(_("created by"))
    created_at = models.DateTimeField(_("created"), default=now)
    deleted_at = models.DateTimeField(_("deleted"), null=True, editable=False)

    objects = KeyQuerySet.as_manager()

    class Meta:
        verbose_name = _("encryption key")
        verbose_name_plural = _("encryption keys")
        ordering = ["name"]
        indexes = [
            models.Index(fields=["project", "-created_at"], name="key_project_created"),
            models.Index(fields=["state", "delete_at"], name="key_state_delete_at"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["project", "name"], condition=~Q(state="deleted"), name="key_name_unique"
            ),
            models.UniqueConstraint(
                fields=["project"], condition=Q(is_default=True), name="one_default_key_per_project"
            ),
            models.CheckConstraint(
                condition=Q(state="deleted", wrapped=None, master=None)
                | Q(~Q(state="deleted"), wrapped__isnull=False, master__isnull=False),
                name="key_has_material_until_deleted",
            ),
            models.CheckConstraint(
                condition=Q(is_default=False) | Q(state="enabled"), name="default_key_is_enabled"
            ),
            models.CheckConstraint(
                condition=Q(state="pending-deletion", delete_at__isnull=False)
                | Q(~Q(state="pending-deletion"), delete_at=None),
                name="key_pending_has_time",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return address_of("keys:detail", self.pk)


class KeyGrantQuerySet(models.QuerySet["KeyGrant"]):
    def visible_to(self, actor: Actor) -> Self:
        """The grants of the actor's own keys."""
        return self.filter(key__project=actor.project)

    def received_by(self, actor: Actor) -> Self:
        """The grants of others' keys that the actor's project may use."""
        return self.filter(grantee=actor.project).select_related("key")


class KeyGrant(models.Model):
    """Lets another project of the region use a key: *decrypt data key* and *describe key* (R47)."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    key = models.ForeignKey(Key, on_delete=models.CASCADE, related_name="grants", verbose_name=_("key"))
    grantee = models.ForeignKey(
        Project, on_delete=models.CASCADE, related_name="received_grants", verbose_name=_("granted to")
    )
    created_by = person(_("granted by"))
    created_at = models.DateTimeField(_("granted"), default=now)

    objects = KeyGrantQuerySet.as_manager()

    class Meta:
        verbose_name = _("key grant")
        verbose_name_plural = _("key grants")
        ordering = ["-created_at", "pk"]
        constraints = [models.UniqueConstraint(fields=["key", "grantee"], name="key_granted_once")]

    def __str__(self) -> str:
        return f"{self.key} → {self.grantee_id}"
