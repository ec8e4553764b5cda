"""A tus client by hand, in the test's own process, and files to send with it."""

import base64
import hashlib
from io import BytesIO

from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from images.models import Upload

TUS = "/uploads/tus/"
CHUNK_TYPE = "application/offset+octet-stream"
VERSION = {"Tus-Resumable": "1.0.0"}


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def began(client: Client, size: int, name: str = "disk.raw", **metadata: str) -> HttpResponse:
    """Creation."""
    pairs = {"filename": name, **metadata}
    header = ",".join(f"{key} {encoded(value)}" for key, value in pairs.items())
    return client.post(
        TUS,
        content_type=CHUNK_TYPE,
        headers={**VERSION, "Upload-Length": str(size), "Upload-Metadata": header},
    )


def begin(client: Client, size: int, name: str = "disk.raw", **metadata: str) -> str:
    """The address of a new upload."""
    response = began(client, size, name, **metadata)
    assert response.status_code == 201, response.content.decode()
    return response["Location"]


def send(client: Client, address: str, offset: int, content: bytes, **headers: str) -> HttpResponse:
    """PATCH."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return client.generic(
        "PATCH",
        address,
        content,
        headers={**VERSION, "Upload-Offset": str(offset), **named},
        CONTENT_TYPE=CHUNK_TYPE,
        CONTENT_LENGTH=str(len(content)),
    )


def look(client: Client, address: str) -> HttpResponse:
    """HEAD."""
    return client.head(address, headers=VERSION)


def offset_of(client: Client, address: str) -> int:
    return int(look(client, address)["Upload-Offset"])


def upload_at(address: str) -> Upload:
    return Upload.objects.get(pk=address.rstrip("/").rsplit("/", 1)[1])


def address_of(upload: Upload) -> str:
    return reverse("uploads:tus-upload", args=[upload.pk])


def checksum(content: bytes, algorithm: str = "sha1") -> str:
    return f"{algorithm} {base64.b64encode(hashlib.new(algorithm, content).digest()).decode()}"


class Breaking(BytesIO):
    """A body that ends early: with an error, or (None) as if the client had closed."""

    def __init__(self, content: bytes, error: type[OSError] | None = ConnectionResetError) -> None:
        super().__init__(content)
        self.error = error

    def read(self, size: int | None = -1) -> bytes:
        chunk = super().read(size)
        if not chunk and self.error:
            raise self.error
        return chunk
