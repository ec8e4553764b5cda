"""What belongs to a project."""

from typing import Self, TypeVar

from django.db import models

from imsconsole.accounts.actor import Actor

M = TypeVar("M", bound=models.Model)


class ProjectQuerySet(models.QuerySet[M]):
    """What belongs to a project."""

    def visible_to(self, actor: Actor) -> Self:
        return self.filter(project=actor.project)
