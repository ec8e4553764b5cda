"""One's own settings."""

from django.http import HttpResponse
from django.shortcuts import render

from imsconsole.accounts.access import UserRequest, person_only


@person_only
def me(request: UserRequest) -> HttpResponse:
    return render(request, "accounts/me.html", {"active": "me"})
