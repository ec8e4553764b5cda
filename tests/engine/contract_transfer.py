"""The promises about disks that come from another region. Every engine inherits them."""

import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import BinaryIO
from uuid import uuid4

import pytest

from imsconsole.core.errors import BadImage, Unavailable
from imsconsole.engine.api import Engine
from imsconsole.engine.types import MIB
from tests.engine.contract import nothing_in
from tests.engine.guests import Stopped, TestWork, stop_at
from tests.engine.promises import Content, Promises, told


@dataclass
class Far:
    """Bytes elsewhere, which count how often each was asked for; `cut` ends a stream early."""

    bytes: bytes
    cut: Callable[[int], int] = lambda left: left
    read: int = 0
    opened: list[int] = field(default_factory=list)

    @property
    def size_bytes(self) -> int:
        return len(self.bytes)

    @property
    def checksum(self) -> str:
        return f"sha256:{hashlib.sha256(self.bytes).hexdigest()}"

    def open(self, offset: int = 0) -> BinaryIO:
        self.opened.append(offset)
        return _Counted(self, offset)


class _Counted(BytesIO):
    def __init__(self, far: Far, offset: int) -> None:
        super().__init__(far.bytes[offset : offset + far.cut(len(far.bytes) - offset)])
        self.far = far

    def read(self, size: int | None = -1) -> bytes:
        piece = super().read(size)
        self.far.read += len(piece)
        return piece


def an_iso() -> bytes:
    """Any bytes will do for an ISO; several pieces of them."""
    return os.urandom(4 * MIB) + b"some more" * MIB


def stopping_after(reports: int) -> TestWork:
    work = TestWork()

    def on_report() -> None:
        if len(work.reports) == reports:
            raise Stopped

    work.on_report = on_report
    return work


class TransferContract(Promises):
    def test_what_arrives_is_what_was_sent(self, engine: Engine, content: Content, place: Path) -> None:
        far, work = Far(an_iso()), TestWork()
        stored = engine.transfer(uuid4(), far, checksum=far.checksum, format="iso", work=work)
        assert content(stored.ref) == far.bytes
        assert (stored.checksum, stored.size_bytes) == (far.checksum, far.size_bytes)
        assert told(engine, work, far.size_bytes)
        assert not engine.inventory().scraps

    @pytest.mark.parametrize("reports", [1, 2, 3, 4])
    def test_it_goes_on_where_it_was_cut_and_reads_no_byte_twice(
        self, engine: Engine, content: Content, place: Path, reports: int
    ) -> None:
        far, disk_id, work = Far(an_iso()), uuid4(), stopping_after(reports)
        with pytest.raises(Stopped):
            engine.transfer(disk_id, far, checksum=far.checksum, format="iso", work=work)
        assert not engine.inventory().stored
        engine.sweep(work.token)
        stored = engine.transfer(disk_id, far, checksum=far.checksum, format="iso", work=TestWork())
        assert content(stored.ref) == far.bytes
        assert far.read == far.size_bytes or not engine.capabilities().resumable_transfer
        assert not engine.inventory().scraps

    def test_a_connection_that_is_cut_again_and_again_is_taken_up(
        self, engine: Engine, content: Content
    ) -> None:
        far = Far(an_iso(), cut=lambda left: min(left, 3 * MIB))
        stored = engine.transfer(uuid4(), far, checksum=far.checksum, format="iso", work=TestWork())
        assert content(stored.ref) == far.bytes
        assert far.read == far.size_bytes or not engine.capabilities().resumable_transfer

    @pytest.mark.slow(reason="a connection is tried again, ever later")
    def test_a_connection_that_stays_cut_is_told_and_what_came_is_kept(self, engine: Engine) -> None:
        far, disk_id, work = Far(an_iso()), uuid4(), TestWork()
        far.cut = lambda left: min(left, MIB) if left == far.size_bytes else 0
        with pytest.raises(Unavailable) as refusal:
            engine.transfer(disk_id, far, checksum=far.checksum, format="iso", work=work)
        assert (refusal.value.code, refusal.value.values["done"]) == ("transfer-cut", MIB)
        assert not engine.inventory().stored
        engine.discard([disk_id], work.token, work=TestWork())
        assert nothing_in(engine)

    def test_a_flipped_byte_is_found_at_the_far_end_and_nothing_is_kept(self, engine: Engine) -> None:
        far = Far(an_iso())
        checksum = far.checksum
        far.bytes = far.bytes[:-1] + b"X"
        with pytest.raises(BadImage) as refusal:
            engine.transfer(uuid4(), far, checksum=checksum, format="iso", work=TestWork())
        assert refusal.value.code == "transfer-differs"
        assert nothing_in(engine)

    def test_a_part_that_suffered_meanwhile_is_brought_once_more(
        self, engine: Engine, content: Content
    ) -> None:
        far, disk_id = Far(an_iso()), uuid4()
        other = Far(bytes(far.size_bytes))
        with pytest.raises(Stopped):
            engine.transfer(disk_id, other, checksum=far.checksum, format="iso", work=stopping_after(1))
        stored = engine.transfer(disk_id, far, checksum=far.checksum, format="iso", work=TestWork())
        assert content(stored.ref) == far.bytes

    @pytest.mark.parametrize("number", [1, 2])
    def test_a_transfer_that_was_taken_over_is_ended_by_its_successor(
        self, engine: Engine, number: int
    ) -> None:
        far, disk_id = Far(an_iso()), uuid4()
        with pytest.raises(Stopped):
            engine.transfer(
                disk_id, far, checksum=far.checksum, format="iso", work=TestWork(on_hold=stop_at(number))
            )
        assert not engine.inventory().stored
        stored = engine.transfer(disk_id, far, checksum=far.checksum, format="iso", work=TestWork())
        again = engine.transfer(disk_id, far, checksum=far.checksum, format="iso", work=TestWork())
        assert engine.inventory().stored == {again.ref}
        assert stored.checksum == again.checksum
        assert not engine.inventory().scraps

    def test_late_work_that_still_writes_does_not_touch_what_its_successor_brings(
        self, engine: Engine, content: Content
    ) -> None:
        far, disk_id = Far(an_iso()), uuid4()
        late, kept = TestWork(), []

        def overtaken() -> None:
            if len(late.reports) == 1:
                kept.append(
                    engine.transfer(disk_id, far, checksum=far.checksum, format="iso", work=TestWork())
                )
            if len(late.reports) == 3:
                raise Stopped

        late.on_report = overtaken
        with pytest.raises(Stopped):
            engine.transfer(disk_id, far, checksum=far.checksum, format="iso", work=late)
        assert engine.inventory().stored == {kept[0].ref}
        assert content(kept[0].ref) == far.bytes
