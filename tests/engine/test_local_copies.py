"""Links to stored disks, and where the file system ends links."""

import errno
import os
from pathlib import Path

import pytest

from imsconsole.engine.local.engine import LocalEngine
from tests.engine.guests import stored_image


def file_of(local: LocalEngine, ref: str) -> Path:
    return local._store.stored(ref)


@pytest.mark.parametrize("code", [errno.EMLINK, errno.EXDEV])
def test_past_the_link_limit_what_is_read_has_bytes_of_its_own(
    local: LocalEngine, place: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    source = stored_image(local, place)

    def no_link(*_args: object) -> None:
        monkeypatch.undo()
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr("os.link", no_link)
    path = place / "linked"
    local._store.link_stored(source.ref, path)
    assert not path.samefile(file_of(local, source.ref))
    assert path.stat().st_mode & 0o777 == 0o444
    assert path.read_bytes() == file_of(local, source.ref).read_bytes()
