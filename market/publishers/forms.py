"""What an account says of itself as a publisher."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from imsconsole.core.sentences import sentence_of
from market import pictures
from market.models import Publisher
from market.publishers.rules import is_free_publisher_name


class PublisherForm(forms.Form):
    """The application; of an approved `publisher` without the name. Cleaned, `logo` is a PNG of ours, or None."""

    name = forms.CharField(
        label=_("Name"), max_length=64, help_text=_("As buyers read it. It is reviewed and stays.")
    )
    description = forms.CharField(
        label=_("Description"), max_length=1024, required=False, widget=forms.Textarea({"rows": 4})
    )
    contact = forms.EmailField(label=_("Contact"), help_text=_("Where buyers and the operator reach you."))
    logo = forms.FileField(
        label=_("Logo"),
        required=False,
        widget=forms.ClearableFileInput({"accept": "image/png,image/jpeg,image/webp"}),
        help_text=_("PNG, JPEG or WebP, at most 5 MB. It is shown at 256 × 256 pixels or less."),
    )

    def __init__(self, *args: Any, publisher: Publisher | None, **kwargs: Any) -> None:
        self.publisher = publisher
        if publisher:
            was = {name: getattr(publisher, name) for name in ("name", "description", "contact")}
            kwargs["initial"] = was
        super().__init__(*args, **kwargs)
        if publisher and publisher.is_approved:
            del self.fields["name"]

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"]
        if not (verdict := is_free_publisher_name(name, self.publisher)):
            raise forms.ValidationError(str(verdict.reason), verdict.code)
        return name

    def clean_logo(self) -> bytes | None:
        file = self.cleaned_data["logo"]
        if not file:
            return None
        try:
            return pictures.logo(file)
        except pictures.BadPicture as error:
            raise forms.ValidationError(sentence_of(error), error.code) from error
