"""The image and the login of a new system: what orders of servers and changes of OS are asked alike."""

from collections.abc import Callable
from typing import cast

from django.utils.functional import cached_property

from images.launch.login import LoginForm
from images.models import Image
from images.product.pickers import ImagePicker
from images.selection.tabs import CHOSEN_AMONG, kind_of
from imsconsole.core.rules import Verdict


class NewSystemForm(LoginForm):
    """Its images stand in tabs: the one that is asked for, else that of the image which is chosen."""

    image = ImagePicker()
    tabs = tuple(CHOSEN_AMONG.items())

    def offer_images(
        self, rule: Callable[[Image], Verdict] | None, note: Callable[[Image], str] | None = None
    ) -> None:
        self.images.offer_to(self.actor, lambda: [self.tab], rule, note)

    @property
    def images(self) -> ImagePicker:
        return cast(ImagePicker, self.fields["image"])

    @cached_property
    def chosen_image(self) -> Image | None:
        image: Image | None = self["image"].chosen  # type: ignore[attr-defined]
        return image

    @cached_property
    def tab(self) -> str:
        asked = (self.data if self.is_bound else self.initial).get("tab")
        if asked in CHOSEN_AMONG:
            return str(asked)
        return kind_of(self.chosen_image, self.actor) if self.chosen_image else next(iter(CHOSEN_AMONG))
