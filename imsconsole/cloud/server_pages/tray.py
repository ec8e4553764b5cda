"""Eject the ISO of a server."""

import uuid

from django.http import HttpResponse
from django.utils.translation import gettext_lazy as _

from imsconsole.accounts.access import ActorRequest, form_view
from imsconsole.cloud.server_pages.power import Question, ask
from imsconsole.cloud.tray.rules import can_eject_iso
from imsconsole.cloud.tray.services import eject_iso

EJECT = Question(
    can_eject_iso,
    eject_iso,
    title=_("Eject ISO"),
    heading=_("Eject the ISO of “%(name)s”?"),
    text=_(
        "Unmount it in the server first: what reads it there fails from then on. It can be mounted again."
    ),
    done=_("The ISO of “%(name)s” is being ejected."),
    style="primary",
)


@form_view
def eject(request: ActorRequest, server_id: uuid.UUID) -> HttpResponse:
    return ask(request, server_id, EJECT)
