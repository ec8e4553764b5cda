"""Every unsafe request that was refused is in the trail, those that are alike in one row (`audit.refusals`)."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from imsconsole.accounts.models import User
from imsconsole.audit import refusals
from imsconsole.audit.models import Event
from imsconsole.core.errors import ImsError
from imsconsole.core.project_urls import bare
from imsconsole.core.sentences import explained, lasting_values

SAFE = ("GET", "HEAD", "OPTIONS")
SECRETS = {"secret", "key"}  # places in addresses: of invitations, of resetting a password


class RefusedRequestMiddleware:
    """Records unsafe requests that ended with 403 to 429, with the refusal's code when there is one.

    422 (a form to be filled in again) is no refusal.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if request.method not in SAFE and 400 <= response.status_code < 500 and response.status_code != 422:
            self._record(request, response)
        else:
            refusals.write_due()
        return response

    @staticmethod
    def _record(request: HttpRequest, response: HttpResponse) -> None:
        actor = getattr(request, "actor", None)
        error = getattr(response, "ims_error", None)
        user = request.user if isinstance(request.user, User) or request.user.is_authenticated else None
        match = request.resolver_match
        thing, path = _about(request)
        refusals.note(
            Event(
                user_id=user.pk if user else None,
                user_name=user.get_username() if user else "",
                account=actor.account if actor else None,
                project=actor.project if actor else None,
                action=(match.view_name if match else "")[:64] or "request",
                resource_type="request",
                resource_id=thing[:64],
                resource_name=path[:255],
                result=Event.Result.WARNING,
                code=error.code if isinstance(error, ImsError) else str(response.status_code),
                details=explained(error.code, lasting_values(error))
                if isinstance(error, ImsError)
                else response.reason_phrase,
                address=request.META.get("REMOTE_ADDR") or None,
            )
        )


def _about(request: HttpRequest) -> tuple[str, str]:
    """The ID of the thing in an address, and the address in its project; never the secret of a link, which may still work.

    Of who is not signed in, the kind of address: many are joined in one row.
    """
    match = request.resolver_match
    if match is None:
        return "", bare(request.path)
    if SECRETS & match.kwargs.keys() or not request.user.is_authenticated:
        return "", f"/{match.route}"
    return str(next(iter(match.kwargs.values()), "")), bare(request.path)
