"""Pages for what went wrong outside our own errors."""

import sys

from django.core.exceptions import RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent
from django.db import Error
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext as _
from django_htmx.http import HttpResponseClientRedirect

from imsconsole.accounts.lost_forms import keep_lost
from imsconsole.core.contention import is_contended
from imsconsole.core.counting import count
from imsconsole.core.disconnection import is_disconnected
from imsconsole.core.errors import Contended, Disconnected, NoSpace
from imsconsole.core.fullness import is_full
from imsconsole.core.htmx import wants_fragment
from imsconsole.core.metrics import DATABASE_ERRORS
from imsconsole.core.middleware import BARE_SENTENCES, bare_error_page, error_page
from imsconsole.core.sentences import sentence_of


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    if isinstance(exception, RequestDataTooBig | TooManyFieldsSent | TooManyFilesSent):
        return error_page(request, 413, str(BARE_SENTENCES[413]))
    return error_page(request, 400, _("The browser sent something we could not read. Go back and try again."))


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    return error_page(request, 403, _("You may not see or do this. Ask an administrator of the account."))


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form from one of our pages is shown once more, filled; for who is signed out that is after signing in."""
    if page := keep_lost(request):
        return HttpResponseClientRedirect(page) if wants_fragment(request) else HttpResponseRedirect(page)
    return error_page(
        request,
        403,
        _("The form was too old or came from another page. Go back, reload the page and send it again."),
    )


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return error_page(
        request, 404, _("There is nothing at this address, or it is not visible in this project.")
    )


def too_many(request: HttpRequest) -> HttpResponse:
    return error_page(request, 429, str(BARE_SENTENCES[429]))


def server_error(request: HttpRequest) -> HttpResponse:
    """Called by Django while it handles what was raised, wherever that was."""
    error = sys.exc_info()[1]
    for is_said, said in (
        (is_full, NoSpace()),
        (is_contended, Contended()),
        (is_disconnected, Disconnected()),
    ):
        if is_said(error):
            if isinstance(error, Error):
                count(DATABASE_ERRORS, said.code)
            return bare_error_page(request, said.http_status, sentence_of(said))
    return bare_error_page(
        request, 500, _("Something went wrong on our side. Nothing you did is lost that was confirmed.")
    )
