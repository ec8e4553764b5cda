"""What operators do with public images. `actor` is that of `images.public.platform`."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import date

from images.models import Image, PublicSource, ReleaseNote
from images.public.catalogue import entry_of
from images.public.jobs import FetchPublicImage
from images.public.messages import tell_deprecation
from images.public.rules import can_deprecate, can_fetch, can_keep, date_is_near
from imsconsole.accounts.actor import Actor
from imsconsole.accounts.log import service
from imsconsole.accounts.models import Region
from imsconsole.core.ids import new_id
from imsconsole.core.locks import locked, locked_many
from imsconsole.core.now import now
from imsconsole.jobs.start import start_job


@service("fetchPublicImage")
def fetch_public_image(*, key: str, boot_modes: Sequence[str] = (), actor: Actor) -> PublicSource:
    """Fetch or build an entry of the catalogue for every region, as a job about what is returned.

    `boot_modes`: an image for each; empty for the one the entry prefers. Raises NotFound,
    CatalogueBroken, Refused, Conflict (it is being fetched).
    """
    entry = entry_of(key)
    modes = list(dict.fromkeys(boot_modes)) or [entry.boot_modes[0]]
    can_fetch(entry, modes, actor).require()
    source, _new = PublicSource.objects.get_or_create(key=key)
    regions = Region.objects.order_by("code").values_list("code", flat=True)
    slots = [
        {"region": region, "boot_mode": mode, "image": str(new_id()), "disk": str(new_id())}
        for region in regions
        for mode in modes
    ]
    start_job(FetchPublicImage, source, actor=actor, entry={**asdict(entry), "checked_on": None}, slots=slots)
    return source


@service("hideImage")
def hide_image(image: Image, *, actor: Actor) -> Image:
    """Withdraw a public image: nobody chooses it any more, servers made from it run on."""
    return _changed(image, actor, hidden=True)


@service("showImage")
def show_image(image: Image, *, actor: Actor) -> Image:
    """Offer a hidden public image again."""
    return _changed(image, actor, hidden=False)


@service("releaseImage")
def release_image(image: Image, *, actor: Actor) -> Image:
    """Let projects copy and download a public image (R70)."""
    return _changed(image, actor, released=True)


@service("withholdImage")
def withhold_image(image: Image, *, actor: Actor) -> Image:
    """Not any more. What was copied stays its project's."""
    return _changed(image, actor, released=False)


@service("protectImage")
def protect_image(image: Image, *, actor: Actor) -> Image:
    return _changed(image, actor, protected=True)


@service("unprotectImage")
def unprotect_image(image: Image, *, actor: Actor) -> Image:
    return _changed(image, actor, protected=False)


@service("deprecateImage")
def deprecate_image(image: Image, *, on: date, successor: Image | None = None, actor: Actor) -> Image:
    """Say from which day on a public image is not kept up any more, and what to take instead.

    Projects that have servers from it get a message.
    """
    if successor is not None:
        successor = locked_many(Image.objects.all(), [image.pk, successor.pk])[successor.pk]
    can_deprecate(image, actor, successor=successor).require()
    date_is_near(on, now().date()).require()
    image = _changed(image, actor, deprecated_on=on, successor=successor)
    tell_deprecation(image)
    return image


@service("undeprecateImage")
def undeprecate_image(image: Image, *, actor: Actor) -> Image:
    return _changed(image, actor, deprecated_on=None, successor=None)


@service("writeReleaseNote")
def write_release_note(
    *, images: Iterable[Image], published_on: date, text: str, text_zh: str = "", actor: Actor
) -> ReleaseNote:
    """Tell what was changed in public images."""
    about = list(images)
    for image in about:
        can_keep(image, actor).require()
    date_is_near(published_on, now().date()).require()
    note = ReleaseNote.objects.create(
        published_on=published_on, text=text, text_zh=text_zh, created_by=actor.user
    )
    note.images.set(about)
    return note


def _changed(image: Image, actor: Actor, **fields: bool | date | Image | None) -> Image:
    """The image with these fields written. Raises Refused."""
    image = locked(Image.objects.all(), image.pk)
    can_keep(image, actor).require()
    for name, value in fields.items():
        setattr(image, name, value)
    image.updated_at = now()
    image.save(update_fields=[*fields, "updated_at"])
    return image
