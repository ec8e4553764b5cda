"""Where the bytes of objects lie: on Django's storage "buckets". Names there are ours, never the user's."""

from collections.abc import Iterator
from pathlib import Path
from typing import IO, cast
from uuid import UUID

from django.conf import settings
from django.core.files import File
from django.core.files.storage import Storage, storages

from imsconsole.cloud.models import BucketObject
from imsconsole.core.errors import NotFound
from imsconsole.core.full_disk import raises_no_space


def storage() -> Storage:
    return storages["buckets"]


def stored_name(pk: UUID) -> str:
    """What the bytes of an object are called."""
    return f"{pk.hex[:2]}/{pk.hex}"


def incoming_dir() -> Path:
    """Where what arrives is collected before it is put in place."""
    folder = Path(settings.BUCKET_DIR) / "incoming"
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder


def incoming_path(pk: UUID) -> Path:
    return incoming_dir() / pk.hex


def arrived_bytes(pk: UUID) -> int:
    """How much has come of what arrives."""
    try:
        return incoming_path(pk).stat().st_size
    except FileNotFoundError:
        return 0


class _Finished(File):
    """A file that the local storage may take as it is, in one move; another storage reads it."""

    def temporary_file_path(self) -> str:
        return str(self.name)


@raises_no_space()
def put_in_place(pk: UUID) -> None:
    """What has arrived completely goes to the storage. Raises NoSpace."""
    path = incoming_path(pk)
    with path.open("rb") as file:
        storage().save(stored_name(pk), _Finished(file, name=str(path)))
    path.unlink(missing_ok=True)


def remove_bytes(pk: UUID) -> None:
    """Remove what is there of an object, wherever it got to; readers that have it open read on."""
    incoming_path(pk).unlink(missing_ok=True)
    storage().delete(stored_name(pk))


def open_object(bucket_object: BucketObject) -> File:
    """The bytes of a stored object, to be closed. Raises NotFound when they are gone."""
    try:
        return storage().open(stored_name(bucket_object.pk), "rb")
    except FileNotFoundError as error:
        raise NotFound("object-bytes-gone", name=bucket_object.key) from error


def stream_object(bucket_object: BucketObject) -> IO[bytes]:
    """The bytes of a stored object in their order, without a copy on this host. Raises NotFound, Unavailable."""
    stream = getattr(storage(), "stream", None)  # of S3
    if stream is None:
        return cast(IO[bytes], open_object(bucket_object))
    try:
        return cast(IO[bytes], stream(stored_name(bucket_object.pk)))
    except FileNotFoundError as error:
        raise NotFound("object-bytes-gone", name=bucket_object.key) from error


def is_local() -> bool:
    """Whether the bytes are files of this host."""
    try:
        storage().path("")
    except NotImplementedError:
        return False
    return True


def stored_ids() -> Iterator[str]:
    """The hex IDs of everything that lies in the storage."""
    for folder in _listed("")[0]:
        yield from _listed(folder)[1]


def incoming_ids() -> Iterator[str]:
    """The hex IDs of everything that has begun to arrive at this host."""
    return (path.name for path in incoming_dir().iterdir() if path.is_file())


def _listed(folder: str) -> tuple[list[str], list[str]]:
    """Folders and files."""
    try:
        return storage().listdir(folder)
    except FileNotFoundError:
        return [], []
