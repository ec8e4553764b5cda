"""Inviting, withdrawing, and the page behind the link."""

import uuid

from django.contrib import messages
from django.contrib.auth import login
from django.db import IntegrityError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters

from imsconsole.accounts import links, rules
from imsconsole.accounts.access import ActorRequest, form_view, post_view
from imsconsole.accounts.forms.members import InviteForm, NewcomerForm
from imsconsole.accounts.models import Invitation, User
from imsconsole.accounts.services import invitations as services
from imsconsole.core.project_urls import bare_url, in_project

BACKEND = "django.contrib.auth.backends.ModelBackend"


@form_view
def invite(request: ActorRequest) -> HttpResponse:
    """Make a link. The answer shows it, once: it is neither kept nor put into a redirect."""
    rules.can_invite(request.actor).require()
    form = InviteForm(request.POST or None, account=request.actor.account)
    if request.method == "POST" and form.is_valid():
        secret = links.new_secret()
        invitation = services.invite_member(secret=secret, **form.cleaned_data, actor=request.actor)
        address = request.build_absolute_uri(bare_url("invitation", secret))
        context = {"active": "project", "invitation": invitation, "link": address}
        return render(request, "accounts/invited.html", context)
    context = {"active": "project", "form": form}
    return render(request, "accounts/invite.html", context, status=422 if form.errors else 200)


@post_view
def withdraw_invitation(request: ActorRequest, pk: uuid.UUID) -> HttpResponse:
    invitation = get_object_or_404(Invitation.objects.visible_to(request.actor), pk=pk)
    services.withdraw_invitation(invitation=invitation, actor=request.actor)
    messages.success(request, _("The invitation was withdrawn; its link no longer works."))
    return redirect("project")


@form_view.for_anyone
@sensitive_post_parameters()
def invitation(request: HttpRequest, secret: str) -> HttpResponse:
    """The page behind the link: a member-to-be accepts; a newcomer also chooses name and password."""
    found = get_object_or_404(
        Invitation.objects.select_related("account", "created_by"),
        secret_sha256=links.sha256_of(secret),
    )
    user = request.user if isinstance(request.user, User) else None
    rules.can_accept_invitation(found, user).require()
    form = None if user else NewcomerForm(request.POST or None)
    if request.method == "POST" and (form is None or form.is_valid()):
        try:
            return _accept(request, found, user, form)
        except IntegrityError:  # the same user name, or membership, taken a moment ago
            messages.error(request, _("Someone was a moment faster. Please check and send it again."))
            return redirect("invitation", secret)
    context = {"invitation": found, "form": form, "secret": secret}
    return render(request, "accounts/invitation.html", context, status=422 if form and form.errors else 200)


def _accept(
    request: HttpRequest, found: Invitation, user: User | None, form: NewcomerForm | None
) -> HttpResponse:
    """Become a member, sign in when new, and enter the project."""
    person = user or (form.save(commit=False) if form else User())
    password = form.cleaned_data["password1"] if form else ""
    actor = links.guest_of(found, person, request.META.get("REMOTE_ADDR", ""))
    services.accept_invitation(invitation=found, password=password, actor=actor)
    if user is None:
        login(request, person, backend=BACKEND)
    messages.success(request, _("Welcome to “%(account)s”.") % {"account": found.account})
    return redirect(in_project(actor.project.pk, reverse("overview")))
