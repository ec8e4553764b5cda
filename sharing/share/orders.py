"""Several images for several projects: each pair is shared, or is told why not, by itself."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import OuterRef
from django.utils.translation import gettext_lazy
from django.utils.translation import gettext_lazy as _

from images.models import Image
from imsconsole.accounts.actor import Actor
from imsconsole.accounts.models import Draft, Project
from imsconsole.accounts.wizards import Wizard, reason_of
from imsconsole.core.each import Outcome
from imsconsole.core.query_string import id_of
from imsconsole.core.rules import ALLOWED, Verdict, refuse
from sharing.models import knows, name_of
from sharing.share.rules import MOST_IDS, can_share_with, members_of_image
from sharing.share.services import share_image

SHARE = Wizard(
    "share",
    gettext_lazy("Share image"),
    "sharing:share",
    {"projects": gettext_lazy("Projects"), "confirm": gettext_lazy("Confirm")},
)
Pair = tuple[Image, str]  # and the ID of a project, as it was typed
MOST_PAIRS = 500
SEPARATORS = re.compile(r"[\s,;,;、]+")


@dataclass(frozen=True)
class ShareLine:
    """An image for a project, and what is said of it. `project` is None when no such project is known here."""

    image: Image
    typed: str
    project: Any
    verdict: Verdict

    @property
    def receiver_name(self) -> str:
        return name_of(self.project) if self.project and self.project.is_known else ""


def ids_in(text: str) -> list[str]:
    """What was typed between commas, blanks and line breaks, each once."""
    return list(dict.fromkeys(word.lower() for word in SEPARATORS.split(text) if word))


def ids_of(text: str, picked: Sequence[str]) -> list[str]:
    """What was picked of the address book, and what was typed."""
    return list(dict.fromkeys([*picked, *ids_in(text)]))


def fits_order(images: int, ids: int) -> Verdict:
    """How much may be shared in one go (R53)."""
    if not ids:
        return refuse("no-ids", _("Type the ID of at least one project."))
    if ids > MOST_IDS:
        return refuse("too-many-ids", _("At most %(most)s project IDs at a time."), most=MOST_IDS)
    if images * ids > MOST_PAIRS:
        return refuse(
            "too-many-pairs",
            _("That is too much for one go (images: %(images)s, projects: %(ids)s). Choose fewer of either."),
            images=images,
            ids=ids,
        )
    return ALLOWED


def lines_of(
    images: Sequence[Image], typed: Sequence[str], actor: Actor, *, grants_key: bool = False
) -> list[ShareLine]:
    """What sharing would say of each pair, if they were shared one after the other."""
    projects = _projects(typed, actor)
    return [line for image in images for line in _lines(image, typed, projects, actor, grants_key=grants_key)]


def _lines(
    image: Image, typed: Sequence[str], projects: dict[str, Project], actor: Actor, *, grants_key: bool
) -> Iterator[ShareLine]:
    members = members_of_image(image)
    for word in typed:
        project = projects.get(word)
        verdict = is_id(word) and can_share_with(
            image, project, actor, grants_key=grants_key, members=members
        )
        yield ShareLine(image, word, project, verdict)


def is_id(word: str) -> Verdict:
    """Whether it looks like a project's ID at all."""
    if id_of(word):
        return ALLOWED
    return refuse("no-id", _("This is not a project ID. It has 32 hexadecimal digits and hyphens."))


def share_each(draft: Draft, images: Sequence[Image], actor: Actor) -> Outcome[Pair, str]:
    """Share each pair of an order; those that were tried before stay as they ended."""
    typed, grants_key, note = draft.data["projects"], draft.data["grants_key"], draft.data.get("note", "")
    projects = _projects(typed, actor)

    def share(pair: Pair) -> str:
        image, word = pair
        is_id(word).require()
        project = projects.get(word)
        return str(share_image(image, project=project, grants_key=grants_key, note=note, actor=actor).pk)

    pairs = {key_of(image.pk, word): (image, word) for image in images for word in typed}
    return SHARE.each(draft, pairs, share)


def outcomes_of(draft: Draft, actor: Actor) -> list[dict[str, str]]:
    """How each pair ended: `image`, `image_id`, `id`, `name` (as far as it may be known) and `reason`, empty when it was shared."""
    kept = draft.data["outcomes"]
    if isinstance(kept, list):  # of before 1.0
        return kept
    names = names_of(draft.data["projects"], actor)
    return [
        {
            "image": name,
            "image_id": pk,
            "id": word,
            "name": names.get(word, ""),
            "reason": reason_of(kept[key_of(pk, word)]),
        }
        for pk, name in draft.data["images"]
        for word in draft.data["projects"]
        if key_of(pk, word) in kept
    ]


def names_of(typed: Sequence[str], actor: Actor) -> dict[str, str]:
    """What the projects of these IDs are called, as far as the actor may know."""
    return {word: name_of(each) for word, each in _projects(typed, actor).items() if each.is_known}


def key_of(image_id: object, word: str) -> str:
    return f"{image_id} {word}"


def _projects(typed: Sequence[str], actor: Actor) -> dict[str, Any]:
    """The projects of these IDs, by what was typed; each with whether the actor may know what it is called."""
    ids: dict[str, Any] = {word: pk for word in typed if (pk := id_of(word))}
    known = Project.objects.select_related("account").annotate(is_known=knows(actor, OuterRef("pk")))
    found = known.in_bulk(list(set(ids.values())))
    return {word: found[pk] for word, pk in ids.items() if pk in found}
