"""Change OS, reinstall, undo and deleting the former disk survive every death of their worker.

Whatever happens the old system or the new one can be started, never neither, and nothing is left over.
"""

from typing import Any

import pytest
from django.db import transaction

from images.change_os.services import change_os, reinstall_os
from images.verify.store_check import differences
from imsconsole.cloud.models import Disk, Server
from imsconsole.cloud.servers.specs import server_spec, write_refs
from imsconsole.cloud.system_disk.jobs import ChangeOs, DeleteKeptDisk, ReinstallOs, UndoChangeOs
from imsconsole.cloud.system_disk.services import delete_kept_disk, undo_change_os
from imsconsole.engine.types import Unwatched
from imsconsole.jobs.models import Job
from tests.cloud.conftest import _short_stop, engine  # noqa: F401
from tests.cloud.servers.machines import bootable_image, files_of, order
from tests.engine.guests import state_of, wait_for, wait_until
from tests.support.engines import only
from tests.support.workers import kill_at_every_step, run_jobs

pytestmark = [
    pytest.mark.slow(reason="a new worker dies at every point"),
    pytest.mark.guest,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("on_each_engine"),
]
OLD, NEW = "OLD SYSTEM", "NEW SYSTEM"
LOGIN = {"user_data": "#!/bin/sh\n", "stop_first": True}


class Exchanges:
    """One server for all attempts, and what must hold after each."""

    def __init__(self, actor, engine, boot_mode: str = "bios") -> None:  # noqa: F811
        self.actor, self.engine, self.waits = actor, engine, True
        self.old = bootable_image(actor, word=OLD, boot_mode=boot_mode)
        self.new = bootable_image(actor, word=NEW, boot_mode=boot_mode)
        (self.server,) = order(actor, self.old)
        run_jobs()

    def change(self) -> None:
        change_os(self.server, image=self.new, actor=self.actor, **LOGIN)
        run_jobs()

    def live(self) -> Job:
        return Job.objects.live().about(self.server.pk).get()

    def forget_kept(self) -> None:
        """Attempts do not pile up disks."""
        for disk in self.server.disks.kept():
            self.engine.delete_disk(disk.ref, work=Unwatched())
            Disk.objects.filter(pk=disk.pk).delete()

    def check(self, job: Job) -> None:
        """The row, the disk and the process say the same."""
        server = Server.objects.get(pk=self.server.pk)
        done = job.state == Job.State.DONE
        assert server.status == ("running" if done else "stopped"), server.status_sentence
        assert server.usage.filter(ended_at=None).count() == 1
        assert server.usage.get(ended_at=None).image_id == server.image_id
        system = server.disks.attached().get(index=0)
        assert system.image_id == server.image_id
        assert {system.ref, *(disk.ref for disk in server.disks.kept())} | {server.ref} == set(
            files_of(server)
        )
        assert list(differences()) == []
        if done and self.waits:
            self.wait_for_word(server)
        elif not done:
            self._try_it(server)

    def wait_for_word(self, server: Server) -> None:
        """Of the system that it has."""
        word = self._word_of(server)
        wait_until(lambda: self.engine.console_log(server.ref).rstrip().endswith(word))

    def _word_of(self, server: Server) -> str:
        return OLD if server.image_id == self.old.pk else NEW

    def _try_it(self, server: Server) -> None:
        """What was put back can be started."""
        before = state_of(self.engine, server.ref).console
        started = self.engine.start(server_spec(server), work=Unwatched())
        with transaction.atomic():
            write_refs(started)
        wait_for(self.engine, started.ref, self._word_of(server), after=before)
        self.engine.stop(started.ref, graceful_s=0, work=Unwatched())


@pytest.fixture
def exchanges(people, engine) -> Exchanges:  # noqa: F811
    return Exchanges(people.bob, engine)


def test_a_change_of_os(exchanges) -> None:
    def start() -> Job:
        exchanges.forget_kept()
        server = Server.objects.get(pk=exchanges.server.pk)
        other = exchanges.new if server.image_id == exchanges.old.pk else exchanges.old
        change_os(server, image=other, actor=exchanges.actor, **LOGIN)
        return exchanges.live()

    points = kill_at_every_step(ChangeOs, start, exchanges.check)
    assert {point.split(":")[1] for point in points} >= {"stop", "switch", "start"}


@only("local")
def test_a_reinstallation(exchanges) -> None:
    """Its steps are those of a change of OS: here the system is the same again, with a new disk."""

    def start() -> Job:
        exchanges.forget_kept()
        server = Server.objects.get(pk=exchanges.server.pk)
        reinstall_os(server, actor=exchanges.actor, **LOGIN)
        return exchanges.live()

    kill_at_every_step(ReinstallOs, start, exchanges.check, where="do:switch:fenced|undo:start:fenced:[12]$")


def test_an_undo(exchanges) -> None:
    """It stops and starts as a change of OS does."""
    exchanges.change()
    points = _undone_at_each_point(exchanges, own="do:switch|undo:")
    assert {point.split(":")[1] for point in points} >= {"stop", "switch", "start"}


@only("local")  # which keeps it
def test_an_undo_of_a_system_that_boots_by_uefi(people, engine, monkeypatch) -> None:  # noqa: F811
    """What the firmware keeps stays with its system, whoever dies where the two are exchanged; each way is the same verb."""
    with monkeypatch.context() as without:
        without.setattr("imsconsole.engine.local.probe.QEMU", "no-such-qemu")  # firmware takes its time
        exchanges = Exchanges(people.bob, engine, "uefi")
        exchanges.change()
    exchanges.waits = False  # but for the last
    _undone_at_each_point(exchanges, where="do:switch:fenced", undo=False)
    for disk in exchanges.server.disks.all():
        assert engine._store.disk(disk.ref).with_name("vars.fd").exists()
    exchanges.wait_for_word(Server.objects.get())


def _undone_at_each_point(exchanges: Exchanges, **narrowed: Any) -> list[str]:
    def start() -> Job:
        undo_change_os(exchanges.server.disks.kept().get(), actor=exchanges.actor)
        return exchanges.live()

    return kill_at_every_step(UndoChangeOs, start, exchanges.check, **narrowed)


def test_a_deletion_of_the_former_disk(exchanges) -> None:
    def start() -> Job:
        server = Server.objects.get(pk=exchanges.server.pk)
        reinstall_os(server, actor=exchanges.actor, **LOGIN)
        run_jobs()
        disk = delete_kept_disk(server.disks.kept().get(), actor=exchanges.actor)
        return Job.objects.live().about(disk.pk).get()

    def check(job: Job) -> None:
        assert Disk.objects.get(pk=job.subject_id).status == "deleted"
        assert list(differences()) == []

    kill_at_every_step(DeleteKeptDisk, start, check, undo=False)
