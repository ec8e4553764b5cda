"""User data that is saved for the orders of a project."""

from typing import Self

from django.db import models
from django.db.models.functions import Length
from django.utils.translation import gettext_lazy as _

from imsconsole.accounts.actor import Actor
from imsconsole.accounts.models import Project
from imsconsole.accounts.people import person
from imsconsole.cloud.models.projects import ProjectQuerySet
from imsconsole.core.ids import new_id
from imsconsole.core.now import now


class UserDataQuerySet(ProjectQuerySet["UserData"]):
    def readable_by(self, actor: Actor) -> Self:
        """Those whose text the actor may read: it may hold passwords, so only for who may use it."""
        return self.visible_to(actor) if actor.writes else self.none()

    def listed(self) -> Self:
        """Without the texts; annotates `characters`."""
        return self.defer("text").annotate(characters=Length("text"))


class UserData(models.Model):
    """What cloud-init is to do at the first start of servers, under a name."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    project = models.ForeignKey(
        Project, on_delete=models.PROTECT, related_name="user_data", verbose_name=_("project")
    )
    name = models.CharField(_("name"), max_length=64)
    text = models.TextField(_("text"))
    created_by = person(_("created by"))
    created_at = models.DateTimeField(_("created"), default=now, editable=False)
    updated_at = models.DateTimeField(_("modified"), default=now, editable=False)

    characters: int  # annotated by `listed`

    objects = UserDataQuerySet.as_manager()

    class Meta:
        verbose_name = _("user data")
        verbose_name_plural = _("user data")
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["project", "name"], name="user_data_name_unique")]

    def __str__(self) -> str:
        return self.name
