"""What a version says: the words, the software and the regions of a draft, and how it is written down."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from images.models import Image
from imsconsole.accounts.models import Region
from market.models import ListingVersion, Software

WORDS = ("version", "title", "summary", "description", "category", "release_notes", "support", "terms")


@dataclass(frozen=True)
class Draft:
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


def draft_of(version: ListingVersion) -> dict[str, object]:
    """The same of a version that is there, as the form shows it."""
    return {
        **{name: getattr(version, name) for name in WORDS},
        "image": version.image_id,
        "software": "\n".join(str(each) for each in version.software.all()),
        "regions": [region.pk for region in version.regions.all()],
    }
