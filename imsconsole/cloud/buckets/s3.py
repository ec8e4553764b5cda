"""Objects in S3, with time limits, and what goes wrong there in our words. Imported only where they lie there."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from boto3.exceptions import Boto3Error
from boto3.s3.transfer import TransferConfig
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from django.core.files import File
from storages.backends.s3 import S3Storage

from imsconsole.core.errors import Unavailable

GONE = 404
DELETED_AT_ONCE = 1000
PATIENCE = Config(
    signature_version="s3v4",
    connect_timeout=5,
    read_timeout=30,
    retries={"mode": "standard", "max_attempts": 3},
)


class ObjectsInS3(S3Storage):
    """Raises Unavailable `buckets-unavailable` when S3 does not do what it is asked, FileNotFoundError for what is gone."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(client_config=PATIENCE, **settings)

    def stream(self, name: str, start: int = 0) -> "Stream":
        """The bytes in their order from there on, as they come; `open` would fetch them whole first."""
        with self.in_our_words(name):
            key = self._normalize_name(name)
            asked = {"Range": f"bytes={start}-"} if start else {}
            return Stream(self.bucket.Object(key).get(**asked)["Body"], self, name)

    def exists(self, name: str) -> bool:
        with self.in_our_words(name):
            return bool(super().exists(name))

    def delete(self, name: str) -> None:
        with self.in_our_words(name):
            super().delete(name)

    def listdir(self, path: str) -> tuple[list[str], list[str]]:
        with self.in_our_words(path):
            folders, files = super().listdir(path)
            return folders, files

    def _save(self, name: str, content: File) -> str:
        with self.in_our_words(name):
            return str(super()._save(name, content))

    def delete_all(self, names: Sequence[str]) -> None:
        """Remove many, a request for each thousand; what is gone already is none the worse."""
        for first in range(0, len(names), DELETED_AT_ONCE):
            some = names[first : first + DELETED_AT_ONCE]
            with self.in_our_words(some[0]):
                keys = [{"Key": self._normalize_name(name)} for name in some]
                self.bucket.delete_objects(Delete={"Objects": keys, "Quiet": True})

    @contextmanager
    def in_our_words(self, name: str) -> Iterator[None]:
        try:
            yield
        except ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] == GONE:
                raise FileNotFoundError(name) from error
            raise self.unavailable(error.response["Error"]["Code"]) from error
        except (Boto3Error, BotoCoreError) as error:
            raise self.unavailable(type(error).__name__) from error

    @staticmethod
    def unavailable(detail: str) -> Unavailable:
        return Unavailable("buckets-unavailable", detail=detail)


class SpoolInS3(ObjectsInS3):
    """What waits there for a web host or a worker. All is done in the caller's thread, which may be told to end."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(transfer_config=TransferConfig(use_threads=False), **settings)

    @staticmethod
    def unavailable(detail: str) -> Unavailable:
        return Unavailable("spool-unavailable", detail=detail)


class Stream:
    """An answer that is read as it comes. Its length is checked: one that breaks off raises, too."""

    def __init__(self, body: Any, storage: ObjectsInS3, name: str) -> None:
        self._body, self._storage, self._name = body, storage, name

    def read(self, size: int) -> bytes:
        with self._storage.in_our_words(self._name):
            return bytes(self._body.read(size))

    def __enter__(self) -> "Stream":
        return self

    def __exit__(self, *_: object) -> None:
        self._body.close()
