"""What belongs to a project."""

from typing import Any, Self

from django.db import models

from imsconsole.accounts.actor import Actor


class ProjectQuerySet(models.QuerySet[Any]):
    """What belongs to a project."""

    def visible_to(self, actor: Actor) -> Self:
        return self.filter(project=actor.project)
