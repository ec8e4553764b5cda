"""One piece of long work of every kind, begun as its service begins it: for what must hold for all of them."""

import hashlib
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

from images.capture.full.jobs import CaptureFull, MakeOfBackup
from images.capture.full.services import capture_full, make_of_backup
from images.capture.jobs import CaptureImage
from images.capture.services import capture_data_disks
from images.change_os.services import change_os, reinstall_os
from images.copy.jobs import CopyImage
from images.copy.jobs_across import CopyImageAcross
from images.copy.services import copy_image, copy_image_across
from images.create.from_object.jobs import TakeObject
from images.create.from_object.services import take_object
from images.create.jobs import ImportImage
from images.delete.clock import finish_deletions
from images.delete.jobs import DeleteImage
from images.delete.services import delete_image, purge_image
from images.download.jobs import PrepareDownload
from images.download.services import prepare_download
from images.export.jobs import ExportImage, exported_object
from images.export.services import export_image
from images.fetch.jobs import FetchFile
from images.fetch.services import fetch_url
from images.models import Download, Image, PublicSource, Upload
from images.mount.services import mount_iso
from images.public.jobs import FetchPublicImage
from images.public.platform import platform_actor
from images.public.services import fetch_public_image
from images.resize.services import resize_server
from images.uploads.jobs import ExamineUpload
from images.uploads.services import examine_upload, start_upload
from images.verify.jobs import VerifyImage, VerifyStored
from images.verify.services import verify_image
from images.verify.store_check import differences
from imsconsole.accounts.actor import Actor, Operator, service_actor
from imsconsole.accounts.models import Account, Agency, Project
from imsconsole.cloud.backups.jobs import DeleteBackup
from imsconsole.cloud.backups.jobs_create import CreateBackup
from imsconsole.cloud.backups.jobs_restore import RestoreBackup
from imsconsole.cloud.backups.services import create_backup, delete_backup, restore_backup
from imsconsole.cloud.backups.vaults.services import create_vault
from imsconsole.cloud.buckets.store import open_object
from imsconsole.cloud.disks.jobs import AttachDisk, CreateDisk, DeleteDisk, DetachDisk, GrowDisk
from imsconsole.cloud.disks.rules import WORKING
from imsconsole.cloud.disks.services import attach_disk, create_disk, delete_disk, detach_disk, grow_disk
from imsconsole.cloud.engines import engine_for
from imsconsole.cloud.keys.default import default_key
from imsconsole.cloud.models import Backup, Bucket, BucketObject, Disk, Server, StoredBytes, Vault
from imsconsole.cloud.servers.jobs import (
    CreateServer,
    DeleteServer,
    RebootServer,
    ResizeServer,
    StartServer,
    StopServer,
)
from imsconsole.cloud.servers.reconcile import reconcile_all
from imsconsole.cloud.servers.services import delete_server, reboot_server, start_server, stop_server
from imsconsole.cloud.system_disk.jobs import ChangeOs, DeleteKeptDisk, ReinstallOs, UndoChangeOs
from imsconsole.cloud.system_disk.services import delete_kept_disk, undo_change_os
from imsconsole.cloud.tray.jobs import EjectIso, MountIso
from imsconsole.cloud.tray.services import eject_iso
from imsconsole.console_backup.begin import begin_backup
from imsconsole.console_backup.jobs import BackUpConsole
from imsconsole.console_backup.manifest import read_manifest
from imsconsole.console_backup.restore import require_files
from imsconsole.console_backup.where import place_at
from imsconsole.demo.images import build_image
from imsconsole.demo.jobs import BuildDemoImage
from imsconsole.engine.types import Unwatched
from imsconsole.jobs.kinds import JobKind
from imsconsole.jobs.models import Job
from imsconsole.jobs.start import start_job
from market.listings.jobs import PublishListing, ScanListing
from market.listings.services import submit_version
from market.models import ListingVersion
from market.review.services import approve_version
from sharing.ending.copies.jobs import GiveCopy
from sharing.ending.copies.services import give_copy
from tests import factories
from tests.cloud.backups.making import stored_backup
from tests.cloud.buckets.making import bytes_elsewhere
from tests.cloud.buckets.making import stored as stored_object
from tests.cloud.servers.machines import REGION, bootable_image, iso_image, order, tiny_flavor
from tests.engine.guests import TestWork
from tests.factories import BucketFactory
from tests.images.create.importing import imported, make_disks
from tests.images.public.conftest import publish
from tests.market.selling import a_draft, in_review
from tests.support.file_server import Server as Publisher
from tests.support.workers import run_jobs

LOGIN = {"user_data": "#!/bin/sh\n", "stop_first": True}


class Works:
    """Begins them for `actor`. Servers are made once and brought back into the state a work begins in."""

    def __init__(self, actor: Actor, folder: Path, publisher: Publisher) -> None:
        self.actor, self.publisher = actor, publisher
        self.disk = make_disks(folder) / "disk.qcow2"
        self._count = 0
        self._server: Server | None = None
        self._images: list[Image] = []
        self._secret: Image | None = None
        self._iso: Image | None = None

    def begin(self, kind: type[JobKind]) -> Job:
        """A new piece of work of that kind, waiting."""
        self._count += 1
        subject = BEGINNINGS[kind](self)
        return Job.objects.live().get(kind=kind.kind, subject_id=subject.pk)

    # images
    def import_image(self) -> Image:
        return imported(self.actor, self.disk, name=f"imported-{self._count}").image

    def take_object(self) -> Upload:
        """As if the bytes lay elsewhere: else no job takes them."""
        bucket = BucketFactory(project=self.actor.project)
        made = stored_object(bucket, self.actor, "disk.qcow2", self.disk.read_bytes())
        with bytes_elsewhere():
            return take_object(made, actor=self.actor)

    def examine_upload(self) -> Upload:
        """As if it had come by way of several hosts."""
        size_bytes = self.disk.stat().st_size
        upload = start_upload(name="disk.qcow2", size_bytes=size_bytes, actor=self.actor, is_resumable=True)
        shutil.copyfile(self.disk, upload.path)
        return examine_upload(upload, received_bytes=size_bytes, actor=self.actor)

    def fetch_url(self) -> Upload:
        """Of the publisher, whom users may reach."""
        return fetch_url(self.publisher.url("/one.qcow2"), actor=self.actor)

    def build_image(self) -> Image:
        """The cache is filled by the fixture that makes these works."""
        return build_image(
            name=f"built-{self._count}",
            identity="any",
            boot_mode="bios",
            region=self.actor.region,
            actor=self.actor,
        )

    def copy_image(self) -> Image:
        """Decrypted, so that its bytes are written anew; to encrypt takes seconds each time."""
        if self._secret is None:
            self._secret = bootable_image(self.actor, key=default_key(self.actor))
        return copy_image(self._secret, name=f"copy-{self._count}", actor=self.actor)

    def copy_image_across(self) -> Image:
        """To a project of the account in another region, which has given an agency."""
        region = factories.RegionFactory(code="cn-east-3", name="CN East-Shanghai1")
        target = Project.objects.filter(account=self.actor.account, region=region).first()
        target = target or factories.ProjectFactory(account=self.actor.account, region=region)
        Agency.objects.get_or_create(project=target, grantee=self.actor.project)
        return copy_image_across(self.images()[0], target=target, name=f"far-{self._count}", actor=self.actor)

    def give_copy(self) -> Image:
        """Of another project's image, which the actor's has accepted."""
        owner = service_actor(factories.ProjectFactory(region=self.actor.region))
        share = factories.ShareFactory(
            image=bootable_image(owner), project=self.actor.project, status="accepted"
        )
        copy = give_copy(share, actor=owner).copy
        assert copy is not None
        return copy

    def delete_image(self) -> Image:
        return purge_image(delete_image(bootable_image(self.actor), actor=self.actor), actor=self.actor)

    def export_image(self) -> Image:
        image = bootable_image(self.actor)
        bucket = Bucket.objects.filter(project=self.actor.project).first() or BucketFactory(
            project=self.actor.project
        )
        key = f"exports/disk-{self._count}.vmdk"
        return export_image(image, bucket=bucket, key=key, format="vmdk", actor=self.actor)

    def prepare_download(self) -> Download:
        return prepare_download(bootable_image(self.actor), format="vmdk", actor=self.actor)

    def capture_image(self) -> Image:
        """Of a disk that no server has. With guests: images/test_capture_kills."""
        names = {self.free_disk().pk: f"captured-{self._count}"}
        return capture_data_disks(names, actor=self.actor)[0]

    def verify_image(self) -> Image:
        return verify_image(bootable_image(self.actor), actor=self.actor)

    def verify_stored(self) -> StoredBytes:
        """What the clock starts."""
        stored = bootable_image(self.actor).disks.get().stored
        start_job(VerifyStored, stored, actor=platform_actor(), stored=[str(stored.pk)])
        return stored

    def back_up_console(self) -> Account:
        begin_backup(str(self.disk.parent / "backups"), 2)
        return platform_actor().project.account

    def fetch_image(self) -> PublicSource:
        """Always a new one of its publisher."""
        publish(self.publisher, self.disk.read_bytes() + bytes(512 * self._count))
        return fetch_public_image(key="one", actor=platform_actor())

    # listings
    def scan_listing(self) -> ListingVersion:
        return submit_version(a_draft(self.actor), actor=self.actor)

    def publish_listing(self) -> ListingVersion:
        """To its own region and to another one."""
        image = bootable_image(self.actor)
        far = factories.RegionFactory(code="cn-east-3", name="CN East-Shanghai1")
        version = in_review(self.actor, image, regions=[image.region, far])
        return approve_version(version, actor=Operator(factories.UserFactory(is_staff=True)))

    # servers
    def images(self) -> list[Image]:
        """Two to change between."""
        self._images = self._images or [bootable_image(self.actor, word=word) for word in ("OLD", "NEW")]
        return self._images

    def server(self, status: str) -> Server:
        """The one server, in that state."""
        if self._server is None:
            self._server = order(self.actor, self.images()[0])[0]
            run_jobs()
        server = Server.objects.get(pk=self._server.pk)
        if server.status != status:
            (start_server if status == "running" else stop_server)(server, actor=self.actor)
            run_jobs()
            server.refresh_from_db()
        assert server.status == status, server.status_sentence
        return server

    def create_server(self) -> Server:
        return order(self.actor, self.images()[0], name=f"web-{self._count}", data_disks_gb=(1,))[0]

    def start_server(self) -> Server:
        return start_server(self.server("stopped"), actor=self.actor)

    def stop_server(self) -> Server:
        return stop_server(self.server("running"), actor=self.actor)

    def reboot_server(self) -> Server:
        return reboot_server(self.server("running"), actor=self.actor)

    def resize_server(self) -> Server:
        """The running server, from the flavor it has to the other one."""
        server = self.server("running")
        other = factories.FlavorFactory(name="t6-large-2", series="t6", vcpus=2, memory_mb=96)
        flavor = tiny_flavor() if server.flavor == other else other
        return resize_server(server, flavor=flavor, stop_first=True, actor=self.actor)

    def mount_iso(self) -> Server:
        """On the running server."""
        server = self.server("running")
        self._iso = self._iso or iso_image(self.actor)
        return mount_iso(server, image=self._iso, actor=self.actor)

    def eject_iso(self) -> Server:
        server = self.mount_iso()
        run_jobs()
        return eject_iso(server, actor=self.actor)

    def delete_server(self) -> Server:
        server = self.create_server()
        run_jobs()
        return delete_server(Server.objects.get(pk=server.pk), delete_disks=True, actor=self.actor)

    def change_os(self) -> Server:
        server = self.server("running")
        self.forget_kept(server)
        other = next(image for image in self.images() if image.pk != server.image_id)
        return change_os(server, image=other, actor=self.actor, **LOGIN)

    def reinstall_os(self) -> Server:
        server = self.server("running")
        self.forget_kept(server)
        return reinstall_os(server, actor=self.actor, **LOGIN)

    def undo_change_os(self) -> Server:
        return undo_change_os(self.kept_disk(), actor=self.actor)

    def delete_kept_disk(self) -> Disk:
        return delete_kept_disk(self.kept_disk(), actor=self.actor)

    # backups
    def create_backup(self) -> Backup:
        """Of the running server."""
        return create_backup(
            self.server("running"), vault=self.vault(), name=f"backup-{self._count}", actor=self.actor
        )

    def restore_backup(self) -> Server:
        """To the running server. What a restoration before left is forgotten."""
        server = self.server("running")
        self.forget_kept(server)
        backup = Backup.objects.filter(server_id=server.pk, status="available").first()
        if backup is None:
            backup = self.create_backup()
            run_jobs()
        return restore_backup(backup, stop_first=True, actor=self.actor)

    def capture_full(self) -> Image:
        """Of the running server."""
        return capture_full(
            self.server("running"), vault=self.vault(), name=f"full-{self._count}", actor=self.actor
        )

    def make_of_backup(self) -> Image:
        backup = stored_backup(self.actor, vault=self.vault())
        return make_of_backup(backup, name=f"of-backup-{self._count}", actor=self.actor)

    def vault(self) -> Vault:
        existing = Vault.objects.visible_to(self.actor).first()
        return existing or create_vault(name="works", capacity_gb=1000, actor=self.actor)

    def delete_backup(self) -> Backup:
        return delete_backup(stored_backup(self.actor), actor=self.actor)

    # disks
    def create_disk(self) -> Disk:
        zone = self.actor.region.zones.earliest("code")
        return create_disk(name=f"disk-{self._count}", size_gb=1, zone=zone, actor=self.actor)

    def free_disk(self) -> Disk:
        disk = self.create_disk()
        run_jobs()
        return disk

    def delete_disk(self) -> Disk:
        return delete_disk(self.free_disk(), actor=self.actor)

    def attach_disk(self) -> Server:
        """To the stopped server, which has no other: the tests' guests never let go of one again."""
        server = self.server("stopped")
        for other in server.disks.attached().filter(role=Disk.Role.DATA):
            detach_disk(other, actor=self.actor)
            run_jobs()
        attach_disk(self.free_disk(), server=server, actor=self.actor)
        return server

    def detach_disk(self) -> Server:
        server = self.attach_disk()
        run_jobs()
        detach_disk(server.disks.attached().get(role=Disk.Role.DATA), actor=self.actor)
        return server

    def grow_disk(self) -> Server:
        """The system disk of the running server."""
        server = self.server("running")
        disk = server.disks.attached().get(role=Disk.Role.SYSTEM)
        grow_disk(disk, size_gb=disk.size_gb + 1, actor=self.actor)
        return server

    def kept_disk(self) -> Disk:
        """A former system disk of the running server."""
        server = self.server("running")
        if not server.disks.kept().exists():
            self.change_os()
            run_jobs()
        return server.disks.kept().get()

    def forget_kept(self, server: Server) -> None:
        for disk in server.disks.kept():
            engine_for(REGION).delete_disk(disk.ref, work=Unwatched())
            Disk.objects.filter(pk=disk.pk).delete()


BEGINNINGS: dict[type[JobKind], Any] = {
    ImportImage: Works.import_image,
    TakeObject: Works.take_object,
    FetchFile: Works.fetch_url,
    ExamineUpload: Works.examine_upload,
    BuildDemoImage: Works.build_image,
    FetchPublicImage: Works.fetch_image,
    CopyImage: Works.copy_image,
    CopyImageAcross: Works.copy_image_across,
    GiveCopy: Works.give_copy,
    DeleteImage: Works.delete_image,
    VerifyImage: Works.verify_image,
    VerifyStored: Works.verify_stored,
    BackUpConsole: Works.back_up_console,
    ExportImage: Works.export_image,
    PrepareDownload: Works.prepare_download,
    CaptureImage: Works.capture_image,
    ScanListing: Works.scan_listing,
    PublishListing: Works.publish_listing,
    CreateServer: Works.create_server,
    StartServer: Works.start_server,
    StopServer: Works.stop_server,
    RebootServer: Works.reboot_server,
    ResizeServer: Works.resize_server,
    MountIso: Works.mount_iso,
    EjectIso: Works.eject_iso,
    DeleteServer: Works.delete_server,
    ChangeOs: Works.change_os,
    ReinstallOs: Works.reinstall_os,
    UndoChangeOs: Works.undo_change_os,
    DeleteKeptDisk: Works.delete_kept_disk,
    CaptureFull: Works.capture_full,
    MakeOfBackup: Works.make_of_backup,
    CreateBackup: Works.create_backup,
    RestoreBackup: Works.restore_backup,
    DeleteBackup: Works.delete_backup,
    CreateDisk: Works.create_disk,
    DeleteDisk: Works.delete_disk,
    AttachDisk: Works.attach_disk,
    DetachDisk: Works.detach_disk,
    GrowDisk: Works.grow_disk,
}


def all_kinds(base: type[JobKind] = JobKind) -> Iterator[type[JobKind]]:
    """Every kind of job of the product."""
    for kind in base.__subclasses__():
        if hasattr(kind, "kind") and not kind.__module__.startswith("tests."):
            yield kind
        yield from all_kinds(kind)


def assert_nothing_is_lost(job: Job) -> None:
    """Whatever became of a job: what it needs to be done again is there, and nothing else.

    The clock has done what it does every few seconds, or hours.
    """
    reconcile_all()
    finish_deletions()
    if Job.objects.live().exists():
        run_jobs()
    assert not job.reservations.exists()
    assert [difference.what for difference in differences()] == []
    LOST[job.subject_kind](job)


def _image(job: Job) -> None:
    image = Image.objects.get(pk=job.subject_id)
    if job.kind == DeleteImage.kind:
        assert image.status == "deleted"
        return
    if job.kind == VerifyImage.kind:
        _verified(image.disks.get().stored, job)
        return
    if job.kind == ExportImage.kind:
        _exported(job, image)
        return
    assert image.status == ("active" if job.state == "done" else "killed")
    assert image.error_code == job.error_code
    if job.state == "done":
        for disk in image.disks.all():
            assert engine_for(image.region_id).verify(disk.ref, disk.checksum, work=TestWork())
    elif job.kind == ImportImage.kind:
        upload = Upload.objects.get(pk=UUID(job.args["upload"]))
        assert upload.path.stat().st_size == upload.size_bytes


def _exported(job: Job, image: Image) -> None:
    """The whole file is in the bucket, or nothing is; the image is what it was."""
    assert image.status == "active"
    assert not BucketObject.objects.arriving().exists()
    made, named = exported_object(job), BucketObject.objects.filter(key=job.args["key"])
    assert named.exists() == (job.state == "done") == (made is not None)
    if made:
        with open_object(made) as file:
            assert hashlib.sha256(file.read()).hexdigest() == made.sha256


def _version(job: Job) -> None:
    """On the market in all its regions, or where it can be sent on from."""
    version = ListingVersion.objects.get(pk=job.subject_id)
    done = job.state == "done"
    if job.kind == ScanListing.kind:
        assert version.state == ("in-review" if done else "draft")
        return
    assert version.state == ("published" if done else "in-review")
    editions = version.editions.select_related("image")
    assert editions.count() == (len(job.args["editions"]) if done else 0)
    for edition in editions:
        disk = edition.image.disks.get()
        assert engine_for(edition.region_id).verify(disk.ref, disk.checksum, work=TestWork())


def _stored(job: Job) -> None:
    _verified(StoredBytes.objects.get(pk=job.subject_id), job)


def _verified(stored: StoredBytes, job: Job) -> None:
    """The bytes are right, and known to be so when the job got that far; whoever cannot read says nothing of them."""
    assert Image.objects.get(disks__stored=stored).status == "active"
    assert stored.damaged_at is None
    assert stored.verified_at or job.state != "done"


def _source(job: Job) -> None:
    made = Image.objects.filter(source_id=job.subject_id, created_at__gte=job.created_at)
    assert made.exists() == (job.state == "done")


def _server(job: Job) -> None:
    server = Server.objects.get(pk=job.subject_id)
    assert not job.is_live
    if server.status == "deleted":
        assert not server.disks.existing().exists()
        return
    system = server.disks.attached().get(role=Disk.Role.SYSTEM)
    assert system.image_id == server.image_id
    assert bool(system.ref) == bool(server.ref)
    assert (server.status == "failed") == (not server.ref)
    assert not server.disks.filter(status__in=WORKING).exists()
    interval = server.usage.filter(ended_at=None).first()
    sizes = server.disks.attached().exclude(status="failed").values_list("size_gb", flat=True)
    assert (interval.disk_gb if interval else 0) == (sum(sizes) if interval else 0)


def _disk(job: Job) -> None:
    disk = Disk.objects.get(pk=job.subject_id)
    done, otherwise = DISK_STATES[job.kind]
    assert disk.status == (done if job.state == "done" else otherwise)
    assert bool(disk.ref) == (disk.status in ("available", "kept"))


# of a disk: its state after a job that is done, and after one that is not
DISK_STATES = {
    "disk.create": ("available", "failed"),
    "disk.delete": ("deleted", "available"),
    "disk.delete-kept": ("deleted", "kept"),
}


def _backup(job: Job) -> None:
    backup = Backup.objects.get(pk=job.subject_id)
    if job.kind == "backup.create":
        assert backup.status == ("available" if job.state == "done" else "failed")
        assert backup.error_code == job.error_code
        assert not Server.objects.get(pk=backup.server_id).task
        return
    assert backup.status == ("deleted" if job.state == "done" else "failed")
    assert backup.disks.exclude(stored=None).exists() == (job.state != "done")


def _upload(job: Job) -> None:
    upload = Upload.objects.get(pk=job.subject_id)
    if job.kind == ExamineUpload.kind and job.state == "failed" and not job.args.get("refused"):
        assert upload.state == "examining"
        assert upload.path.stat().st_size == upload.size_bytes
        return
    assert upload.state == ("complete" if job.state == "done" else "refused")
    assert upload.error_code == job.error_code
    if job.state == "done":
        assert hashlib.sha256(upload.path.read_bytes()).hexdigest() == upload.found["sha256"]


def _download(job: Job) -> None:
    download = Download.objects.get(pk=job.subject_id)
    assert download.state == ("ready" if job.state == "done" else "failed")
    assert download.error_code == job.error_code
    if job.state == "done":
        assert hashlib.sha256(download.path.read_bytes()).hexdigest() == download.sha256


def _console(job: Job) -> None:
    """One that is done is whole; of one that is not nothing counts as a backup."""
    place = place_at(job.args["to"])
    names = {read_manifest(place, name).job: name for name in place.backups()}
    if job.state == Job.State.DONE:
        require_files(place, names[str(job.pk)], read_manifest(place, names[str(job.pk)]))


LOST = {
    "account": _console,
    "download": _download,
    "listingversion": _version,
    "upload": _upload,
    "storedbytes": _stored,
    "backup": _backup,
    "image": _image,
    "publicsource": _source,
    "server": _server,
    "disk": _disk,
}
