"""The image, the login and the user data of a new system: what orders of servers and changes of OS are asked alike."""

from collections.abc import Callable
from typing import Any, cast

from django.utils.functional import cached_property

from images.launch.login import LoginForm
from images.models import Image
from images.product.pickers import ImagePicker
from images.selection.tabs import CHOSEN_AMONG, kind_of
from imsconsole.cloud.user_data.filling import Sources, fill_in
from imsconsole.cloud.user_data.forms import FillForm
from imsconsole.core.rules import Verdict


class NewSystemForm(LoginForm):
    """Its images stand in tabs: the one that is asked for, else that of the image which is chosen."""

    image = ImagePicker()
    tabs = tuple(CHOSEN_AMONG.items())

    def offer_images(
        self, rule: Callable[[Image], Verdict] | None, note: Callable[[Image], str] | None = None
    ) -> None:
        """Also fills in the user data of a form that is drawn (again)."""
        self.images.offer_to(self.actor, lambda: [self.tab], rule, note)
        if not self.is_bound:
            fill_in(self.initial, self._sources())

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

    @cached_property
    def fill(self) -> FillForm:
        """What fills in the user data."""
        return FillForm(self.data if self.is_bound else self.initial, sources=self._sources())

    def _sources(self) -> Sources:
        if (image := self.chosen_image) is None:
            return Sources(self.actor)
        is_own = image.project_id == self.actor.project.pk
        return Sources(self.actor, str(image.pk), image.default_user_data, is_own)

    def require_login(self) -> None:
        super().require_login()
        self.check("user_data", self.fill.is_filled_in)

    def kept(self) -> dict[str, Any]:
        return {**super().kept(), **self.fill.kept()}
