"""One's own settings, and the language switch of every page."""

from allauth.mfa.models import Authenticator
from allauth.socialaccount.adapter import get_adapter
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.i18n import set_language as django_set_language

from imsconsole.accounts.access import UserRequest, form_view, post_view
from imsconsole.accounts.forms.me import MeForm
from imsconsole.accounts.models import User


@form_view.for_person
def me(request: UserRequest) -> HttpResponse:
    """Name, language, time zone, theme; the ways to password and second factor."""
    form = MeForm(request.POST or None, instance=User.objects.get(pk=request.user.pk))
    if request.method == "POST" and form.is_valid():
        user = form.save()
        with translation.override(user.language or translation.get_language()):
            messages.success(request, _("Your settings were saved."))
        return _with_language_cookie(redirect("me"), user.language)
    kinds = Authenticator.objects.filter(user=request.user).values_list("type", flat=True)
    context = {
        "form": form,
        "second_factors": [Authenticator.Type(kind).label for kind in sorted(set(kinds))],
        "providers": get_adapter().list_providers(request),
    }
    return render(request, "accounts/me.html", context, status=422 if form.errors else 200)


@post_view.for_anyone
def set_language(request: HttpRequest) -> HttpResponseBase:
    """Django's language switch (a cookie); for people signed in it is also their setting."""
    language = request.POST.get("language", "")
    if isinstance(request.user, User) and language in dict(settings.LANGUAGES):
        User.objects.filter(pk=request.user.pk).update(language=language)
    return django_set_language(request)


def _with_language_cookie(response: HttpResponse, language: str) -> HttpResponse:
    """So that the sign-in page speaks the same language; none chosen: the browser's again."""
    if language:
        response.set_cookie(
            settings.LANGUAGE_COOKIE_NAME,
            language,
            max_age=settings.LANGUAGE_COOKIE_AGE,
            secure=settings.LANGUAGE_COOKIE_SECURE,
            httponly=settings.LANGUAGE_COOKIE_HTTPONLY,
            samesite="Lax",
        )
    else:
        response.delete_cookie(settings.LANGUAGE_COOKIE_NAME)
    return response
