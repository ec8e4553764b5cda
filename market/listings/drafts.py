"""What a version says: the words, the software and the regions of a draft, and how it is written down."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from images.models import Image
from imsconsole.accounts.models import Region
from market.models import ListingVersion, Software

WORDS = ("version", "title", "summary", "description", "category", "release_notes", "support", "terms")


class Piece(NamedTuple):
    """A piece of built-in software."""

    name: str
    version: str = ""

    def __str__(self) -> str:
        return f"{self.name} {self.version}".strip()


@dataclass(frozen=True)
class VersionDraft:
    """All that a seller types about a version, but pictures and price. `software` are names with versions."""

    image: Image
    version: str
    title: str
    summary: str
    category: str
    support: str
    terms: str
    description: str = ""
    release_notes: str = ""
    software: Sequence[tuple[str, str]] = ()
    regions: Sequence[Region] = field(default_factory=list)

    def write(self, version: ListingVersion) -> ListingVersion:
        """Into the row, which is saved, and those that belong to it."""
        version.image = self.image
        for name in WORDS:
            setattr(version, name, getattr(self, name))
        version.save()
        version.regions.set(self.regions)
        version.software.all().delete()
        Software.objects.bulk_create(
            Software(version_of=version, name=name, version=number) for name, number in self.software
        )
        return version


def draft_of(version: ListingVersion) -> VersionDraft:
    """The same of a version that is there, as its form reads it."""
    return VersionDraft(
        **{name: getattr(version, name).replace("\r\n", "\n").strip() for name in WORDS},
        image=version.image,
        software=[Piece(each.name, each.version) for each in version.software.all()],
        regions=list(version.regions.all()),
    )
