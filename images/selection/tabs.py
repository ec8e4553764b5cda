"""The four kinds of images that people choose among: a tab of the list each (R1)."""

from django.db.models import Exists, F, OuterRef, Q
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from images.models import KEPT_UP, PUBLISHED, Image, ImageQuerySet
from imsconsole.accounts.actor import Actor
from imsconsole.cloud.models import Server

PUBLIC, PRIVATE, SHARED, MARKET = "public", "private", "shared", "market"
KINDS: dict[str, str | Promise] = {
    PUBLIC: _("Public images"),
    PRIVATE: _("Private images"),
    SHARED: _("Shared images"),
    MARKET: _("Market images"),
}
# where one is chosen for a server
CHOSEN_AMONG: dict[str, str | Promise] = {
    PUBLIC: _("Public image"),
    PRIVATE: _("Private image"),
    SHARED: _("Shared image"),
    MARKET: _("Market image"),
}


def kind_of(image: Image, actor: Actor) -> str:
    """Which tab an image that the actor sees stands in: a private one of another project is shared."""
    if image.category == Image.Category.PRIVATE and image.project_id != actor.project.pk:
        return SHARED
    return image.category


def of_kind(kind: str, actor: Actor) -> ImageQuerySet:
    """Those of `visible_to` in that tab (R2, R3, R14, R22), of which it asks no others."""
    if kind == PRIVATE:
        return Image.objects.owned_by(actor)
    images = Image.objects.existing().filter(region=actor.region)
    if kind == SHARED:
        return images.filter(category=Image.Category.PRIVATE).shared_with(actor.project)
    images = images.filter(category=kind)
    if kind == PUBLIC:
        public = images.filter(hidden=False).annotate(kept_up=KEPT_UP)
        return public.order_by(F("kept_up").desc(), "-created_at", "-pk")
    servers = Server.objects.filter(image=OuterRef("pk"), project=actor.project, deleted_at=None)
    return images.filter(Q(edition__version_of__state=PUBLISHED) | Q(Exists(servers)))
