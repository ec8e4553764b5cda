"""What an image can be made of: the list behind the first page of the wizard (/images/create/).

Type and source are chosen first, and only what applies is shown. Each source has a page of its own for each
type it can make; that page shows the choice with `{% include "images/create/_kinds.html" %}` and the context of
`kinds_context`. To add a source: give it a line here, a page, and a line in `docs/rules.md`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from images.models import Image
from imsconsole.core.summary import Summary

Type = Image.Type
STEPS = {"source": _("Type and source"), "details": _("Image information"), "confirm": _("Confirm")}


@dataclass(frozen=True)
class SourceKind:
    """`pages`: the type of an image → the URL name of the page where its making begins."""

    key: str
    title: Any
    pages: Mapping[str, str]


SERVER = SourceKind(
    "server",
    _("Cloud server"),
    {Type.SYSTEM: "images:create-from-server", Type.FULL: "images:create-full-of-server"},
)
BACKUP = SourceKind("backup", _("Cloud backup"), {Type.FULL: "images:create-full-of-backup"})
DISK = SourceKind(
    "disk",
    _("Disk"),
    {Type.SYSTEM: "images:create-from-disk", Type.DATA: "images:create-from-disk"},
)
FILE = SourceKind(
    "file",
    _("Image file"),
    {Type.SYSTEM: "images:create", Type.DATA: "images:create", Type.ISO: "images:create"},
)
OBJECT = SourceKind(
    "object",
    _("Object in a bucket"),
    {
        Type.SYSTEM: "images:create-from-object",
        Type.DATA: "images:create-from-object",
        Type.ISO: "images:create-from-object",
    },
)
URL = SourceKind(
    "url",
    _("Address (URL)"),
    dict.fromkeys((Type.SYSTEM, Type.DATA, Type.ISO), "images:create-from-url"),
)
SOURCES: tuple[SourceKind, ...] = (SERVER, BACKUP, DISK, FILE, OBJECT, URL)


def frame() -> dict[str, Any]:
    """What the pages of all sources have in common."""
    private = f"{reverse('images:list')}?tab=private"
    return {"active": "images", "crumbs": [(private, gettext("Private images"))], "cancel_url": private}


def type_in(given: str, source: SourceKind) -> str:
    """The type that was asked for, or the first this source can make."""
    return given if given in source.pages else next(iter(source.pages))


def page_url(image_type: str, source: SourceKind, **kept: str) -> str:
    """Where the making of such an image begins; what is empty of `kept` is left out."""
    query = {"type": str(image_type), **{name: value for name, value in kept.items() if value}}
    return f"{reverse(source.pages[image_type])}?{urlencode(query)}"


def kinds_context(image_type: str, source: SourceKind, **kept: str) -> dict[str, Any]:
    """The choice of type and source, this one chosen. `kept` goes along to other types of the same source."""
    counted = (
        ("images", "upload_bytes", "store_bytes") if source in (FILE, OBJECT) else ("images", "store_bytes")
    )
    facts = [(_("Image type"), Type(image_type).label), (_("Source"), source.title)]
    quota = {resource: int(resource == "images") for resource in counted}
    return {
        "summary": Summary(facts, quota, follows=False),
        "image_type": image_type,
        "type_tabs": [_type_tab(each, source, kept) for each in Type.values if _sources_of(each)],
        "source_tabs": [
            {"key": each.key, "title": each.title, "url": page_url(image_type, each), "count": None}
            for each in _sources_of(image_type)
        ],
        "source": source.key,
    }


def _type_tab(image_type: str, source: SourceKind, kept: Mapping[str, str]) -> dict[str, Any]:
    """Another type of the same source if it has that, else of the type's first."""
    stays = image_type in source.pages
    url = page_url(image_type, source, **kept) if stays else page_url(image_type, _sources_of(image_type)[0])
    return {"key": image_type, "title": Type(image_type).label, "url": url, "count": None}


def _sources_of(image_type: str) -> list[SourceKind]:
    return [source for source in SOURCES if image_type in source.pages]
