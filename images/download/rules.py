"""May an image be downloaded, as it is stored or in another format? (ims-facts §2.17)"""

from django.utils.translation import gettext_lazy as _

from images.export.rules import LEAVE_FACTS, Format, can_export_as, export_bytes, may_leave
from images.fields.rules import is_active
from images.models import Download, Image
from images.product.rules import is_released
from images.uploads.rules import has_room
from imsconsole.accounts.actor import Actor
from imsconsole.accounts.rules import may_write
from imsconsole.core.rules import ALLOWED, Verdict, refuse
from imsconsole.jobs.quotas import fits_quota

DOWNLOAD_FACTS = LEAVE_FACTS
PREPARED = (Format.QCOW2, Format.VMDK, Format.VHD, Format.RAW)  # what a job makes


def can_download(image: Image, actor: Actor) -> Verdict:
    """Own private images, and public ones that the operator released, whose bytes may leave (R54, R70 to R76).

    `image` comes with `DOWNLOAD_FACTS`, in lists also from `ancestry.load_ancestors`.
    """
    return may_write(actor) and _may_have(image, actor) and is_active(image) and may_leave(image, actor)


def can_download_stored(image: Image, actor: Actor) -> Verdict:
    """The file as it is (R76)."""
    return can_download(image, actor) and can_export_as(image, Format.STORED)


def can_prepare(image: Image, format: str, actor: Actor) -> Verdict:
    """In another format: quota and room. Hard only after `lock_project`."""
    size_bytes = export_bytes(image, format)
    return (
        can_download(image, actor)
        and can_choose(image, format, actor)
        and fits_quota(actor.project, {"store_bytes": size_bytes})
        and has_room(size_bytes)
    )


def can_choose(image: Image, format: str, actor: Actor) -> Verdict:
    """Whether that format is possible (R75, R78), and not there already."""
    return can_export_as(image, format) and _is_new(image, format, actor)


def can_fetch_download(download: Download, image: Image, actor: Actor) -> Verdict:
    """What was made is handed out as long as it would still be made."""
    verdict = can_download(image, actor)
    return verdict and (ALLOWED if download.state == Download.State.READY else _not_ready(download))


def can_discard_download(download: Download, actor: Actor) -> Verdict:
    """Not while it is being made: that is cancelled."""
    if not (verdict := may_write(actor)):
        return verdict
    return _not_ready(download) if download.state == Download.State.PREPARING else ALLOWED


def _may_have(image: Image, actor: Actor) -> Verdict:
    if image.category == Image.Category.PUBLIC:
        return is_released(image, actor)
    if image.category == Image.Category.MARKET:
        return refuse(
            "market-image", _("Market images cannot be downloaded: their files belong to their publisher.")
        )
    if image.project_id == actor.project.pk:
        return ALLOWED
    return refuse(
        "not-owner",
        _("Only the owner of an image can download it. Ask the project it belongs to, or copy it."),
    )


def _is_new(image: Image, format: str, actor: Actor) -> Verdict:
    asked = Download.objects.visible_to(actor).filter(image=image, format=format)
    if not asked.exclude(state=Download.State.FAILED).exists():
        return ALLOWED
    return refuse(
        "download-there",
        _("This format is there already, or being prepared: download that, or remove it first."),
    )


def _not_ready(download: Download) -> Verdict:
    return refuse(
        "download-not-ready",
        _("“%(name)s” is not ready. Wait until its job has ended, or cancel that."),
        name=download.name,
    )
