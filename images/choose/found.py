"""Which images answer the questions of `forms`, with their fit; and where else there are some."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import OuterRef, Q, Subquery, Value
from django.db.models.functions import Concat
from django.utils.translation import gettext_lazy as _

from images.choose.forms import Need
from images.fields.encryption import with_keys
from images.launch.fit import fits
from images.launch.rules import can_launch, data_disks_gb_of
from images.models import KEPT_UP, Image, ImageQuerySet, ImageTag, OsVersion
from images.product.ancestry import keys_made_of
from images.product.products import load_products
from images.selection.tabs import MARKET, PRIVATE, PUBLIC, SHARED, of_kind
from imsconsole.accounts.actor import Actor, projects_of
from imsconsole.accounts.models import Project
from imsconsole.cloud.models import Flavor
from imsconsole.core.paging import COUNTED, Total
from imsconsole.core.rules import ALLOWED, Verdict, refuse
from imsconsole.engine.types import Capabilities

CONSIDERED, SHOWN = 100, 25
PROJECTS = 20


@dataclass(frozen=True)
class Candidate:
    """An image, whether it makes a server, and of which flavor: the wanted one, else the smallest that fits."""

    image: Image
    verdict: Verdict
    flavor: Flavor | None

    @property
    def disk_gb(self) -> int:
        """What the disks of such a server have together at least."""
        return self.image.min_disk_gb + sum(data_disks_gb_of(self.image))


def candidates(
    answers: dict[str, Any], actor: Actor, capabilities: Capabilities, flavors: Sequence[Flavor]
) -> list[Candidate]:
    """The first images of the need, at most `CONSIDERED`, in the order of their list; those that fit before the others."""
    images = with_keys(_answering(_of_need(answers["need"], actor), answers))
    images = images.select_related("os_version", "successor").prefetch_related(
        "edition__version_of__software"
    )
    rows = list(images[:CONSIDERED])
    load_products(rows, actor)
    found = [_candidate(image, answers.get("flavor"), actor, capabilities, flavors) for image in rows]
    return sorted(found, key=lambda candidate: not candidate.verdict)


def count_of(need: str, actor: Actor) -> Total:
    """How many images of the need there are, whatever else was asked."""
    return Total.of(_of_need(need, actor))


def elsewhere(answers: dict[str, Any], actor: Actor) -> list[Project]:
    """Other projects the user may enter, the first of very many, that have private images which would answer."""
    mine = projects_of(actor.user) if actor.user else Project.objects.none()
    others = mine.exclude(pk=actor.project.pk)[:PROJECTS]
    return [project for project in others if _has_some(project, answers)]


def _has_some(project: Project, answers: dict[str, Any]) -> bool:
    images = _of_servers(Image.objects.existing().filter(project=project))
    return _answering(images, answers).values("pk").first() is not None


def _of_need(need: str, actor: Actor) -> ImageQuerySet:
    """The images that servers are made from (R5, R7), of the kind that meets a need (R23)."""
    kinds: dict[str, str] = {Need.CLEAN: PUBLIC, Need.SAME: PRIVATE, Need.OTHERS: SHARED}
    return _of_servers(of_kind(kinds.get(need, MARKET), actor))


def _of_servers(images: ImageQuerySet) -> ImageQuerySet:
    return images.filter(type__in=[Image.Type.SYSTEM, Image.Type.FULL], status=Image.Status.ACTIVE)


def _answering(images: ImageQuerySet, answers: dict[str, Any]) -> ImageQuerySet:
    """Those with the wanted OS; among the first of them, those that tell of the wanted software."""
    if platform := answers.get("platform"):
        versions = OsVersion.objects.filter(platform=platform)
        images = images.filter(os_version__in=list(versions.values_list("pk", flat=True)))
    if not (words := answers.get("software")):
        return images
    found = _telling_of(words, Image.objects.filter(pk__in=images.values("pk")[:COUNTED]))
    return found.order_by(KEPT_UP.desc(), "-created_at", "-pk")


def _telling_of(words: str, images: ImageQuerySet) -> ImageQuerySet:
    """In its own words, or in those of the listing that it is of or was made from: “title version”, and each software's."""
    tags = ImageTag.objects.filter(Q(key__icontains=words) | Q(value__icontains=words), image=OuterRef("pk"))
    tag = Subquery(tags.order_by().values("pk")[:1])  # asked whether there is one, PostgreSQL reads every tag
    listed = Image.objects.filter(edition__isnull=False).annotate(
        listed_as=Concat("edition__version_of__title", Value(" "), "edition__version_of__version"),
        has_inside=Concat(
            "edition__version_of__software__name", Value(" "), "edition__version_of__software__version"
        ),
    )
    listed = listed.filter(Q(listed_as__icontains=words) | Q(has_inside__icontains=words))
    made = keys_made_of(listed.values_list("pk", flat=True))
    own = Q(name__icontains=words) | Q(description__icontains=words) | Q(os_version__name__icontains=words)
    return images.alias(tag=tag).filter(own | Q(tag__isnull=False) | Q(pk__in=made))


def _candidate(
    image: Image,
    wanted: Flavor | None,
    actor: Actor,
    capabilities: Capabilities,
    flavors: Sequence[Flavor],
) -> Candidate:
    """Fit is asked for the wanted flavor only; without one each image names the first that fits."""
    verdict = can_launch(image, actor)
    if wanted:
        return Candidate(image, verdict and fits(image, wanted, capabilities), wanted)
    first = next((flavor for flavor in flavors if fits(image, flavor, capabilities)), None)
    return Candidate(image, verdict and (ALLOWED if first else _no_flavor()), first)


def _no_flavor() -> Verdict:
    return refuse("fit-no-flavor", _("No flavor that is offered here fits this image."))
