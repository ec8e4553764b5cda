"""What waits in a spool: kept, shared, taken, discarded."""

from pathlib import Path
from uuid import uuid4

import pytest

from imsconsole.cloud.spool.folder import FolderSpool

CONTENT = bytes(range(256)) * 4096


def nothing(_done: int, _total: int) -> None:
    pass


@pytest.fixture
def spool(tmp_path: Path) -> FolderSpool:
    (tmp_path / "spool").mkdir()
    return FolderSpool(tmp_path / "spool")


def kept(spool: FolderSpool, path: Path, content: bytes = CONTENT):
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
