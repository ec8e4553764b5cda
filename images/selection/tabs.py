"""The four kinds of images that people choose among: a tab of the list each (R1)."""

from django.db.models import F
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from images.models import Image, ImageQuerySet
from imsconsole.accounts.actor import Actor

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


def of_kind(images: ImageQuerySet, kind: str, actor: Actor) -> ImageQuerySet:
    """Those of `visible_to` in that tab (R2, R3, R14)."""
    if kind == PUBLIC:
        public = images.filter(category=Image.Category.PUBLIC, hidden=False)
        return public.order_by(F("deprecated_on").asc(nulls_first=True), "-created_at", "pk")
    if kind == PRIVATE:
        return images.filter(project=actor.project)
    if kind == SHARED:
        return images.filter(category=Image.Category.PRIVATE).exclude(project=actor.project)
    return images.filter(category=Image.Category.MARKET)
