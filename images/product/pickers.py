"""Choosing an image: those of a tab of the list, in its order, each with what rules ask of it."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, ClassVar

from django.db.models import QuerySet
from django.utils.functional import Promise
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from images.fields.encryption import load_keys
from images.models import Image, ImageQuerySet
from images.product.products import load_products
from images.selection.tabs import of_kind
from imsconsole.accounts.actor import Actor
from imsconsole.core.cells import fragment, joined
from imsconsole.core.matching import matching
from imsconsole.core.pickers import PickerField
from imsconsole.core.rules import Verdict


class ImagePicker(PickerField):
    """An image in state Normal."""

    heads: ClassVar[Sequence[str | Promise]] = (
        _("Name"),
        _("OS"),
        _("Architecture"),
        _("Boot mode"),
        _("Disk"),
    )
    nothing = _("No image in state Normal here.")

    def __init__(self, **options: Any) -> None:
        plain: dict[str, Any] = {"label": _("Image"), "error_messages": {"required": _("Choose an image.")}}
        super().__init__(Image.objects.none(), **{**plain, **options})

    def offer_to(
        self,
        actor: Actor,
        kinds: Callable[[], Iterable[str]],
        rule: Callable[[Image], Verdict] | None = None,
        note: Callable[[Image], str] | None = None,
        **only: Any,
    ) -> None:
        """Any that the actor sees. Listed are those of the tabs that `kinds` says, one after the other, and `only` of these fields."""

        def listed() -> Iterator[ImageQuerySet]:
            for kind in kinds():
                images = of_kind(kind, actor).filter(status=Image.Status.ACTIVE, **only)
                yield self.with_asked(images)

        self.actor = actor
        self.offer(self.with_asked(Image.objects.visible_to(actor)), rule, listed, note)

    def with_asked(self, images: ImageQuerySet) -> ImageQuerySet:
        """With what the rule asks of an image."""
        return with_parts(images)

    def search(self, rows: "QuerySet[Image]", word: str) -> "QuerySet[Image]":
        """As the list does: also by a part of its ID."""
        return rows.filter(matching(word))

    def load(self, rows: list[Image]) -> None:
        load_keys(rows)
        load_products(rows, self.actor)

    def described(self, image: Image) -> SafeString:
        if not image.deprecated_on:
            return joined(image.name)
        badge = fragment("images/catalogue/_public_badge.html", image=image, says_successor=True)
        return joined(image.name, badge)

    def cells(self, image: Image) -> Iterable[Any]:
        yield image.os_version or "–"
        yield image.get_architecture_display()
        yield image.get_boot_mode_display()
        yield f"{image.min_disk_gb} GB"


def with_parts(images: ImageQuerySet) -> ImageQuerySet:
    """With what `can_launch` and its like ask of an image; of many besides `load_keys`."""
    return images.select_related("os_version", "successor", "backup__zone", "key")
