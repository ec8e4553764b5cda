"""What a seller types about a version of a listing."""

from typing import Any

from django import forms
from django.db.models import Q, QuerySet
from django.utils.datastructures import MultiValueDict
from django.utils.translation import gettext_lazy as _

from images.models import Image
from images.product.rules import OFFER_FACTS, can_offer
from imsconsole.accounts.actor import Actor
from imsconsole.core.edits import EditForm
from imsconsole.core.forms import RuledChoiceField
from imsconsole.core.rules import ALLOWED
from imsconsole.core.sentences import sentence_of
from market import pictures
from market.listings.drafts import VersionDraft, draft_of
from market.listings.fields import ProseField, RegionsField, SoftwareField
from market.listings.rules import is_new_version
from market.models import Listing, ListingVersion

MARKDOWN = _("Markdown: headings, lists, tables, links, code. No pictures.")
CATEGORIES = ListingVersion.Category.choices


def offerable(actor: Actor, version: ListingVersion | None) -> "QuerySet[Image]":
    """Images that a version can be made of, as far as a query can tell; the rest says `can_offer`."""
    mine = Image.objects.owned_by(actor).with_facts(actor, "is_offered", "shares_count")
    fitting = mine.filter(type=Image.Type.SYSTEM, status=Image.Status.ACTIVE, key=None)
    free = Q(is_offered=False, shares_count=0) | Q(pk=version and version.image_id)
    return fitting.filter(free).order_by("name", "pk")


class VersionForm(EditForm):
    """All that a version says, but pictures and price. `listing` is None for the first version of a new one."""

    image = RuledChoiceField(
        Image.objects.none(),
        label=_("Image"),
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
        self.fields["image"].offer(  # type: ignore[attr-defined]
            Image.objects.owned_by(actor).with_facts(actor, *OFFER_FACTS).order_by("name", "pk"),
            lambda image: ALLOWED if version and image.pk == version.image_id else can_offer(image, actor),
            offerable(actor, version),
        )

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
