"""What a seller types about a version of a listing."""

from typing import Any

from django import forms
from django.utils.datastructures import MultiValueDict
from django.utils.translation import gettext_lazy as _

from images.models import Image, ImageQuerySet
from images.product.pickers import ImagePicker
from images.product.rules import OFFER_FACTS, can_offer
from images.selection.tabs import PRIVATE
from imsconsole.accounts.actor import Actor
from imsconsole.core.edits import EditForm
from imsconsole.core.pickers import PickingForm
from imsconsole.core.rules import ALLOWED, Verdict
from imsconsole.core.sentences import sentence_of
from market import pictures
from market.listings.drafts import VersionDraft, draft_of
from market.listings.fields import ProseField, RegionsField, SoftwareField
from market.listings.rules import is_new_version
from market.models import Listing, ListingVersion

MARKDOWN = _("Markdown: headings, lists, tables, links, code. No pictures.")
CATEGORIES = ListingVersion.Category.choices


class OfferedImage(ImagePicker):
    """A system disk image of the project: what can be offered of it says `can_offer`."""

    def offer_own(self, actor: Actor, version: ListingVersion | None) -> None:
        def rule(image: Image) -> Verdict:
            return ALLOWED if version and image.pk == version.image_id else can_offer(image, actor)

        self.offer_to(actor, lambda: [PRIVATE], rule, type=Image.Type.SYSTEM, key=None)
        self.queryset = self.with_asked(Image.objects.owned_by(actor))

    def with_asked(self, images: ImageQuerySet) -> ImageQuerySet:
        return super().with_asked(images).with_facts(self.actor, *OFFER_FACTS)


class VersionForm(PickingForm, EditForm):
    """All that a version says, but pictures and price. `listing` is None for the first version of a new one."""

    image = OfferedImage(
        help_text=_("A system disk image of this project, not encrypted and not shared. It stays yours."),
    )
    title = forms.CharField(label=_("Title"), max_length=64)
    version = forms.CharField(label=_("Version"), max_length=32)
    summary = forms.CharField(label=_("Summary"), max_length=160, help_text=_("One sentence for the list."))
    category = forms.ChoiceField(label=_("Category"), choices=CATEGORIES)
    software = SoftwareField(
        label=_("Built-in software"),
        required=False,
        widget=forms.Textarea({"rows": 4, "spellcheck": "false"}),
        help_text=_("One per line with its version, for example: nginx 1.26"),
    )
    description = ProseField(
        label=_("Description"),
        max_length=20_000,
        required=False,
        widget=forms.Textarea({"rows": 8}),
        help_text=MARKDOWN,
    )
    release_notes = ProseField(
        label=_("Release notes"),
        max_length=20_000,
        required=False,
        widget=forms.Textarea({"rows": 4}),
        help_text=MARKDOWN,
    )
    support = forms.CharField(
        label=_("Support contact"), max_length=255, help_text=_("An address or a page where buyers get help.")
    )
    terms = ProseField(
        label=_("Licence terms"),
        max_length=50_000,
        widget=forms.Textarea({"rows": 6}),
        help_text=_("Buyers accept them before they use it. Markdown as well."),
    )
    regions = RegionsField(
        label=_("Regions"),
        help_text=_("Where it is offered. The image is copied there once it is approved."),
    )

    def __init__(
        self,
        data: MultiValueDict[str, str] | None = None,
        *,
        actor: Actor,
        listing: Listing | None = None,
        version: ListingVersion | None = None,
        **kwargs: Any,
    ) -> None:
        self.listing, self.of_version = listing, version
        kwargs["initial"] = (
            {"regions": [actor.region]} | _initial(listing, version) | kwargs.get("initial", {})
        )
        super().__init__(data, **kwargs)
        self.fields["image"].offer_own(actor, version)  # type: ignore[attr-defined]

    def clean_version(self) -> str:
        name: str = self.cleaned_data["version"]
        if self.listing and not (verdict := is_new_version(name, self.listing, self.of_version)):
            raise forms.ValidationError(str(verdict.reason), verdict.code)
        return name

    def draft(self) -> VersionDraft:
        """What was typed, once it is valid."""
        return VersionDraft(**self.cleaned_data)


class PictureForm(forms.Form):
    """A screenshot. Cleaned, `picture` is one of ours."""

    picture = forms.FileField(
        label=_("Screenshot"),
        widget=forms.ClearableFileInput({"accept": "image/png,image/jpeg,image/webp"}),
        help_text=_("PNG, JPEG or WebP, at most 5 MB."),
    )
    caption = forms.CharField(label=_("Caption"), max_length=120, required=False)

    def clean_picture(self) -> pictures.Remade:
        try:
            return pictures.screenshot(self.cleaned_data["picture"])
        except pictures.BadPicture as error:
            raise forms.ValidationError(sentence_of(error), error.code) from error


class WithdrawForm(forms.Form):
    reason = forms.CharField(
        label=_("Reason"),
        max_length=1024,
        widget=forms.Textarea({"rows": 3}),
        help_text=_("Whoever has servers of it reads it."),
    )


def _initial(listing: Listing | None, version: ListingVersion | None) -> dict[str, Any]:
    """What is there; of a new version what the one before says, without its image and number."""
    if version:
        return vars(draft_of(version))
    if listing:
        new = {"image": None, "version": "", "release_notes": ""}
        return vars(draft_of(listing.latest)) | new
    return {}
