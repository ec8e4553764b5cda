"""Pages of allauth that make no sense without a mail server."""

from allauth.account.views import password_reset as allauth_password_reset
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render

from imsconsole.accounts.access import form_view, page_view
from imsconsole.core.mail import has_mail_server


@form_view.for_anyone
def reset_password(request: HttpRequest) -> HttpResponseBase:
    """A link by e-mail when `IMS_EMAIL_URL` is set; else who helps instead."""
    if not has_mail_server():
        return render(request, "account/no_mail.html")
    return allauth_password_reset(request)


@page_view.for_anyone
def email(request: HttpRequest) -> HttpResponse:
    """There are no e-mail addresses to manage: the operator sets the one a password can be reset with."""
    return redirect("me")
