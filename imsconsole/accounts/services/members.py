"""Who belongs to an account, and as what. The account's row is locked, so two at once cannot remove its last administrator."""

from collections.abc import Iterable

from imsconsole.accounts import rules
from imsconsole.accounts.actor import Actor
from imsconsole.accounts.log import service
from imsconsole.accounts.models import Account, Membership, Project, User
from imsconsole.core.errors import NotFound
from imsconsole.core.locks import locked


@service("addAccountMember")
def add_member(*, user: User, role: str, projects: Iterable[Project] = (), actor: Actor) -> Membership:
    """Make a user a member of the actor's account without an invitation: for the operator."""
    narrowed = list(projects)
    rules.may_administer(actor).require()
    rules.fits_role(role, bool(narrowed)).require()
    membership = Membership.objects.create(user=user, account=actor.account, role=role)
    membership.projects.set(narrowed)
    return membership


@service("updateAccountMember")
def change_role(
    *, membership: Membership, role: str, projects: Iterable[Project], actor: Actor
) -> Membership:
    """Give a member another role, and all projects (none given) or only some."""
    membership, narrowed = _locked(membership), list(projects)
    rules.can_change_role(membership, actor).require()
    rules.fits_role(role, bool(narrowed)).require()
    membership.role = role
    membership.save(update_fields=["role"])
    membership.projects.set(narrowed)
    return membership


@service("removeAccountMember")
def remove_member(*, membership: Membership, actor: Actor) -> Membership:
    """Take a person out of the account. What the person made stays the project's."""
    membership = _locked(membership)
    rules.can_remove_member(membership, actor).require()
    return _removed(membership)


@service("leaveAccount")
def leave_account(*, membership: Membership, actor: Actor) -> Membership:
    """Take oneself out of the account."""
    membership = _locked(membership)
    rules.can_leave_account(membership, actor).require()
    return _removed(membership)


def _locked(membership: Membership) -> Membership:
    """The member as it is now, while nobody else changes the account's members."""
    locked(Account.objects.all(), membership.account_id)
    found = Membership.objects.select_related("user", "account").filter(pk=membership.pk).first()
    if found is None:
        raise NotFound
    return found


def _removed(membership: Membership) -> Membership:
    """Deleted, but still with its ID for the trail."""
    pk = membership.pk
    membership.delete()
    membership.pk = pk
    return membership
