"""The image that a server, a disk or a backup came from, as far as its project may still know it."""

from dataclasses import dataclass
from typing import Any, TypeVar

from django.apps import apps
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _

Rows = TypeVar("Rows", bound=QuerySet[Any])


class FromImage:
    """For models with `image` and `project`. In lists `with_lost_images` spares a query for each."""

    image: Any
    project_id: Any

    @property
    def has_lost_image(self) -> bool:
        """Whether it came from an image that another project shared, and does not share any more (R102, R138)."""
        if "is_image_lost" in self.__dict__:
            return bool(self.__dict__["is_image_lost"])
        image = self.image
        if image is None or image.category != "private" or image.project_id == self.project_id:
            return False
        return not type(image).objects.shared_with(self.project_id).filter(pk=image.pk).exists()

    @property
    def image_name(self) -> str:
        """What its image is called; of a lost one that is its owner's alone to know. Empty without an image."""
        if self.image is None:
            return ""
        return _("An image not shared any more") if self.has_lost_image else str(self.image)

    @property
    def image_page(self) -> str | None:
        """The address of its image, as long as that has a page for the reader."""
        if self.image is None or self.image.is_gone or self.has_lost_image:
            return None
        return str(self.image.get_absolute_url())


@dataclass(frozen=True)
class OfImage(FromImage):
    """The same of a second image that something has."""

    image: Any
    project_id: Any


def with_lost_images(rows: Rows) -> Rows:
    """The rows with what `FromImage.has_lost_image` asks, in the query that lists them."""
    images = apps.get_model("images", "Image").objects.filter(pk=OuterRef("image"))
    foreign = images.filter(category="private").exclude(project=OuterRef("project"))
    received = images.shared_with(OuterRef("project"))
    return rows.annotate(is_image_lost=Q(Exists(foreign)) & ~Q(Exists(received)))
