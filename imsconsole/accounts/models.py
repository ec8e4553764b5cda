"""Users, accounts, projects, memberships, regions, wizard drafts."""

import secrets
from typing import TYPE_CHECKING, Any, ClassVar, Self

from django.conf import settings
from django.contrib.auth.models import AbstractUser, UserManager
from django.db import models
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from imsconsole.accounts.people import person
from imsconsole.core.ids import new_id
from imsconsole.core.now import now
from imsconsole.core.query_string import LONGEST

if TYPE_CHECKING:
    from imsconsole.accounts.actor import Actor


class User(AbstractUser):
    """A person who signs in."""

    class Theme(models.TextChoices):
        SYSTEM = "auto", _("Like the system")
        LIGHT = "light", _("Light")
        DARK = "dark", _("Dark")

    first_name = None  # type: ignore[assignment]
    last_name = None  # type: ignore[assignment]
    display_name = models.CharField(_("name"), max_length=64, blank=True)
    language = models.CharField(_("language"), max_length=10, blank=True, choices=settings.LANGUAGES)
    time_zone = models.CharField(_("time zone"), max_length=64, blank=True)
    theme = models.CharField(_("theme"), max_length=5, choices=Theme, default=Theme.SYSTEM)
    mails_messages = models.BooleanField(_("messages by e-mail"), default=False)
    folds_help = models.BooleanField(_("help folded away"), default=False)
    # the columns chosen for lists, by room (`ListName`); a list that is not here shows its usual ones
    list_columns: models.JSONField[dict[str, list[str]], dict[str, list[str]]] = models.JSONField(
        default=dict, blank=True, editable=False
    )

    objects: ClassVar[UserManager["User"]] = UserManager()  # type: ignore[assignment]

    def __str__(self) -> str:
        return self.display_name or self.username

    def get_full_name(self) -> str:
        return str(self)


OPENSTACK = "openstack"  # the engine whose regions say more of themselves: `Region.cloud` and what follows
LEFT = "left"  # the engine of a region that was on a cloud, and has nothing any more


def new_mark() -> str:
    return f"ims-{secrets.token_hex(6)}"


def engine_choices() -> list[tuple[str, str]]:
    return [(name, name) for name in settings.ENGINES]


class Region(models.Model):
    """A place where images and servers live. Images are regional (R22)."""

    code = models.SlugField(_("code"), max_length=32, primary_key=True)
    name = models.CharField(_("name (English)"), max_length=64)
    name_zh = models.CharField(_("name (Chinese)"), max_length=64, blank=True)
    engine = models.CharField(_("engine"), max_length=16, default="local", choices=engine_choices)
    # on all that we make in a place that others share: other consoles may be among them
    mark = models.CharField(max_length=32, default=new_mark, editable=False)
    # of a region on OpenStack: what it is called in clouds.yaml, and what of it we use
    cloud = models.CharField(_("cloud"), max_length=64, blank=True)
    volume_type = models.CharField(_("volume type"), max_length=255, blank=True)
    network = models.CharField(_("network"), max_length=255, blank=True)
    grows_in_use = models.BooleanField(_("disks grow in use"), default=False)
    # of its servers, what nobody but its administrators knows
    runs_x86 = models.BooleanField(_("x86 servers"), default=True)
    runs_arm = models.BooleanField(_("Arm servers"), default=False)
    boots_bios = models.BooleanField(_("boot by BIOS"), default=True)
    boots_uefi = models.BooleanField(_("boot by UEFI"), default=True)
    has_screens = models.BooleanField(_("screens by VNC"), default=True)
    has_serial = models.BooleanField(_("serial consoles by proxy"), default=False)
    # our name of a flavor → the cloud's, and the code of a zone → the cloud's name
    flavor_names: models.JSONField[dict[str, str], dict[str, str]] = models.JSONField(
        _("flavors by hand"), default=dict, blank=True
    )
    zone_names: models.JSONField[dict[str, str], dict[str, str]] = models.JSONField(
        _("zones by hand"), default=dict, blank=True
    )

    class Meta:
        verbose_name = _("region")
        verbose_name_plural = _("regions")
        ordering = ["code"]
        constraints = [
            models.CheckConstraint(
                condition=~models.Q(engine=OPENSTACK, cloud=""), name="region_on_openstack_names_its_cloud"
            )
        ]

    def __str__(self) -> str:
        if self.name_zh and (get_language() or "").startswith("zh"):
            return self.name_zh
        return self.name


class AvailabilityZone(models.Model):
    """A part of a region where a server is placed."""

    code = models.SlugField(_("code"), max_length=40, primary_key=True)
    region = models.ForeignKey(
        Region, on_delete=models.PROTECT, related_name="zones", verbose_name=_("region")
    )
    name = models.CharField(_("name"), max_length=32)

    class Meta:
        verbose_name = _("availability zone")
        verbose_name_plural = _("availability zones")
        ordering = ["code"]

    def __str__(self) -> str:
        return self.name


class Account(models.Model):
    """A tenant (账号): one or more projects, and people with a role in it."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    name = models.CharField(_("name"), max_length=64, unique=True)
    created_at = models.DateTimeField(_("created"), default=now, editable=False)

    class Meta:
        verbose_name = _("account")
        verbose_name_plural = _("accounts")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Project(models.Model):
    """What owns images and servers; in exactly one region. Its ID is what one shares with (C16)."""

    id = models.UUIDField(_("project ID"), primary_key=True, default=new_id, editable=False)
    account = models.ForeignKey(
        Account, on_delete=models.PROTECT, related_name="projects", verbose_name=_("account")
    )
    region = models.ForeignKey(
        Region, on_delete=models.PROTECT, related_name="projects", verbose_name=_("region")
    )
    name = models.CharField(_("name"), max_length=64)
    quotas = models.JSONField(_("quotas that differ"), default=dict, blank=True)
    created_at = models.DateTimeField(_("created"), default=now, editable=False)

    class Meta:
        verbose_name = _("project")
        verbose_name_plural = _("projects")
        ordering = ["account__name", "region", "name"]
        constraints = [
            models.UniqueConstraint(fields=["account", "region", "name"], name="project_name_unique")
        ]

    def __str__(self) -> str:
        return self.name

    def quota(self, resource: str) -> int:
        """The project's limit for a resource of `settings.IMS_QUOTAS`."""
        return int(self.quotas.get(resource, settings.IMS_QUOTAS[resource]))


class AgencyQuerySet(models.QuerySet["Agency"]):
    def visible_to(self, actor: "Actor") -> Self:
        """Those the actor's project has given."""
        return self.filter(project=actor.project)


class Agency(models.Model):
    """An agency (委托): `project` lets `grantee`, of another region of the account, place images in it (R82)."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    project = models.ForeignKey(
        Project, on_delete=models.CASCADE, related_name="agencies", verbose_name=_("target project")
    )
    grantee = models.ForeignKey(
        Project, on_delete=models.CASCADE, related_name="agencies_received", verbose_name=_("source project")
    )
    created_by = person(_("created by"))
    created_at = models.DateTimeField(_("created"), default=now, editable=False)

    objects = AgencyQuerySet.as_manager()

    class Meta:
        verbose_name = _("agency")
        verbose_name_plural = _("agencies")
        ordering = ["-created_at"]
        constraints = [
            models.UniqueConstraint(fields=["project", "grantee"], name="one_agency_per_grantee"),
            models.CheckConstraint(
                condition=~models.Q(project=models.F("grantee")), name="agency_for_another_project"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.grantee} → {self.project}"


class Role(models.TextChoices):
    READ_ONLY = "read-only", _("Read-only")
    FULL_ACCESS = "full-access", _("Full access")
    ADMINISTRATOR = "administrator", _("Administrator")


class MembershipQuerySet(models.QuerySet["Membership"]):
    def visible_to(self, actor: "Actor") -> Self:
        """The members of the actor's account."""
        return self.filter(account=actor.account)

    def administrators(self) -> Self:
        """Administrators who can sign in."""
        return self.filter(role=Role.ADMINISTRATOR, user__is_active=True)


class Membership(models.Model):
    """A user's role in an account, in all its projects or only in some."""

    user = models.ForeignKey(
        User, on_delete=models.CASCADE, related_name="memberships", verbose_name=_("user")
    )
    account = models.ForeignKey(
        Account, on_delete=models.CASCADE, related_name="memberships", verbose_name=_("account")
    )
    role = models.CharField(_("role"), max_length=16, choices=Role)
    projects = models.ManyToManyField(
        Project,
        blank=True,
        verbose_name=_("only these projects"),
        help_text=_("Empty: all projects of the account."),
    )
    created_at = models.DateTimeField(_("member since"), default=now, editable=False)

    objects = MembershipQuerySet.as_manager()

    class Meta:
        verbose_name = _("member")
        verbose_name_plural = _("members")
        ordering = ["user__username"]
        constraints = [models.UniqueConstraint(fields=["user", "account"], name="one_membership_per_account")]

    def __str__(self) -> str:
        return f"{self.user} · {self.account}"


class InvitationQuerySet(models.QuerySet["Invitation"]):
    def visible_to(self, actor: "Actor") -> Self:
        """The invitations of the actor's account, for its administrators."""
        return self.filter(account=actor.account) if actor.administers else self.none()

    def open(self) -> Self:
        """Neither used nor expired."""
        return self.filter(accepted_at=None, expires_at__gt=now())


class Invitation(models.Model):
    """A link that makes its reader a member, once. Only the hash of its secret is kept."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    account = models.ForeignKey(
        Account, on_delete=models.CASCADE, related_name="invitations", verbose_name=_("account")
    )
    role = models.CharField(_("role"), max_length=16, choices=Role)
    projects = models.ManyToManyField(
        Project,
        blank=True,
        related_name="+",
        verbose_name=_("only these projects"),
        help_text=_("Empty: all projects of the account."),
    )
    note = models.CharField(_("for whom"), max_length=64, blank=True)
    secret_sha256 = models.CharField(max_length=64, unique=True)
    created_by = person(_("invited by"))
    created_at = models.DateTimeField(_("created"), default=now, editable=False)
    expires_at = models.DateTimeField(_("expires"))
    accepted_by = person(_("accepted by"), blank=True)
    accepted_at = models.DateTimeField(_("accepted"), null=True, blank=True)

    objects = InvitationQuerySet.as_manager()

    class Meta:
        verbose_name = _("invitation")
        verbose_name_plural = _("invitations")
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return self.note or str(self.id)


class DraftQuerySet(models.QuerySet["Draft"]):
    def visible_to(self, actor: "Actor") -> Self:
        """One's own in the project; nobody sees another's."""
        return self.filter(user=actor.user, project=actor.project)


class Draft(models.Model):
    """A half-filled wizard. Its key is in the wizard's path, so two tabs do not mix."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    wizard = models.CharField(max_length=32)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="drafts")
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="+")
    data: models.JSONField[dict[str, Any], dict[str, Any]] = models.JSONField(default=dict)
    created_at = models.DateTimeField(default=now, editable=False)
    updated_at = models.DateTimeField(default=now)

    objects = DraftQuerySet.as_manager()

    class Meta:
        ordering = ["-updated_at"]

    def __str__(self) -> str:
        return f"{self.wizard} {self.id}"


class ListName(models.TextChoices):
    """A room with a list at the address `<room>:list`."""

    IMAGES = "images", _("Images")
    SERVERS = "servers", _("Servers")
    DISKS = "disks", _("Disks")
    BUCKETS = "buckets", _("Buckets")
    KEYS = "keys", _("Encryption keys")
    VAULTS = "vaults", _("Vaults")
    BACKUPS = "backups", _("Backups")
    SCHEDULES = "schedules", _("Backup schedules")
    SHARING = "sharing", _("Shared images")
    MARKET = "market", _("Market")
    JOBS = "jobs", _("Jobs")
    AUDIT = "audit", _("Audit")
    KEY_PAIRS = "keypairs", _("Key pairs")
    USER_DATA = "userdata", _("User data")


class SavedViewQuerySet(models.QuerySet["SavedView"]):
    def visible_to(self, actor: "Actor") -> Self:
        """One's own views in the project, and those that are shared in it."""
        return self.filter(models.Q(user=actor.user) | models.Q(shared=True), project=actor.project)


class SavedView(models.Model):
    """A state of a list that somebody named: its query string."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="saved_views")
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="saved_views")
    room = models.CharField(_("list"), max_length=16)  # a value of `ListName`
    name = models.CharField(_("name"), max_length=64)
    query = models.CharField(max_length=LONGEST)
    shared = models.BooleanField(_("shared in the project"), default=False)
    default_for = models.ManyToManyField(User, related_name="default_views", blank=True)
    created_at = models.DateTimeField(default=now, editable=False)

    objects = SavedViewQuerySet.as_manager()

    class Meta:
        verbose_name = _("saved view")
        verbose_name_plural = _("saved views")
        ordering = ["name", "created_at"]
        indexes = [models.Index(fields=["project", "room"], name="saved_view_project_room")]
        constraints = [
            models.UniqueConstraint(fields=["user", "project", "room", "name"], name="saved_view_name_unique")
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return f"{reverse(f'{self.room}:list')}?{self.query}"


class SlowedSignIn(models.Model):
    """How often signing in failed, and until when one must wait: of a name from somewhere, from anywhere, or of all from an address."""

    class Kind(models.TextChoices):
        PASSWORD = "password", _("Password")
        CODE = "code", _("Second factor")

    kind = models.CharField(_("what failed"), max_length=8, choices=Kind)
    name = models.CharField(_("user name"), max_length=150, blank=True)  # empty: any
    source = models.CharField(_("from"), max_length=64, blank=True)  # an address, a known browser; empty: any
    failures = models.PositiveIntegerField(_("failures"), default=0)
    last_at = models.DateTimeField(_("last failure"), default=now)
    until = models.DateTimeField(_("must wait until"), default=now, db_index=True)

    class Meta:
        verbose_name = _("slowed sign-in")
        verbose_name_plural = _("slowed sign-ins")
        ordering = ["-last_at", "-pk"]
        constraints = [
            models.UniqueConstraint(fields=["kind", "name", "source"], name="slowed_sign_in_unique")
        ]

    def __str__(self) -> str:
        return " · ".join(filter(None, (self.name, self.source))) or str(self.pk)
