"""Images become files that are downloaded."""

from images.download.jobs import PrepareDownload, kept_until
from images.download.rules import DOWNLOAD_FACTS, can_discard_download, can_prepare
from images.export.names import file_name, proposed_name
from images.export.rules import export_bytes
from images.models import Download, Image
from imsconsole.accounts.actor import Actor
from imsconsole.accounts.log import explain, service
from imsconsole.cloud.spool.kinds import downloads
from imsconsole.cloud.stored.rows import use_stored
from imsconsole.core.locks import locked
from imsconsole.jobs.quotas import lock_project
from imsconsole.jobs.start import start_job


@service("prepareDownload")
def prepare_download(image: Image, *, format: str, actor: Actor) -> Download:
    """Have the image's disk written in a format, for the project to download. Raises Refused, NotFound."""
    lock_project(actor.project)
    images = Image.objects.visible_to(actor).with_facts(actor, *DOWNLOAD_FACTS)
    image = locked(images.select_related("os_version", "key"), image.pk)
    can_prepare(image, format, actor).require()
    Download.objects.visible_to(actor).filter(image=image, format=format).delete()  # one that failed
    download = Download.objects.create(
        project=actor.project,
        image=image,
        format=format,
        name=file_name(proposed_name(image), format),
        created_by=actor.user,
        expires_at=kept_until(),
    )
    reserves = {"store_bytes": export_bytes(image, format)}
    job = start_job(PrepareDownload, download, actor=actor, reserves=reserves, format=format)
    use_stored(job, image.disks.all())
    return download


@service("discardDownload")
def discard_download(download: Download, *, actor: Actor) -> Download:
    """Remove what was made. Who is downloading it gets the rest. Raises Refused, NotFound."""
    download = locked(Download.objects.visible_to(actor), download.pk)
    can_discard_download(download, actor).require()
    downloads().discard(download.pk)
    Download.objects.filter(pk=download.pk).delete()
    return download


@service("downloadImage")
def note_download(image: Image, *, name: str, actor: Actor) -> Image:
    """Leave in the trail who downloads an image, as which file."""
    return explain(image, name)
