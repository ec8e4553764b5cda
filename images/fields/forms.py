"""Form fields that describe an image, with the rules of what may be typed (ims-facts §2), and those of encryption (§2.25)."""

import re
from collections.abc import Iterable, Iterator
from pathlib import PurePath
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.forms.models import ModelChoiceIterator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from images.fields.formats import ENDINGS
from images.fields.rules import boot_mode_fits, memory_fits
from images.models import Image, OsVersion
from imsconsole.accounts.actor import Actor
from imsconsole.cloud.keys.rules import DEFAULT_NAME, can_use_key
from imsconsole.cloud.models import Architecture, BootMode, Key
from imsconsole.cloud.tags.forms import TagsField
from imsconsole.cloud.tags.rules import tags_fit
from imsconsole.core.forms import Combobox, NumberField, RuledChoiceField
from imsconsole.core.pickers import PickingForm
from imsconsole.core.rules import Verdict

# R39 and §1.3: letters, digits, Chinese, space and -._ ; Django strips the ends, so they are checked unstripped
LETTERS = r"A-Za-z0-9\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
NAME = re.compile(rf"(?! )[{LETTERS} ._-]{{1,128}}(?<! )")
NOT_IN_NAMES = re.compile(rf" *[^{LETTERS} ._-]+ *")
EXTENSIONS = re.compile(rf"\.({'|'.join(ENDINGS)})$", re.IGNORECASE)
MOST_MEMORY_MB = 4 * 1024 * 1024


class NameField(forms.CharField):
    """1 to 128 letters, digits, Chinese characters, spaces, “-”, “.” and “_”; no space at the ends."""

    default_validators = [
        RegexValidator(
            re.compile(rf"^{NAME.pattern}\Z"),
            gettext_lazy(
                "A name has 1 to 128 letters, digits, Chinese characters, spaces, “-”, “.” or “_”, "
                "and no space at its beginning or end."
            ),
        )
    ]

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(strip=False, **kwargs)
        self.widget.attrs["maxlength"] = "128"


class DescriptionField(forms.CharField):
    """Up to 1024 characters without line breaks, `<` and `>` (R111)."""

    default_validators = [
        RegexValidator(r"^[^\r\n<>]*\Z", gettext_lazy("A description contains no line breaks, “<” or “>”."))
    ]

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(required=False, max_length=1024, **kwargs)


class PlatformIterator(ModelChoiceIterator):
    """The choices in groups by platform."""

    def __iter__(self) -> Iterator[Any]:
        if self.field.empty_label is not None:
            yield ("", self.field.empty_label)
        for platform, versions in _by_platform(self.queryset):
            yield (platform, [self.choice(version) for version in versions])


def _by_platform(versions: Iterable[OsVersion]) -> list[tuple[str, list[OsVersion]]]:
    groups: dict[str, list[OsVersion]] = {}
    for version in versions:
        groups.setdefault(version.platform, []).append(version)
    return list(groups.items())


class OsVersionField(forms.ModelChoiceField):
    """One of the operator's table of operating systems."""

    iterator = PlatformIterator

    def __init__(self, **kwargs: Any) -> None:
        widget = Combobox(family=gettext_lazy("OS family"), rows=gettext_lazy("OS versions"))
        versions = OsVersion.objects.order_by("platform", "name")
        super().__init__(queryset=versions, widget=widget, **kwargs)


class EncryptField(forms.BooleanField):
    """The box “KMS encryption”."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(label=gettext_lazy("KMS encryption"), required=False, **kwargs)


class KeyField(RuledChoiceField):
    """The keys of a choice; the project's default key first, also when it has yet to be made."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            Key.objects.none(),
            label=gettext_lazy("Encryption key"),
            required=False,
            empty_label=DEFAULT_NAME,
            help_text=gettext_lazy(
                "The default key is made when it is first needed. To be shared later, an image needs a key of your "
                "own making."
            ),
            **kwargs,
        )

    def offer_to(self, actor: Actor) -> None:
        """The keys the actor may use. The empty choice stands for the default key (`default_key`)."""
        keys = Key.objects.known_to(actor).filter(is_default=False).prefetch_related("grants")
        self.offer(keys.order_by("name", "pk"), lambda key: can_use_key(key, actor))


def chosen_key_name(given: dict[str, Any]) -> str:
    """The name of the key that such fields chose; empty when nothing is encrypted."""
    if not given.get("encrypt"):
        return ""
    return given["key"].name if given.get("key") else DEFAULT_NAME


class ImageForm(PickingForm):
    """What is asked of every new image, however it is made; what is made adds its own fields."""

    min_ram_mb = NumberField(
        label=gettext_lazy("Minimum memory (MB)"),
        min_value=0,
        max_value=MOST_MEMORY_MB,
        required=False,
        help_text=gettext_lazy("0: any."),
    )
    max_ram_mb = NumberField(
        label=gettext_lazy("Maximum memory (MB)"),
        min_value=1,
        max_value=MOST_MEMORY_MB,
        required=False,
        help_text=gettext_lazy("Empty: any."),
    )
    description = DescriptionField(
        label=gettext_lazy("Description"), widget=forms.Textarea(attrs={"rows": "2"})
    )
    tags = TagsField(label=gettext_lazy("Tags"), help_text=gettext_lazy("One a line: key=value. At most 10."))

    def __init__(self, *args: Any, actor: Actor, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.actor = actor

    def drop(self, *names: str) -> None:
        for name in names:
            del self.fields[name]

    def ask(self, field: str | None, verdict: Verdict) -> None:
        if not verdict:
            self.add_error(field, ValidationError(str(verdict.reason), verdict.code))

    def clean_min_ram_mb(self) -> int:
        return int(self.cleaned_data["min_ram_mb"] or 0)

    def clean(self) -> dict[str, Any]:
        given = self.cleaned_data
        if {"min_ram_mb", "max_ram_mb"} <= given.keys():
            self.ask("max_ram_mb", memory_fits(given["min_ram_mb"], given["max_ram_mb"]))
        if "tags" in given:
            self.ask("tags", tags_fit(given["tags"]))
        return given


class SystemForm(ImageForm):
    """Of an image of which it has to be said what system is in it."""

    os_version = OsVersionField(
        label=gettext_lazy("OS version"), required=False, empty_label=gettext_lazy("Not listed (Other Linux)")
    )
    architecture = forms.ChoiceField(label=gettext_lazy("Architecture"), choices=Architecture)
    boot_mode = forms.ChoiceField(
        label=gettext_lazy("Boot mode"),
        choices=BootMode,
        help_text=gettext_lazy(
            "It must be the one the disk was installed with, or its servers do not start."
        ),
    )

    def clean(self) -> dict[str, Any]:
        given = super().clean()
        if {"architecture", "boot_mode"} <= given.keys():
            self.ask("boot_mode", boot_mode_fits(given["architecture"], given["boot_mode"]))
        return given


def disk_label(image_type: str) -> str:
    return _("Data disk (GB)") if image_type == Image.Type.DATA else _("System disk (GB)")


def fitting_name(text: str) -> str:
    """What an image can be called, as much like `text` as possible."""
    return text if NAME.fullmatch(text) else NOT_IN_NAMES.sub("-", text).strip(" -")[:120].strip() or "image"


def proposed_name(file_name: str, actor: Actor) -> str:
    """A free name made of a file's."""
    base = fitting_name(EXTENSIONS.sub("", PurePath(file_name).name)[:120].strip(" -"))
    taken = set(Image.objects.owned_by(actor).filter(name__startswith=base).values_list("name", flat=True))
    return next(
        name for n in range(1, len(taken) + 2) if (name := base if n == 1 else f"{base}-{n}") not in taken
    )
