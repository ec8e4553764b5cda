"""The promises about what interrupted work leaves: all of it goes, and nothing of others. Every engine inherits them."""

from dataclasses import replace
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from imsconsole.core.errors import Conflict
from imsconsole.engine.api import Engine
from imsconsole.engine.types import GIB, MIB, DiskSpec, FileSource
from tests.engine.contract import nothing_in
from tests.engine.contract_transfer import Far, an_iso
from tests.engine.guests import Stopped, TestWork, server_spec, stop, stored_image, tiny_disk
from tests.engine.promises import Promises


def store(engine: Engine, place: Path, disk_id: UUID, work: TestWork) -> str:
    source = FileSource(tiny_disk(place / "discarded.raw"))
    return engine.ingest(disk_id, source, format="raw", work=work).ref


class DiscardContract(Promises):
    def test_what_work_left_of_a_thing_goes_whole_or_not(self, engine: Engine, place: Path) -> None:
        work, far = TestWork(), Far(an_iso())
        cut = TestWork(work.token, on_report=stop)
        ids = [uuid4() for _ in range(4)]
        store(engine, place, ids[0], work)
        engine.create_disk(ids[1], MIB, work=work)
        engine.create_server(replace(server_spec(), id=ids[2]), work=work)
        with pytest.raises(Stopped):
            engine.transfer(ids[3], far, checksum=far.checksum, format="iso", work=cut)
        assert not nothing_in(engine)
        for _ in range(2):
            engine.discard(ids, work.token, work=TestWork())
            assert nothing_in(engine)

    def test_every_attempt_of_the_work_is_meant(self, engine: Engine, place: Path) -> None:
        disk_id = uuid4()
        store(engine, place, disk_id, TestWork("job-1-store"))
        engine.discard([disk_id], "job-", work=TestWork())
        assert nothing_in(engine)

    def test_what_other_work_made_stays_under_the_same_id_too(self, engine: Engine, place: Path) -> None:
        work, spec, disk_id = TestWork(), server_spec(), uuid4()
        ref = store(engine, place, disk_id, work)
        disk = engine.create_disk(disk_id, MIB, work=work)
        server = engine.create_server(spec, work=work)
        engine.discard([disk_id, spec.id], "other", work=TestWork())
        there = engine.inventory()
        assert (there.stored, there.servers) == ({ref}, {server.ref})
        assert there.disks == {disk, server.disks[0].ref}

    def test_other_things_of_the_same_work_stay(self, engine: Engine, place: Path) -> None:
        work = TestWork()
        ref, disk = store(engine, place, uuid4(), work), engine.create_disk(uuid4(), MIB, work=work)
        engine.discard([uuid4()], work.token, work=TestWork())
        assert (engine.inventory().stored, engine.inventory().disks) == ({ref}, {disk})

    def test_a_new_system_disk_goes_and_the_former_one_and_its_server_stay(
        self, engine: Engine, place: Path
    ) -> None:
        image, work = stored_image(engine, place), TestWork()
        server = engine.create_server(server_spec(), image.ref, work=TestWork())
        changed = engine.switch_system_disk(server, DiskSpec(uuid4(), "", 0, GIB), image.ref, work=work)
        ids = [changed.disks[0].id, server.disks[0].id]
        engine.discard(ids, work.token, work=TestWork())
        assert changed.disks[0].ref in engine.inventory().disks  # it does not know where to look
        engine.discard(ids, work.token, server=server.id, work=TestWork())
        assert engine.inventory().disks == {server.disks[0].ref}

    @pytest.mark.guest
    def test_a_server_goes_that_runs_but_not_the_system_disk_it_runs_from(
        self, engine: Engine, place: Path
    ) -> None:
        image, made, changed = stored_image(engine, place), TestWork(), TestWork()
        server = engine.create_server(server_spec(), image.ref, work=made)
        server = engine.switch_system_disk(server, DiskSpec(uuid4(), "", 0, GIB), image.ref, work=changed)
        server = engine.start(server, work=TestWork())
        with pytest.raises(Conflict):
            engine.discard([server.disks[0].id], changed.token, server=server.id, work=TestWork())
        assert server.disks[0].ref in engine.inventory().disks
        engine.discard([server.id], made.token, work=TestWork())
        engine.delete(image.ref, work=TestWork())
        assert nothing_in(engine)
