"""Tags as they are typed: in lines of a form for something else, or as rows of a form of their own."""

import re
from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from imsconsole.cloud.models import Tagged
from imsconsole.cloud.tags.rules import tags_fit
from imsconsole.core.edits import EditForm

KEY_LENGTH, VALUE_LENGTH = 36, 43  # §1.7
TAG_SIGNS = re.compile(r"[^\x00-\x1f<>,*|\\/=]*")
SPARE_ROWS = 3


class TagRows(forms.Textarea):
    """Reads tags that come as pairs of fields, `tags-key` and `tags-value`, as lines."""

    def value_from_datadict(self, data: Any, files: Any, name: str) -> Any:
        if name in data or not hasattr(data, "getlist"):
            return data.get(name)
        pairs = zip(data.getlist(f"{name}-key"), data.getlist(f"{name}-value"), strict=False)
        return "\n".join(f"{key}={value}" for key, value in pairs if key.strip() or value.strip())


class TagsField(forms.CharField):
    """A line per tag, `key=value`; the value may be empty. Cleans to a dict (§2.22)."""

    widget = forms.Textarea

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(required=False, **kwargs)
        self.widget.attrs["rows"] = "3"

    def prepare_value(self, value: Any) -> Any:
        return tag_lines(value) if isinstance(value, dict) else value

    def clean(self, value: Any) -> dict[str, str]:
        lines = [line.strip() for line in str(super().clean(value)).splitlines()]
        tags: dict[str, str] = {}
        for line in filter(None, lines):
            key, _sign, content = (part.strip() for part in line.partition("="))
            _check_tag(key, content, tags)
            tags[key] = content
        return tags


def tag_lines(tags: dict[str, str]) -> str:
    """The tags as they are typed: a line each."""
    return "\n".join(f"{key}={value}" if value else key for key, value in tags.items())


def _check_tag(key: str, value: str, tags: dict[str, str]) -> None:
    if not 1 <= len(key) <= KEY_LENGTH or len(value) > VALUE_LENGTH:
        raise ValidationError(
            _(
                "The key of a tag has 1 to %(key)s characters and its value up to %(value)s: “%(tag)s” does not fit."
            )
            % {"key": KEY_LENGTH, "value": VALUE_LENGTH, "tag": f"{key}={value}"}
        )
    if not TAG_SIGNS.fullmatch(key) or not TAG_SIGNS.fullmatch(value):
        raise ValidationError(
            _("A tag contains none of < > , * | \\ / and only one “=”: “%(tag)s”.")
            % {"tag": f"{key}={value}"}
        )
    if key in tags:
        raise ValidationError(_("The key “%(key)s” is there twice.") % {"key": key})


class TagForm(EditForm):
    """All tags of a thing: rows of key and value; an empty row is no tag."""

    tags = TagsField(label=gettext_lazy("Tags"), widget=TagRows)

    def __init__(self, data: QueryDict | None = None, *, thing: Tagged) -> None:
        super().__init__(data, initial={"tags": thing.tag_values})

    @property
    def rows(self) -> list[tuple[str, str]]:
        """What is typed, and some empty rows, at most as many as there may be tags."""
        lines = str(self["tags"].value() or "").splitlines()
        typed = [(key, value) for key, _sign, value in (line.partition("=") for line in lines)]
        spare = min(SPARE_ROWS, settings.IMS_TAGS_PER_IMAGE - len(typed))
        return typed + [("", "")] * spare

    def clean_tags(self) -> dict[str, str]:
        tags: dict[str, str] = self.cleaned_data["tags"]
        if not (verdict := tags_fit(tags)):
            raise forms.ValidationError(str(verdict.reason), verdict.code)
        return tags
