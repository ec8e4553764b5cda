"""Listings of the market: what is offered, in which version, and the image of each region (ims-facts §2.16).

All that a reader sees of a listing belongs to a version and goes through review with it; nothing of a version
changes after it was sent in. An edition is the market image of a version in one region.
"""

import uuid
from decimal import Decimal
from typing import Self

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from images.models import Image
from imsconsole.accounts.actor import Actor
from imsconsole.accounts.models import Project, Region
from imsconsole.accounts.people import person
from imsconsole.core.ids import new_id
from imsconsole.core.now import now
from imsconsole.core.project_urls import address_of
from market.models.publishers import Publisher


class ListingQuerySet(models.QuerySet["Listing"]):
    def with_seller(self) -> Self:
        return self.select_related("publisher", "project__account", "project__region")

    def visible_to(self, actor: Actor) -> Self:
        """What is on the market, and what the project has accepted the terms of: a buyer's page."""
        versions = ListingVersion.objects.readable_by(actor).values("listing")
        return self.filter(pk__in=versions)

    def owned_by(self, actor: Actor) -> Self:
        """Those of the project, whatever became of them."""
        return self.filter(project=actor.project)


class Listing(models.Model):  # type: ignore[django-manager-missing]  # django-money wraps managers
    """A product of the market. Its ID is the product code; the row stays when it is withdrawn (下架)."""

    id = models.UUIDField(_("product code"), primary_key=True, default=new_id, editable=False)
    publisher = models.ForeignKey(
        Publisher, on_delete=models.PROTECT, related_name="listings", verbose_name=_("publisher")
    )
    # where the images lie that are offered: who may change the listing
    project = models.ForeignKey(
        Project, on_delete=models.PROTECT, related_name="listings", verbose_name=_("project")
    )
    created_at = models.DateTimeField(_("created"), default=now)
    withdrawn_at = models.DateTimeField(_("withdrawn at"), null=True, blank=True)
    withdrawn_because = models.CharField(_("withdrawn because"), max_length=1024, blank=True)
    # until when servers that have it can be reinstalled with it
    reinstall_until = models.DateTimeField(_("can be reinstalled until"), null=True, blank=True)

    objects = ListingQuerySet.as_manager()

    class Meta:
        verbose_name = _("listing")
        verbose_name_plural = _("listings")
        ordering = ["-created_at", "pk"]
        indexes = [models.Index(fields=["project", "-created_at"], name="listing_project_created")]
        constraints = [
            models.CheckConstraint(
                condition=Q(withdrawn_at=None, reinstall_until=None)
                | Q(withdrawn_at__isnull=False, reinstall_until__isnull=False),
                name="withdrawn_listings_say_until_when",
            ),
        ]

    def __str__(self) -> str:
        return str(self.pk)

    def get_absolute_url(self) -> str:
        return address_of("market:detail", self.pk)

    @property
    def latest(self) -> "ListingVersion":
        """The version that was begun last. Prefetch `versions` for lists."""
        return self.versions.all()[0]

    @property
    def published(self) -> "ListingVersion | None":
        """The version that is on the market."""
        return self._version_in(ListingVersion.State.PUBLISHED)

    @property
    def in_making(self) -> "ListingVersion | None":
        """The version that is not on the market yet."""
        return self._version_in(*ListingVersion.IN_MAKING)

    def _version_in(self, *states: str) -> "ListingVersion | None":
        return next((version for version in self.versions.all() if version.state in states), None)


class ListingVersionQuerySet(models.QuerySet["ListingVersion"]):
    def visible_to(self, actor: Actor) -> Self:
        """Those of the project: a seller's page."""
        return self.filter(listing__project=actor.project)

    def readable_by(self, actor: Actor) -> Self:
        """What a buyer reads: what is on the market, and what the project has accepted the terms of."""
        accepted = Acceptance.objects.filter(project=actor.project).values("version_of")
        return self.filter(Q(state=ListingVersion.State.PUBLISHED) | Q(pk__in=accepted))


class ListingVersion(models.Model):
    """One version of a listing: what it says, the image it is made of, and where it is in its review."""

    class State(models.TextChoices):
        DRAFT = "draft", _("Draft")
        SCANNING = "scanning", _("Scanning")
        IN_REVIEW = "in-review", _("In review")
        APPROVED = "approved", _("Approved")  # its editions are being made
        REJECTED = "rejected", _("Rejected")
        PUBLISHED = "published", _("Published")
        REPLACED = "replaced", _("Replaced by a newer version")
        WITHDRAWN = "withdrawn", _("Withdrawn")

    class Category(models.TextChoices):
        SYSTEM = "system", _("Operating systems")
        DATABASE = "database", _("Databases")
        WEB = "web", _("Web and applications")
        DEVELOPMENT = "development", _("Development tools")
        SECURITY = "security", _("Security")
        ANALYTICS = "analytics", _("Data and AI")
        OTHER = "other", _("Other")

    IN_MAKING = (State.DRAFT, State.SCANNING, State.IN_REVIEW, State.APPROVED, State.REJECTED)
    EDITABLE = (State.DRAFT, State.REJECTED)
    AT_WORK = (State.SCANNING, State.APPROVED)  # a job holds it

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    listing = models.ForeignKey(
        Listing, on_delete=models.PROTECT, related_name="versions", verbose_name=_("listing")
    )
    version = models.CharField(_("version"), max_length=32)
    # the publisher's own private image
    image = models.ForeignKey(Image, on_delete=models.PROTECT, related_name="offers", verbose_name=_("image"))
    title = models.CharField(_("title"), max_length=64)
    summary = models.CharField(_("summary"), max_length=160)
    description = models.TextField(_("description"), max_length=20_000, blank=True)  # Markdown
    category = models.CharField(_("product category"), max_length=12, choices=Category)
    release_notes = models.TextField(_("release notes"), max_length=20_000, blank=True)  # Markdown
    support = models.CharField(_("support contact"), max_length=255)
    terms = models.TextField(_("licence terms"), max_length=50_000)  # Markdown
    regions = models.ManyToManyField(Region, related_name="+", verbose_name=_("regions"))

    state = models.CharField(_("state"), max_length=9, choices=State, default=State.DRAFT)
    # what the scan found: check → passed, with values for its sentence
    checks: models.JSONField[dict[str, object], dict[str, object]] = models.JSONField(
        default=dict, blank=True
    )
    reason = models.CharField(_("reason"), max_length=1024, blank=True)  # of a rejection
    created_by = person(_("created by"))
    created_at = models.DateTimeField(_("created"), default=now)
    submitted_at = models.DateTimeField(_("sent in at"), null=True)
    decided_by = person(_("decided by"))
    decided_at = models.DateTimeField(_("decided at"), null=True)
    published_at = models.DateTimeField(_("published at"), null=True)

    # annotated by `shop.offers.with_facts`
    market_image: uuid.UUID | None
    platform: str | None
    running: int
    price_unit: str | None
    price_amount: Decimal | None

    objects = ListingVersionQuerySet.as_manager()

    class Meta:
        verbose_name = _("version of a listing")
        verbose_name_plural = _("versions of listings")
        ordering = ["-created_at", "pk"]
        indexes = [models.Index(fields=["state", "submitted_at"], name="version_state_submitted")]
        constraints = [
            models.UniqueConstraint(fields=["listing", "version"], name="versions_of_a_listing_differ"),
            models.UniqueConstraint(
                fields=["listing"], condition=Q(state="published"), name="one_published_version"
            ),
            models.UniqueConstraint(
                fields=["listing"],
                condition=Q(state__in=["draft", "scanning", "in-review", "approved", "rejected"]),
                name="one_version_in_the_making",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.title} {self.version}"

    def get_absolute_url(self) -> str:
        """Of its publisher's page."""
        return address_of("market:listing", self.listing_id)

    @property
    def is_editable(self) -> bool:
        return self.state in self.EDITABLE


class Software(models.Model):
    """A piece of built-in software (内置软件) of a version."""

    version_of = models.ForeignKey(ListingVersion, on_delete=models.CASCADE, related_name="software")
    name = models.CharField(_("software"), max_length=64)
    version = models.CharField(_("version"), max_length=32, blank=True)

    class Meta:
        verbose_name = _("built-in software")
        verbose_name_plural = _("built-in software")
        ordering = ["pk"]
        constraints = [models.UniqueConstraint(fields=["version_of", "name"], name="software_named_once")]

    def __str__(self) -> str:
        return f"{self.name} {self.version}".strip()


class Picture(models.Model):
    """A screenshot of a version: WebP, made anew from what was uploaded."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    version_of = models.ForeignKey(ListingVersion, on_delete=models.CASCADE, related_name="pictures")
    caption = models.CharField(_("caption"), max_length=120, blank=True)
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()
    content = models.BinaryField()
    added_at = models.DateTimeField(default=now, editable=False)

    class Meta:
        verbose_name = _("screenshot")
        verbose_name_plural = _("screenshots")
        ordering = ["added_at", "pk"]

    def __str__(self) -> str:
        return self.caption or str(self.pk)


class Edition(models.Model):
    """The market image of a version in one region."""

    version_of = models.ForeignKey(ListingVersion, on_delete=models.PROTECT, related_name="editions")
    region = models.ForeignKey(Region, on_delete=models.PROTECT, related_name="+")
    image = models.OneToOneField(Image, on_delete=models.PROTECT, related_name="edition")

    class Meta:
        verbose_name = _("edition")
        verbose_name_plural = _("editions")
        constraints = [
            models.UniqueConstraint(fields=["version_of", "region"], name="one_edition_per_region")
        ]

    def __str__(self) -> str:
        return f"{self.version_of} · {self.region_id}"


class Acceptance(models.Model):
    """That a project accepted the terms of a version: needed before it uses what is made of it. Append-only."""

    version_of = models.ForeignKey(ListingVersion, on_delete=models.PROTECT, related_name="acceptances")
    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="+")
    accepted_by = person()
    accepted_at = models.DateTimeField(default=now)

    class Meta:
        verbose_name = _("acceptance of terms")
        verbose_name_plural = _("acceptances of terms")
        ordering = ["-accepted_at", "pk"]
        constraints = [models.UniqueConstraint(fields=["project", "version_of"], name="terms_accepted_once")]

    def __str__(self) -> str:
        return f"{self.version_of} · {self.project_id}"
