"""Publishers: accounts that offer images to all others (镜像服务商)."""

from typing import Self

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from imsconsole.accounts.actor import Actor
from imsconsole.accounts.models import Account
from imsconsole.accounts.people import person
from imsconsole.core.ids import new_id
from imsconsole.core.now import now
from imsconsole.core.project_urls import address_of


class PublisherQuerySet(models.QuerySet["Publisher"]):
    def visible_to(self, actor: Actor) -> Self:
        """Those that are approved; others for themselves and the operator alone."""
        if actor.user and actor.user.is_staff:
            return self
        return self.filter(Q(state=Publisher.State.APPROVED) | Q(account=actor.account))


class Publisher(models.Model):
    """An account's application to offer images, and what the operator said. One row per account."""

    class State(models.TextChoices):
        APPLIED = "applied", _("Applied")
        APPROVED = "approved", _("Approved")
        REJECTED = "rejected", _("Rejected")
        SUSPENDED = "suspended", _("Suspended")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    account = models.OneToOneField(
        Account, on_delete=models.PROTECT, related_name="publisher", verbose_name=_("account")
    )
    name = models.CharField(_("name"), max_length=64, unique=True)
    description = models.CharField(_("description"), max_length=1024, blank=True)
    contact = models.EmailField(_("contact"))
    # PNG, made anew from what was uploaded
    logo = models.BinaryField(_("logo"), blank=True, default=bytes)
    state = models.CharField(_("state"), max_length=9, choices=State, default=State.APPLIED)
    reason = models.CharField(_("reason"), max_length=1024, blank=True)  # of the operator's last decision
    applied_by = person(_("applied by"))
    applied_at = models.DateTimeField(_("applied at"), default=now)
    decided_by = person(_("decided by"))
    decided_at = models.DateTimeField(_("decided at"), null=True)

    objects = PublisherQuerySet.as_manager()

    class Meta:
        verbose_name = _("publisher")
        verbose_name_plural = _("publishers")
        ordering = ["name"]
        indexes = [models.Index(fields=["state", "applied_at"], name="publisher_state_applied")]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return address_of("market:publisher", self.pk)

    @property
    def is_approved(self) -> bool:
        return self.state == self.State.APPROVED
