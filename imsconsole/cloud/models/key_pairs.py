"""Key pairs: how one signs in to a server."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from imsconsole.accounts.models import Project
from imsconsole.cloud.models.projects import ProjectQuerySet
from imsconsole.core.ids import new_id
from imsconsole.core.now import now


class KeyPair(models.Model):
    """The public half of an SSH key. The private half is never kept."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    project = models.ForeignKey(
        Project, on_delete=models.PROTECT, related_name="key_pairs", verbose_name=_("project")
    )
    name = models.CharField(_("name"), max_length=64)
    public_key = models.TextField(_("public key"))
    fingerprint = models.CharField(_("fingerprint"), max_length=64)
    created_at = models.DateTimeField(_("created"), default=now)

    objects = ProjectQuerySet.as_manager()

    class Meta:
        verbose_name = _("key pair")
        verbose_name_plural = _("key pairs")
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["project", "name"], name="key_pair_name_unique")]

    def __str__(self) -> str:
        return self.name
