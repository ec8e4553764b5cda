"""Workers die and sleep at every step of work on a real cloud: one thing is left, none is paused, nothing is orphaned.

At one point in each step of each kind of work; with `SWEEP=all` at every one of them.
"""

from types import SimpleNamespace
from typing import Any

import pytest

from images.capture.jobs import CaptureImage
from images.capture.services import capture_server
from images.change_os.services import change_os
from images.copy.jobs_across import CopyImageAcross
from images.copy.services import copy_image_across
from images.models import Image
from images.verify.store_check import differences
from imsconsole.cloud.backups.jobs_restore import RestoreBackup
from imsconsole.cloud.backups.services import create_backup, restore_backup
from imsconsole.cloud.engines import engine_for, engine_of
from imsconsole.cloud.models import Disk, Server
from imsconsole.cloud.servers.jobs import CreateServer, DeleteServer, StartServer
from imsconsole.cloud.servers.services import delete_server, start_server, stop_server
from imsconsole.cloud.system_disk.jobs import ChangeOs, UndoChangeOs
from imsconsole.cloud.system_disk.services import undo_change_os
from imsconsole.engine.api import Engine
from imsconsole.engine.types import Unwatched
from imsconsole.jobs.models import Job
from tests.cloud.conftest import _short_stop, empty, engine  # noqa: F401
from tests.cloud.servers.machines import REGION, bootable_image, order
from tests.engine.guests import TestWork, state_of, wait_for
from tests.factories import AgencyFactory, ProjectFactory, VaultFactory
from tests.openstack.regions import FAR, far_region
from tests.openstack.seen import OTHER, assert_at_rest, assert_in_place, everywhere, mark_of, ours
from tests.support.engines import only
from tests.support.workers import kill_at_every_step, run_jobs

pytestmark = [
    pytest.mark.cloud,
    pytest.mark.guest,
    pytest.mark.slow(reason="a new worker dies at every point, on a real cloud"),
    pytest.mark.thorough,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("untouched", "on_each_engine", "engine"),
    only("openstack"),
]
OLD, NEW = "OLD SYSTEM", "NEW SYSTEM"
LOGIN: dict[str, Any] = {"user_data": "#!/bin/sh\n", "stop_first": True}


def assert_whole() -> None:
    """Rows and cloud agree, by the console's own check and past its engine: one thing under each ID, all of them at rest."""
    assert list(differences()) == []
    assert_at_rest(REGION)
    assert_in_place(REGION)
    there = everywhere(REGION)
    servers = Server.objects.existing().exclude(ref="")
    disks = Disk.objects.existing().filter(project__region=REGION).exclude(ref="")
    assert ids(there["volumes"]) == sorted(str(each.pk) for each in disks)
    assert ids(there["ports"]) == sorted(str(each.pk) for each in servers)
    machines = ids(there["machines"])
    assert len(machines) == len(set(machines))
    assert set(machines) <= {str(each.pk) for each in servers}


def ids(things: list[Any]) -> list[str]:
    """Our IDs, by their marks."""
    return sorted(mark_of(each)["ims_id"] for each in things)


def says(server: Server, word: str) -> None:
    server.refresh_from_db()
    assert server.status == "running", server.status_sentence
    engine = engine_of(server)  # noqa: F811
    assert state_of(engine, server.ref).power == "running"
    wait_for(engine, server.ref, word)


def running(actor: Any, word: str = OLD, **wanted: Any) -> Server:
    (server,) = order(actor, bootable_image(actor, word=word), **wanted)
    run_jobs()
    server.refresh_from_db()
    assert server.status == "running", server.status_sentence
    return server


def test_a_creation(people: SimpleNamespace, home: str) -> None:
    image = bootable_image(people.bob, word=OLD)

    def start() -> Job:
        (server,) = order(people.bob, image, data_disks_gb=(1,))
        return Job.objects.live().about(server.pk).get()

    def check(job: Job) -> None:
        server = Server.objects.get(pk=job.subject_id)
        if job.state == Job.State.DONE:
            says(server, OLD)
        else:
            assert server.status == "failed"
        assert_whole()

    def clear(job: Job) -> None:
        delete_server(Server.objects.get(pk=job.subject_id), delete_disks=True, actor=people.bob)
        run_jobs()

    points = kill_at_every_step(CreateServer, start, check, clear)
    assert {point.split(":")[1] for point in points} >= {"disks", "machine", "start"}


def test_a_start(people: SimpleNamespace) -> None:
    server = running(people.bob)

    def start() -> Job:
        server.refresh_from_db()
        if server.status == "running":
            stop_server(server, actor=people.bob)
            run_jobs()
        start_server(server, actor=people.bob)
        return Job.objects.live().about(server.pk).get()

    def check(job: Job) -> None:
        says(server, OLD)
        assert_whole()

    kill_at_every_step(StartServer, start, check, undo=False)


class Exchanges:
    """One server for all attempts at its system disk, and what must hold after each."""

    def __init__(self, actor: Any, engine: Engine) -> None:  # noqa: F811
        self.actor, self.engine = actor, engine
        self.server = running(actor, data_disks_gb=(1,))
        self.old, self.new = self.server.image, bootable_image(actor, word=NEW)
        assert self.old is not None
        self.address = self.server.mac, self.server.private_ip
        self.data = self.server.disks.get(role="data").ref

    def live(self) -> Job:
        return Job.objects.live().about(self.server.pk).get()

    def forget_kept(self) -> None:
        for disk in self.server.disks.kept():
            self.engine.delete_disk(disk.ref, work=Unwatched())
            Disk.objects.filter(pk=disk.pk).delete()

    def change(self) -> None:
        self.server.refresh_from_db()
        other = self.new if self.server.image_id == self.old.pk else self.old
        change_os(self.server, image=other, actor=self.actor, **LOGIN)

    def check(self, job: Job) -> None:
        server = self.server = Server.objects.get(pk=self.server.pk)
        word = OLD if server.image_id == self.old.pk else NEW
        if server.status != "running":  # what was put back can be started
            assert (job.state == Job.State.DONE, server.status) == (False, "stopped"), server.status_sentence
            start_server(server, actor=self.actor)
            run_jobs()
        says(server, word)
        assert (server.mac, server.private_ip) == self.address
        assert server.disks.get(role="data").ref == self.data
        assert_whole()


def test_a_change_of_os(people: SimpleNamespace, engine: Engine) -> None:  # noqa: F811
    exchanges = Exchanges(people.bob, engine)

    def start() -> Job:
        exchanges.forget_kept()
        exchanges.change()
        return exchanges.live()

    points = kill_at_every_step(ChangeOs, start, exchanges.check)
    assert {point.split(":")[1] for point in points} >= {"stop", "switch", "start"}


def test_an_undo(people: SimpleNamespace, engine: Engine) -> None:  # noqa: F811
    exchanges = Exchanges(people.bob, engine)
    exchanges.change()
    run_jobs()

    def start() -> Job:
        undo_change_os(exchanges.server.disks.kept().get(), actor=exchanges.actor)
        return exchanges.live()

    kill_at_every_step(UndoChangeOs, start, exchanges.check)


def test_a_capture_of_a_running_server(people: SimpleNamespace, engine: Engine, home: str) -> None:  # noqa: F811
    server = running(people.bob, data_disks_gb=(1,))

    def start() -> Job:
        capture_server(server, name=f"image {Image.objects.count()}", actor=people.bob)
        return Job.objects.live().get()

    def check(job: Job) -> None:
        done = job.state == Job.State.DONE
        images = Image.objects.filter(pk__in=list(job.args["images"]))
        assert {image.status for image in images} == {"active" if done else "killed"}
        for image in images if done else ():
            for disk in image.disks.all():
                assert engine.verify(disk.ref, disk.checksum, work=TestWork())
        says(server, OLD)
        assert_whole()

    points = kill_at_every_step(CaptureImage, start, check)
    assert {point.split(":")[1] for point in points} >= {"capture", "register"}


def test_a_backup_and_its_restoration(people: SimpleNamespace, engine: Engine) -> None:  # noqa: F811
    server = running(people.bob, data_disks_gb=(1,))
    vault = VaultFactory(project=people.bob.project, capacity_gb=1000)
    backup = create_backup(server, vault=vault, name="first", actor=people.bob)
    run_jobs()

    def start() -> Job:
        for disk in Disk.objects.existing().exclude(pk__in=server.disks.attached()):
            engine.delete_disk(disk.ref, work=Unwatched())
            disk.delete()
        server.refresh_from_db()
        restore_backup(backup, stop_first=server.status == "running", actor=people.bob)
        return Job.objects.live().about(server.pk).get()

    def check(job: Job) -> None:
        server.refresh_from_db()
        if server.status != "running":
            assert (job.state == Job.State.DONE, server.status) == (False, "stopped"), server.status_sentence
            start_server(server, actor=people.bob)
            run_jobs()
        says(server, OLD)
        assert_whole()

    kill_at_every_step(RestoreBackup, start, check)


def test_a_deletion(people: SimpleNamespace) -> None:
    image = bootable_image(people.bob, word=OLD)

    def start() -> Job:
        (server,) = order(people.bob, image, data_disks_gb=(1,))
        run_jobs()
        delete_server(server, delete_disks=True, actor=people.bob)
        return Job.objects.live().about(server.pk).get()

    def check(job: Job) -> None:
        server = Server.objects.get(pk=job.subject_id)
        assert server.status == "deleted"
        assert set(server.disks.values_list("status", flat=True)) == {"deleted"}
        assert_whole()
        there = ours(REGION)
        assert not there["volumes"] + there["ports"] + there["machines"]

    kill_at_every_step(DeleteServer, start, check, undo=False)


def test_a_copy_to_another_cloud(people: SimpleNamespace) -> None:
    source = bootable_image(people.bob)
    target = ProjectFactory(account=people.bob.account, region=far_region(), name="far")
    AgencyFactory(project=target, grantee=people.bob.project)
    try:
        _copied_at_every_step(people.bob, source, target)
    finally:
        empty(engine_for(FAR))


def _copied_at_every_step(actor: Any, source: Image, target: Any) -> None:
    wanted = source.disks.get().checksum

    def start() -> Job:
        copy = copy_image_across(source, target=target, name=f"copy {Image.objects.count()}", actor=actor)
        return Job.objects.live().about(copy.pk).get()

    def check(job: Job) -> None:
        copy = Image.objects.get(pk=job.subject_id)
        done = job.state == Job.State.DONE
        assert copy.status == ("active" if done else "killed")
        assert [disk.checksum for disk in copy.disks.all()] == ([wanted] if done else [])
        there = [str(disk.pk) for image in Image.objects.filter(region=FAR) for disk in image.disks.all()]
        assert ids(ours(FAR, OTHER)["images"]) == sorted(there)
        assert list(differences()) == []

    kill_at_every_step(CopyImageAcross, start, check)
