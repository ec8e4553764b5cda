"""Objects in S3, with time limits, and what goes wrong there in our words. Imported only where objects lie there."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from boto3.exceptions import Boto3Error
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from django.core.files import File
from storages.backends.s3 import S3Storage

from imsconsole.core.errors import Unavailable

GONE = 404
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

    def stream(self, name: str) -> "Stream":
        """The bytes in their order, as they come; `open` would fetch them whole first."""
        with _in_our_words(name):
            return Stream(self.bucket.Object(name).get()["Body"], name)

    def exists(self, name: str) -> bool:
        with _in_our_words(name):
            return bool(super().exists(name))

    def delete(self, name: str) -> None:
        with _in_our_words(name):
            super().delete(name)

    def listdir(self, path: str) -> tuple[list[str], list[str]]:
        with _in_our_words(path):
            folders, files = super().listdir(path)
            return folders, files

    def _save(self, name: str, content: File) -> str:
        with _in_our_words(name):
            return str(super()._save(name, content))


class Stream:
    """An answer that is read as it comes. Its length is checked: one that breaks off raises, too."""

    def __init__(self, body: Any, name: str) -> None:
        self._body, self._name = body, name

    def read(self, size: int) -> bytes:
        with _in_our_words(self._name):
            return bytes(self._body.read(size))

    def __enter__(self) -> "Stream":
        return self

    def __exit__(self, *_: object) -> None:
        self._body.close()


@contextmanager
def _in_our_words(name: str) -> Iterator[None]:
    try:
        yield
    except ClientError as error:
        if error.response["ResponseMetadata"]["HTTPStatusCode"] == GONE:
            raise FileNotFoundError(name) from error
        raise Unavailable("buckets-unavailable", detail=error.response["Error"]["Code"]) from error
    except (Boto3Error, BotoCoreError) as error:
        raise Unavailable("buckets-unavailable", detail=type(error).__name__) from error
