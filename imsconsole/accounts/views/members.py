"""A member's role, removing a member, leaving."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _

from imsconsole.accounts import rules
from imsconsole.accounts.access import ActorRequest, form_view
from imsconsole.accounts.actions import MEMBER_ACTIONS
from imsconsole.accounts.forms.members import RoleForm
from imsconsole.accounts.models import Membership
from imsconsole.accounts.services import members as services
from imsconsole.core.actions import offered
from imsconsole.core.project_urls import bare_url


@form_view
def change_role(request: ActorRequest, pk: int) -> HttpResponse:
    """One member: the role, the projects, and the way to remove."""
    membership = _member_or_404(request, pk)
    rules.may_administer(request.actor).require()
    initial = {"role": membership.role, "projects": membership.projects.all()}
    form = RoleForm(request.POST or None, initial=initial, account=request.actor.account)
    if request.method == "POST" and form.is_valid():
        services.change_role(membership=membership, **form.cleaned_data, actor=request.actor)
        messages.success(request, _("The role of %(name)s was changed.") % {"name": membership.user})
        return redirect("project")
    context = {
        "active": "project",
        "membership": membership,
        "form": form,
        "can_change": rules.can_change_role(membership, request.actor),
        "offers": offered(MEMBER_ACTIONS, membership, request.actor),
    }
    return render(request, "accounts/change_role.html", context, status=422 if form.errors else 200)


@form_view
def remove_member(request: ActorRequest, pk: int) -> HttpResponse:
    """Ask, then remove."""
    membership = _member_or_404(request, pk)
    if request.method == "POST":
        services.remove_member(membership=membership, actor=request.actor)
        messages.success(request, _("%(name)s is no longer a member.") % {"name": membership.user})
        return redirect("project")
    rules.can_remove_member(membership, request.actor).require()
    return render(request, "accounts/remove_member.html", {"active": "project", "membership": membership})


@form_view
def leave_account(request: ActorRequest) -> HttpResponse:
    """Ask, then leave."""
    membership = get_object_or_404(Membership.objects.visible_to(request.actor), user=request.user)
    if request.method == "POST":
        services.leave_account(membership=membership, actor=request.actor)
        messages.success(
            request, _("You left the account “%(account)s”.") % {"account": request.actor.account}
        )
        return redirect(bare_url("overview"))
    rules.can_leave_account(membership, request.actor).require()
    return render(request, "accounts/leave_account.html", {"active": "project", "membership": membership})


def _member_or_404(request: ActorRequest, pk: int) -> Membership:
    members = Membership.objects.visible_to(request.actor).select_related("user", "account")
    return get_object_or_404(members, pk=pk)
