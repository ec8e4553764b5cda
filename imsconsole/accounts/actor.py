"""`Actor`: who acts, and where."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from django.db.models import OuterRef, QuerySet, Subquery

from imsconsole.accounts.models import Account, Membership, Project, Region, Role, User
from imsconsole.core.prepared import Prepared


@dataclass(frozen=True)
class Actor:
    """A user in a project with a role. `user` is None when the service itself acts (the clock)."""

    user: User | None
    project: Project
    role: str
    address: str = ""

    @property
    def account(self) -> Account:
        return self.project.account

    @property
    def region(self) -> Region:
        return self.project.region

    @property
    def role_label(self) -> str:
        return str(Role(self.role).label)

    @property
    def writes(self) -> bool:
        return self.role in (Role.FULL_ACCESS, Role.ADMINISTRATOR)

    @property
    def administers(self) -> bool:
        return self.role == Role.ADMINISTRATOR


@dataclass(frozen=True)
class Operator:
    """An operator of the platform, at work on what belongs to no project: people, regions, flavors.

    For what belongs to a project an operator is an `Actor` there.
    """

    user: User
    address: str = ""
    account: ClassVar[None] = None
    project: ClassVar[None] = None

    @property
    def writes(self) -> bool:
        return self.user.is_staff


def service_actor(project: Project) -> Actor:
    """The service itself, acting for a project: the clock, jobs, an operator in the admin."""
    return Actor(user=None, project=project, role=Role.ADMINISTRATOR)


def projects_of(user: User) -> QuerySet[Project]:
    """Every project a user may enter, with account and region, in the order of the switcher."""
    entered = _entered_by(user).select_related("account", "region")
    return entered.order_by("account__name", "created_at", "name")


def projects_elsewhere(actor: Actor) -> QuerySet[Project]:
    """Those of the actor's account in other regions that the user may enter."""
    if actor.user is None:
        return Project.objects.none()
    return _entered_by(actor.user).filter(account=actor.account).exclude(region=actor.region)


def _entered_by(user: User | int) -> QuerySet[Project]:
    """Found from the user's few memberships, each way for itself: asked for both at once, a database reads all projects there are."""
    all_of_account = Membership.objects.filter(user=user, projects=None).values("account")
    given = Project.objects.filter(membership__user=user).order_by().values("pk")
    entered = Project.objects.filter(account__in=all_of_account).order_by().values("pk").union(given)
    return Project.objects.filter(pk__in=entered)


def members_of(project: Project, *roles: str) -> QuerySet[User]:
    """Everybody who may enter a project and can sign in; only those with one of `roles`, when given."""
    in_all = Membership.objects.filter(account=project.account_id, projects=None)
    members = in_all | Membership.objects.filter(projects=project)
    if roles:
        members = members.filter(role__in=roles)
    return User.objects.filter(is_active=True, pk__in=members.values("user"))


def members_of_each(projects: Iterable[Project], *roles: str) -> dict[Project, list[User]]:
    """The same of many projects, in two queries."""
    projects = list(projects)
    rows = Membership.objects.filter(
        account__in={project.account_id for project in projects}, user__is_active=True
    )
    if roles:
        rows = rows.filter(role__in=roles)
    by_account: dict[object, list[tuple[User, set[Project]]]] = defaultdict(list)
    for member in rows.select_related("user").prefetch_related("projects"):
        by_account[member.account_id].append((member.user, set(member.projects.all())))
    return {
        project: [user for user, only in by_account[project.account_id] if not only or project in only]
        for project in projects
    }


def actor_for(user: User, project: Project, address: str = "") -> Actor | None:
    """The user as an actor in a project; None when not a member."""
    return actor_in(user, project.pk, address)


def actor_in(user: User, project_id: UUID | str, address: str = "") -> Actor | None:
    """The same in the project of that ID, with its account and region; None as well when there is none."""
    for row in _ENTERED(user=user.pk, project=UUID(str(project_id))):
        return Actor(user, row, row.role_of_user, address)  # type: ignore[attr-defined]
    return None


def _entered(user: int, project: UUID) -> QuerySet[Project]:
    own = Membership.objects.filter(user=user, account=OuterRef("account")).order_by()
    entered = _entered_by(user).filter(pk=project).select_related("account", "region__report").order_by()
    return entered.annotate(role_of_user=Subquery(own.values("role")))


_ENTERED = Prepared(_entered, user=int, project=UUID)
