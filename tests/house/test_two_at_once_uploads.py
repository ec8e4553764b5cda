"""Two tabs at once on one upload: one writes, the other reads a sentence; nothing is written twice."""

import hashlib
from collections.abc import Callable
from functools import partial
from io import BytesIO
from types import SimpleNamespace
from typing import Any

import pytest

from images.models import Upload
from images.uploads.append import append
from images.uploads.services import discard_upload, start_upload
from imsconsole.engine.types import MIB
from tests.support.at_once import DONE, at_once

pytestmark = [
    pytest.mark.slow(reason="each pair meets several times"),
    pytest.mark.django_db(transaction=True),
]
ROUNDS = 4
CONTENT = hashlib.sha256(b"seed").digest() * (2 * MIB // 32)
HALF = len(CONTENT) // 2


def begun(actor: Any, number: int) -> Upload:
    return start_upload(
        name=f"disk-{number}.raw",
        size_bytes=len(CONTENT),
        is_resumable=True,
        claimed_format="raw",
        actor=actor,
    )


def tabs(upload: Upload, begin: int, end: int, actor: Any) -> list[Callable[[], int]]:
    """Two tabs that have looked the upload up and send what is between."""
    piece = CONTENT[begin:end]

    def send(own: Upload) -> int:
        return append(own, BytesIO(piece), offset=begin, length=len(piece), checksum=None, actor=actor)

    return [partial(send, Upload.objects.get(pk=upload.pk)) for _ in range(2)]


def test_of_two_tabs_that_send_a_piece_one_writes(people: SimpleNamespace) -> None:
    for number in range(ROUNDS):
        upload = begun(people.bob, number)
        assert sorted(at_once(*tabs(upload, 0, HALF, people.bob))) == [DONE, "upload-offset"]
        assert upload.path.read_bytes() == CONTENT[:HALF]


def test_of_two_tabs_that_send_the_last_piece_one_concludes(people: SimpleNamespace) -> None:
    for number in range(2 * ROUNDS):
        upload = begun(people.bob, number)
        tabs(upload, 0, HALF, people.bob)[0]()
        outcomes = at_once(*tabs(upload, HALF, len(CONTENT), people.bob))
        upload.refresh_from_db()
        assert (upload.state, upload.found["sha256"]) == ("complete", hashlib.sha256(CONTENT).hexdigest())
        assert upload.path.read_bytes() == CONTENT
        assert sorted(outcomes) == [DONE, "upload-ended"]


def test_an_upload_that_is_discarded_while_it_is_sent_leaves_nothing(people: SimpleNamespace) -> None:
    for number in range(2 * ROUNDS):
        upload = begun(people.bob, number)
        sent, discarded = at_once(
            tabs(upload, 0, HALF, people.bob)[0],
            lambda upload=upload: discard_upload(Upload.objects.get(pk=upload.pk), actor=people.bob),
        )
        assert discarded == DONE
        assert sent in (DONE, "upload-gone")
        assert not Upload.objects.filter(pk=upload.pk).exists()
        assert not upload.path.exists()
