"""Who may: the first question of every rule."""

from collections.abc import Mapping

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from imsconsole.accounts.actor import Actor, Operator
from imsconsole.accounts.models import Account, Agency, Invitation, Membership, Project, Role, User
from imsconsole.accounts.resources import TITLES
from imsconsole.core.now import now
from imsconsole.core.rules import ALLOWED, Verdict, refuse


def may_write(actor: Actor | Operator) -> Verdict:
    """Changing anything needs the role full access or administrator (§2.27)."""
    if actor.writes:
        return ALLOWED
    return refuse(
        "read-only",
        _("Your role in this project is read-only. Ask an administrator of the account for full access."),
    )


def may_administer(actor: Actor) -> Verdict:
    """Members and invitations are for administrators of the account."""
    if actor.administers:
        return ALLOWED
    return refuse(
        "administrators-only",
        _("Only administrators of the account can do this. Ask one of them."),
    )


def may_operate(actor: Actor | Operator) -> Verdict:
    """What belongs to the platform (people, accounts, limits, regions, flavors) is for its operators."""
    if actor.user is None or actor.user.is_staff:
        return ALLOWED
    return refuse("operators-only", _("Only operators of the platform can do this. Ask one of them."))


def may_keep_user(user: User, actor: Actor | Operator) -> Verdict:
    """Users are for operators; who is one, or is to be one, is for those who may do everything."""
    verdict = may_operate(actor)
    operators = User.objects.filter(Q(is_staff=True) | Q(is_superuser=True))
    if not verdict or actor.user is None or actor.user.is_superuser:
        return verdict
    if user.is_staff or operators.filter(pk=user.pk).exists():
        return refuse(
            "operator-by-operators",
            _("Only who may do everything here can make somebody an operator, or change one."),
        )
    return verdict


def can_change_quotas(actor: Actor) -> Verdict:
    """Limits are the platform's: only its operators change them (§2.23: by service ticket)."""
    return may_operate(actor)


def are_limits(quotas: Mapping[str, int]) -> Verdict:
    """Resources that have a quota, each with a whole number of at least 0."""
    if all(resource in TITLES and type(limit) is int and limit >= 0 for resource, limit in quotas.items()):
        return ALLOWED
    return refuse("bad-limit", _("A limit is a whole number of at least 0."))


def can_change_user(user: User, actor: Actor | Operator, *, operates: bool) -> Verdict:
    """Whether a user can be changed; `operates`: is an operator who can sign in, afterwards. One must remain."""
    others = User.objects.filter(is_active=True, is_staff=True, is_superuser=True).exclude(pk=user.pk)
    if (verdict := may_keep_user(user, actor)) and not (operates or others.exists()):
        return refuse(
            "last-operator",
            _("%(name)s is the last operator of the platform. Make someone else an operator first."),
            name=user,
        )
    return verdict


def can_delete_account(account: Account, actor: Actor | Operator) -> Verdict:
    """Whether an account can be deleted: only one without a project."""
    if (verdict := may_operate(actor)) and account.projects.exists():
        return refuse(
            "account-has-projects",
            _("The account “%(name)s” has projects. Delete them first, as far as they were never used."),
            name=account,
        )
    return verdict


def can_delete_project(project: Project, actor: Actor | Operator) -> Verdict:
    """Whether a project can be deleted. Whoever is kept to it alone would be let into all the others."""
    narrowed = project.membership_set.exists() or Invitation.objects.filter(projects=project).exists()
    if (verdict := may_operate(actor)) and narrowed:
        return refuse(
            "project-has-members",
            _("Members or invitations are for the project “%(name)s” only. Give them other projects first."),
            name=project,
        )
    return verdict


def can_invite(actor: Actor) -> Verdict:
    """Whether the actor may invite people to the account."""
    return may_administer(actor)


def can_withdraw_invitation(invitation: Invitation, actor: Actor) -> Verdict:
    """Whether the link can still be made useless."""
    return may_administer(actor) and _is_unused(invitation)


def can_accept_invitation(invitation: Invitation, user: User | None) -> Verdict:
    """Whether the link still works for its reader; `user` is None for a newcomer."""
    if not (verdict := _is_unused(invitation)):
        return verdict
    if invitation.expires_at <= now():
        return refuse(
            "invitation-expired",
            _("This invitation has expired. Ask the person who sent it for a new link."),
        )
    if user is not None and invitation.account.memberships.filter(user=user).exists():
        return refuse(
            "already-member",
            _(
                "You are already a member of the account “%(account)s”. The link still works for someone else."
            ),
            account=invitation.account,
        )
    return ALLOWED


def can_change_role(membership: Membership, actor: Actor) -> Verdict:
    """Whether a member's role and projects can be changed; the last administrator's cannot."""
    return may_administer(actor) and _leaves_an_administrator(membership)


def can_remove_member(membership: Membership, actor: Actor) -> Verdict:
    """Whether a member can be removed; the last administrator cannot."""
    return may_administer(actor) and _leaves_an_administrator(membership)


def can_leave_account(membership: Membership, actor: Actor) -> Verdict:
    """Whether the actor may leave the account; only for oneself, and not as its last administrator."""
    if actor.user is None or membership.user_id != actor.user.pk:
        return refuse("not-yourself", _("You can only leave an account yourself."))
    return _leaves_an_administrator(membership)


def fits_role(role: str, narrowed: bool) -> Verdict:
    """An administrator manages all members of the account, so cannot be kept to some of its projects."""
    if narrowed and role == Role.ADMINISTRATOR:
        return refuse(
            "administrator-everywhere",
            _("An administrator works in all projects of the account. Choose no projects, or another role."),
        )
    return ALLOWED


def _is_unused(invitation: Invitation) -> Verdict:
    if invitation.accepted_at is None:
        return ALLOWED
    return refuse(
        "invitation-used",
        _("This invitation has already been used. Ask the person who sent it for a new link."),
    )


def _leaves_an_administrator(membership: Membership) -> Verdict:
    others = membership.account.memberships.administrators().exclude(pk=membership.pk)
    if membership.role != Role.ADMINISTRATOR or others.exists():
        return ALLOWED
    return refuse(
        "last-administrator",
        _(
            "%(name)s is the last administrator of the account, and an account needs one. "
            "Make someone else an administrator first."
        ),
        name=membership.user,
    )


def can_create_agency(actor: Actor) -> Verdict:
    """An agency lets others place images in the project: its administrators give it (R82)."""
    return may_administer(actor)


def is_agency_for(grantee: Project | None, actor: Actor) -> Verdict:
    """Another project of the account in another region, once."""
    if grantee is None or grantee.account_id != actor.account.pk:
        return refuse("no-such-project", _("The account has no such project. Choose another one."))
    if grantee.region_id == actor.region.pk:
        return refuse(
            "same-region", _("The project is in this region. An agency is for projects of other regions.")
        )
    if actor.project.agencies.filter(grantee=grantee).exists():
        return refuse("agency-there", _("The project has an agency already."))
    return ALLOWED


def can_revoke_agency(agency: Agency, actor: Actor) -> Verdict:
    """The administrators of the project that gave it take it back; copies that are on their way end (R82)."""
    return may_administer(actor)
