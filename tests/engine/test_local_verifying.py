"""What the local engine knows of bytes that several names share, and of bytes that change."""

from pathlib import Path
from uuid import uuid4

import pytest

from imsconsole.core.errors import NotFound
from imsconsole.engine.local.engine import LocalEngine
from tests.engine.guests import TestWork, server_spec, stored_image


def test_links_of_a_file_are_the_same_bytes(local: LocalEngine, place: Path) -> None:
    source, other = stored_image(local, place), stored_image(local, place)
    assert local.same_bytes(source.ref) == {source.ref}
    copied = local.copy(uuid4(), source.ref, work=TestWork())
    server = local.create_server(server_spec(), source.ref, work=TestWork())
    all_of_them = {source.ref, copied.ref, server.disks[0].ref}
    assert local.same_bytes(source.ref) == local.same_bytes(copied.ref) == all_of_them
    assert local.same_bytes(other.ref) == {other.ref}
    local.delete(source.ref, work=TestWork())
    assert local.same_bytes(copied.ref) == {copied.ref, server.disks[0].ref}


def test_a_flipped_byte_is_found_under_every_name(local: LocalEngine, place: Path) -> None:
    source = stored_image(local, place)
    copied = local.copy(uuid4(), source.ref, work=TestWork())
    path = local._store.stored(source.ref)
    good = path.read_bytes()
    path.chmod(0o644)
    path.write_bytes(good[:100] + bytes([good[100] ^ 1]) + good[101:])
    for ref in (source.ref, copied.ref):
        assert not local.verify(ref, source.sha256, work=TestWork())
    path.write_bytes(good)
    work = TestWork()
    assert local.verify(copied.ref, source.sha256, work=work)
    assert work.reports[-1] == (len(good), len(good))


def test_what_is_not_there_has_no_bytes(local: LocalEngine) -> None:
    with pytest.raises(NotFound):
        local.same_bytes(f"{uuid4()}.none.qcow2")
