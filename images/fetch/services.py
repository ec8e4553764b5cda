"""Fetch the file at an address, to become an image."""

from typing import cast

from images.fetch.addresses import name_in, shown
from images.fetch.jobs import FetchFile
from images.fetch.rules import can_fetch_url
from images.models import Upload
from images.models.upload import kept_until
from imsconsole.accounts.actor import Actor
from imsconsole.accounts.log import explain, service
from imsconsole.accounts.models import User
from imsconsole.jobs.quotas import lock_project
from imsconsole.jobs.start import start_job

ORIGIN_LENGTH = 255


@service("fetchUrl")
def fetch_url(
    url: str, *, actor: Actor, checksum: str = "", checksums: str = "", claimed_format: str = ""
) -> Upload:
    """An upload that gets the bytes at `url` by a job, which first asks how many they are and reserves them.

    `checksum` is a SHA-256 or SHA-512 in hexadecimal digits, `checksums` the address of a list that has one. Raises Refused.
    """
    lock_project(actor.project)
    can_fetch_url(url, actor, checksums=checksums).require()
    upload = Upload.objects.create(
        project=actor.project,
        user=cast(User, actor.user),
        name=name_in(url),
        origin=shown(url)[:ORIGIN_LENGTH],
        url=url,
        size_bytes=0,
        claimed_format=claimed_format,
        expires_at=kept_until(),
    )
    start_job(FetchFile, upload, actor=actor, checksum=checksum.lower(), checksums=checksums)
    return explain(upload, upload.origin)
