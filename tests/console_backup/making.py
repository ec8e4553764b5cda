"""What backups are made of here, and making them."""

import os
import tempfile
from pathlib import Path
from types import SimpleNamespace

from django.core.files.base import ContentFile

from imsconsole.cloud.buckets.store import storage, stored_name
from imsconsole.console_backup.begin import begin_backup
from imsconsole.jobs.models import Job
from tests import factories
from tests.cloud.servers.machines import stored_image
from tests.support.workers import finish


def backed_up(to: Path | str, keep: int = 0) -> Job:
    job = finish(begin_backup(str(to), keep))
    assert job.state == Job.State.DONE, job.error_sentence
    return job


def an_image(people: SimpleNamespace, content: bytes = b"", **fields: object):
    """A real one of 64 KiB of noise."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "disk.raw")
        path.write_bytes(content or os.urandom(64 * 1024))
        return stored_image(people.bob, path, **fields)


def filled(people: SimpleNamespace) -> None:
    """Rows of many kinds with what columns may hold; two images and an object with bytes."""
    image = an_image(people, name="数据库 “€” \\ \0".replace("\0", ""), description="line\nline\u2028")
    an_image(people)
    factories.KeyFactory(project=people.bob.project)
    factories.KeyPairFactory(project=people.bob.project)
    factories.UserDataFactory(project=people.bob.project)
    factories.ShareFactory(image=image)
    factories.BackupScheduleFactory(project=people.bob.project)
    factories.PriceFactory()
    factories.ListingVersionFactory(checks={"a": [1, None, "ü"]})
    people.bob.user.list_columns = {"images": ["name", "size"]}
    people.bob.user.save()
    item = factories.BucketObjectFactory(bucket__project=people.bob.project)
    storage().save(stored_name(item.pk), ContentFile(b"object" * 1000))
