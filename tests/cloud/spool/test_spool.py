"""What waits in a spool: kept, shared, taken, discarded."""

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from imsconsole.cloud.spool.folder import FolderSpool
from imsconsole.cloud.spool.shared import SharedSpool
from imsconsole.core.errors import Unavailable
from tests.support.s3 import bucket_of

pytestmark = pytest.mark.django_db(transaction=True)
CONTENT = bytes(range(256)) * 4096


def nothing(_done: int, _total: int) -> None:
    pass


@pytest.fixture(
    params=["folder", pytest.param("s3", marks=pytest.mark.slow(reason="an S3 server is started"))]
)
def spool(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[FolderSpool | SharedSpool]:
    if request.param == "folder":
        (tmp_path / "spool").mkdir()
        yield FolderSpool(tmp_path / "spool")
    else:
        with bucket_of(request.getfixturevalue("s3_server")):
            yield SharedSpool("uploads")


def kept(spool: FolderSpool | SharedSpool, path: Path, content: bytes = CONTENT):
    """The owner of a new file."""
    owner = uuid4()
    path.write_bytes(content)
    spool.keep(owner, spool.bring(owner, path, nothing))
    path.unlink()
    return owner


def test_what_is_kept_can_be_read_and_taken_and_is_gone_when_it_is_discarded(spool, tmp_path) -> None:
    owner, taken = kept(spool, tmp_path / "made"), tmp_path / "taken"
    assert (spool.has(owner), spool.has(uuid4()), spool.names()) == (True, False, [owner.hex])
    with spool.open(owner, 1000) as stream:
        assert stream.read() == CONTENT[1000:]
    spool.take(owner, taken, nothing)
    assert taken.read_bytes() == CONTENT
    spool.discard(owner)
    assert (spool.has(owner), spool.names()) == (False, [])
    with pytest.raises(FileNotFoundError):
        spool.take(owner, taken, nothing)


def test_what_is_kept_anew_stands_instead_of_what_was(spool, tmp_path) -> None:
    owner = kept(spool, tmp_path / "made")
    (tmp_path / "other").write_bytes(b"other")
    spool.keep(owner, spool.bring(owner, tmp_path / "other", nothing))
    with spool.open(owner) as stream:
        assert stream.read() == b"other"


def test_what_is_shared_goes_with_the_last(spool, tmp_path) -> None:
    owner, other = kept(spool, tmp_path / "made"), uuid4()
    spool.share(owner, other)
    spool.discard(owner)
    with spool.open(other) as stream:
        assert stream.read() == CONTENT
    spool.discard(other)
    assert spool.names() == []


@pytest.mark.slow(reason="an S3 server is started")
def test_other_bytes_than_were_put_there_are_not_taken(s3_server, tmp_path) -> None:
    with bucket_of(s3_server) as bucket:
        spool = SharedSpool("uploads")
        owner = kept(spool, tmp_path / "made")
        (name,) = bucket.names()
        bucket.client.put_object(Bucket=bucket.name, Key=name, Body=CONTENT[:-1] + b"x")
        with pytest.raises(Unavailable, match="checksum"):
            spool.take(owner, tmp_path / "taken", nothing)


def test_a_file_is_seen_while_it_is_taken_and_who_is_told_to_end_leaves_nothing(spool, tmp_path) -> None:
    owner, seen, told = kept(spool, tmp_path / "made"), bytearray(), []
    spool.take(owner, tmp_path / "taken", lambda *progress: told.append(progress), see=seen.extend)
    assert (bytes(seen), told[-1]) == (CONTENT, (len(CONTENT), len(CONTENT)))

    def ends(_done: int, _total: int) -> None:
        raise InterruptedError

    if spool.is_shared:
        with pytest.raises(InterruptedError):
            spool.bring(uuid4(), tmp_path / "taken", ends)
    assert spool.names() == [owner.hex]
