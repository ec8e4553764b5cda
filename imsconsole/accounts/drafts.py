"""Drafts of wizards: a row each, so that a draft survives signing out and two tabs do not mix."""

from datetime import timedelta
from typing import Any, cast
from uuid import UUID

from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import get_object_or_404
from formtools.wizard.storage.base import BaseStorage

from imsconsole.accounts.actor import Actor
from imsconsole.accounts.models import Draft, User
from imsconsole.core.now import now

STEPS = "steps"
KEPT = timedelta(days=30)


def begin_draft(wizard: str, actor: Actor, **data: Any) -> Draft:
    """A new draft of a wizard; `data` is what it begins with."""
    return Draft.objects.create(wizard=wizard, user=cast(User, actor.user), project=actor.project, data=data)


def find_draft(wizard: str, draft_id: UUID, actor: Actor) -> Draft:
    """One's own draft in this project; somebody else's is 404."""
    return get_object_or_404(Draft, pk=draft_id, wizard=wizard, user=actor.user, project=actor.project)


def forget_old_drafts() -> None:
    """Remove drafts nobody has touched for a month."""
    Draft.objects.filter(updated_at__lt=now() - KEPT).delete()


class DraftStorage(BaseStorage):
    """formtools' storage in the row `request.draft`; written only when a POST changed a step's data."""

    def __init__(self, prefix: str, request: HttpRequest, file_storage: Any = None) -> None:
        super().__init__(prefix, request, file_storage)
        self.draft: Draft = request.draft  # type: ignore[attr-defined]
        self.init_data()
        self.data[self.step_data_key] = dict(self.draft.data.get(STEPS, {}))

    def update_response(self, response: HttpResponseBase) -> None:
        super().update_response(response)
        steps = self.data[self.step_data_key]
        if steps and steps != self.draft.data.get(STEPS, {}):
            Draft.objects.filter(pk=self.draft.pk).update(
                data={**self.draft.data, STEPS: steps}, updated_at=now()
            )
