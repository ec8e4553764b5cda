"""Fields of what a seller types: each cleans to what a draft has."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from imsconsole.accounts.models import Region
from market.listings.drafts import Piece

SOFTWARE = 64  # characters of a name
NUMBER = 32  # and of its version
MOST_SOFTWARE = 30


class ProseField(forms.CharField):
    """Text of several lines, whatever the browser ends a line with."""

    widget = forms.Textarea

    def to_python(self, value: Any) -> str:
        return str(super().to_python(value)).replace("\r\n", "\n")


class SoftwareField(ProseField):
    """A piece of software per line; the last word is its version when it has a digit. Cleans to `Piece`s."""

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(map(str, value)) if isinstance(value, list) else value

    def clean(self, value: Any) -> list[Piece]:
        lines = [line.strip() for line in str(super().clean(value)).splitlines()]
        typed = {piece.name: piece for piece in map(_piece, filter(None, lines))}
        if len(typed) > MOST_SOFTWARE or any(len(name) > SOFTWARE for name in typed):
            raise forms.ValidationError(
                _("At most %(most)s lines, each with a name of at most %(long)s characters."),
                "too-much-software",
                {"most": MOST_SOFTWARE, "long": SOFTWARE},
            )
        return list(typed.values())


class RegionsField(forms.ModelMultipleChoiceField):
    """Boxes of regions. Cleans to a list."""

    widget = forms.CheckboxSelectMultiple

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(Region.objects.all(), **kwargs)

    def clean(self, value: Any) -> list[Region]:  # type: ignore[override]
        return list(super().clean(value))


def _piece(line: str) -> Piece:
    name, _blank, number = line.rpartition(" ")
    if name and any(letter.isdigit() for letter in number):
        return Piece(name.strip(), number[:NUMBER])
    return Piece(line)
