"""The promises about whose things are and how they are found again. Every engine inherits them."""

from dataclasses import replace
from pathlib import Path
from uuid import uuid4

from imsconsole.engine.api import Engine
from imsconsole.engine.types import MIB, Kind
from tests.engine.contract_discard import store
from tests.engine.guests import TestWork, server_spec


class IdentityContract:
    """Subclasses give the fixtures `engine` and `place`."""

    def test_a_thing_is_found_under_its_id_and_as_what_it_is(self, engine: Engine, place: Path) -> None:
        one = uuid4()  # several things may have one ID, each of its kind
        stored = store(engine, place, one, TestWork())
        disk = engine.create_disk(one, MIB, work=TestWork())
        server = engine.create_server(replace(server_spec(), id=one), stored, work=TestWork())
        assert engine.find(Kind.STORED, one) == (stored,)
        assert engine.find(Kind.DISK, one) == (disk,)
        assert engine.find(Kind.SERVER, one) == (server.ref,)
        assert engine.find(Kind.DISK, server.disks[0].id) == (server.disks[0].ref,)
        for kind in Kind:
            assert engine.find(kind, uuid4()) == ()

    def test_what_is_gone_is_not_found(self, engine: Engine, place: Path) -> None:
        one = uuid4()
        engine.delete(store(engine, place, one, TestWork()), work=TestWork())
        engine.delete_disk(engine.create_disk(one, MIB, work=TestWork()), work=TestWork())
        server = engine.create_server(replace(server_spec(), id=one), work=TestWork())
        engine.delete_server(server.ref, work=TestWork())
        assert [engine.find(kind, one) for kind in Kind] == [()] * 3
        assert engine.find(Kind.DISK, server.disks[0].id) == ()

    def test_each_thing_is_marked_with_its_id_and_its_work(self, engine: Engine, place: Path) -> None:
        work, spec, ids = TestWork(), server_spec(), [uuid4(), uuid4()]
        refs = [store(engine, place, ids[0], work), engine.create_disk(ids[1], MIB, work=work)]
        server = engine.create_server(spec, work=work)
        marks = engine.inventory().marks
        assert {ref: marks[ref].id for ref in refs} == dict(zip(refs, ids, strict=True))
        assert {marks[ref].token for ref in (*refs, server.disks[0].ref)} == {work.token}
        assert marks[server.ref].id == spec.id
        assert marks[server.disks[0].ref].id == spec.disks[0].id
        assert len(marks) == 4
