"""The first page."""

from django.http import HttpResponse
from django.shortcuts import render

from imsconsole.accounts.access import ActorRequest, signed_in


@signed_in
def overview(request: ActorRequest) -> HttpResponse:
    """First steps. It grows cards of other rooms by their URL names."""
    return render(request, "accounts/overview.html", {"active": "overview"})
