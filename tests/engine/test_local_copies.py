"""Copies of stored disks in the local store: by inode, and where the file system ends links."""

import errno
import os
from pathlib import Path
from uuid import uuid4

import pytest

from imsconsole.engine.local.engine import LocalEngine
from tests.engine.guests import TestWork, stored_image


def file_of(local: LocalEngine, ref: str) -> Path:
    return local._store.stored(ref)


def test_a_copy_is_the_same_inode(local: LocalEngine, place: Path) -> None:
    source = stored_image(local, place)
    copied = local.copy(uuid4(), source.ref, work=TestWork())
    assert file_of(local, copied.ref).samefile(file_of(local, source.ref))


@pytest.mark.parametrize("code", [errno.EMLINK, errno.EXDEV])
def test_past_the_link_limit_a_copy_has_bytes_of_its_own(
    local: LocalEngine, place: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    source = stored_image(local, place)

    def no_link(*_args: object) -> None:
        monkeypatch.undo()
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr("os.link", no_link)
    copied = local.copy(uuid4(), source.ref, work=TestWork())
    path = file_of(local, copied.ref)
    assert not path.samefile(file_of(local, source.ref))
    assert path.stat().st_mode & 0o777 == 0o444
    assert local.verify(copied.ref, source.sha256, work=TestWork())
