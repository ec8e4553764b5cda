"""The user data of a form, filled in from what is saved, or from the default of its image.

Beside the text stands what is chosen to fill it in, and hidden its `Origin`. What somebody typed is replaced only when
that is asked for (`FILL`), and what is chosen but not filled in yet is not taken: nobody orders what was not shown.
"""

from collections.abc import Iterator, Mapping, MutableMapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Self

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from imsconsole.accounts.actor import Actor
from imsconsole.cloud.models import UserData
from imsconsole.core.pickers import FILL
from imsconsole.core.query_string import row_of
from imsconsole.core.rules import ALLOWED, Verdict, refuse

OF_IMAGE = "image"  # the choice of the image's default; others are IDs of what is saved, or nothing
NAME = "user_data"  # of the field


@dataclass(frozen=True)
class Sources:
    """What a text may be filled in from: all that is saved in the project, and `of_image`, the default of an image.

    That of a project's own image is filled in as soon as the image is chosen; that of others' has to be chosen.
    """

    actor: Actor
    image: str = ""  # its ID
    of_image: str = ""
    is_own: bool = False

    def choices(self) -> Iterator[tuple[str, str | Promise]]:
        yield "", _("None")
        if self.of_image:
            yield OF_IMAGE, _("Default of the image")
        saved = UserData.objects.readable_by(self.actor).values_list("pk", "name")
        yield from ((str(pk), name) for pk, name in saved)

    def text_of(self, choice: str) -> str:
        """Empty when there is no such source any more."""
        if choice == OF_IMAGE:
            return self.of_image
        found = row_of(UserData.objects.readable_by(self.actor), choice)
        return found.text if found else ""


@dataclass(frozen=True)
class Origin:
    """What a text was filled in from, for which image, and a digest that tells whether it was changed since."""

    choice: str = ""
    image: str = ""
    digest: str = ""

    @classmethod
    def read(cls, sent: object) -> Self:
        parts = str(sent or "").split("/")
        return cls(*parts) if len(parts) == 3 else cls()

    def __str__(self) -> str:
        return f"{self.choice}/{self.image}/{self.digest}"


@dataclass(frozen=True)
class Filling:
    """A text as it was sent, with what is chosen to fill it in."""

    text: str
    choice: str
    origin: Origin

    @classmethod
    def read(cls, sent: Mapping[str, Any], name: str = NAME) -> Self:
        text, choice = sent.get(name) or "", sent.get(f"{name}-choice") or ""
        return cls(normalized(text), str(choice), Origin.read(sent.get(f"{name}-origin")))

    @property
    def is_untouched(self) -> bool:
        return self.text == "" or digest_of(self.text) == self.origin.digest

    def is_filled_in(self, image: str) -> Verdict:
        """What is chosen is what the text was filled in from, whatever was changed in it since."""
        is_others = self.choice == OF_IMAGE and self.origin.image != image
        if self.choice and (self.choice != self.origin.choice or is_others):
            return refuse(
                "user-data-not-filled-in",
                _(
                    "The text is not what is chosen above: fill it in, or choose “None” to use the text as it is."
                ),
            )
        return ALLOWED

    def filled(self, sources: Sources, *, is_asked: bool = False) -> "Filling":
        """The text of what is chosen, unless that would replace what somebody typed."""
        choice = self.choice
        if self.origin.image != sources.image and self.is_untouched and choice in ("", OF_IMAGE):
            choice = OF_IMAGE if sources.is_own else ""  # another image was chosen
        wanted = sources.text_of(choice) if choice else ""
        if not wanted:
            text = "" if self.origin.choice and self.is_untouched else self.text
            return Filling(text, "", Origin(image=sources.image))
        is_shown = Filling(self.text, choice, self.origin).is_filled_in(sources.image)
        if is_asked or self.text == wanted or (self.is_untouched and not is_shown):
            return Filling(wanted, choice, Origin(choice, sources.image, digest_of(wanted)))
        return Filling(self.text, choice, self.origin)


def fill_in(typed: MutableMapping[str, Any], sources: Sources, name: str = NAME) -> None:
    """Fill in the text of a form that is drawn again."""
    sent = Filling.read(typed, name)
    filled = sent.filled(sources, is_asked=typed.get("action") == FILL)
    typed[name], typed[f"{name}-choice"], typed[f"{name}-origin"] = (
        filled.text,
        filled.choice,
        str(filled.origin),
    )
    typed[f"{name}-changed"] = "" if filled == sent and filled.is_filled_in(sources.image) else "yes"


def normalized(text: str) -> str:
    """With the ends of lines that systems expect; browsers send others."""
    return text.replace("\r\n", "\n")


def digest_of(text: str) -> str:
    return sha256(text.encode()).hexdigest()[:16]
