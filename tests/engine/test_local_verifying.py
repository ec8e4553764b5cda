"""What the local engine knows of servers that rest on a stored file, and of bytes that change."""

import hashlib
from pathlib import Path
from uuid import uuid4

import pytest

from imsconsole.core.errors import BadImage, NotFound
from imsconsole.engine.local.engine import LocalEngine
from tests.engine.contract_transfer import Far
from tests.engine.guests import TestWork, server_spec, stored_image


def test_a_server_rests_on_the_file_it_was_made_of(local: LocalEngine, place: Path) -> None:
    source, other = stored_image(local, place), stored_image(local, place)
    assert local.resting_on(source.ref) == frozenset()
    server = local.create_server(server_spec(), source.ref, work=TestWork())
    assert local.resting_on(source.ref) == {server.disks[0].ref}
    assert local.resting_on(other.ref) == frozenset()
    local.delete_server(server.ref, work=TestWork())
    assert local.resting_on(source.ref) == frozenset()


def test_a_flipped_byte_is_found(local: LocalEngine, place: Path) -> None:
    source = stored_image(local, place)
    path = local._store.stored(source.ref)
    good = path.read_bytes()
    path.chmod(0o644)
    path.write_bytes(good[:100] + bytes([good[100] ^ 1]) + good[101:])
    assert not local.verify(source.ref, source.checksum, work=TestWork())
    path.write_bytes(good)
    work = TestWork()
    assert local.verify(source.ref, source.checksum, work=work)
    assert work.reports[-1] == (len(good), len(good))


def test_a_checksum_is_made_by_the_algorithm_it_names(local: LocalEngine, place: Path) -> None:
    source = stored_image(local, place)
    digits = hashlib.sha512(local._store.stored(source.ref).read_bytes()).hexdigest()
    assert local.verify(source.ref, f"sha512:{digits}", work=TestWork())
    assert not local.verify(source.ref, f"sha256:{digits}", work=TestWork())


def test_what_is_not_there_has_no_bytes(local: LocalEngine) -> None:
    with pytest.raises(NotFound):
        local.resting_on(f"{uuid4()}.none.qcow2")


def test_bytes_of_another_region_are_compared_by_the_algorithm_of_their_checksum(local: LocalEngine) -> None:
    far = Far(b"iso" * 1000)
    right = f"sha512:{hashlib.sha512(far.bytes).hexdigest()}"
    with pytest.raises(BadImage) as refusal:
        local.transfer(uuid4(), far, checksum=f"sha512:{'0' * 128}", format="iso", work=TestWork())
    assert refusal.value.values["found"] == f"SHA-512 {right.partition(':')[2]}"
    assert local.transfer(uuid4(), far, checksum=right, format="iso", work=TestWork()).checksum == right
