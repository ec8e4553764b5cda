"""What people do: a piece of work for every kind of job, and what surrounds it."""

import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db import close_old_connections
from django.db.models import QuerySet

from images.create.from_object.services import take_object
from images.models import Image, ImageDisk, Upload
from images.public.jobs import FetchPublicImage
from images.public.platform import PLATFORM, platform_actor
from images.verify.jobs import VerifyStored
from imsconsole.accounts.actor import actor_for
from imsconsole.accounts.models import Project, Region, User
from imsconsole.cloud.models import Backup, Bucket, BucketObject, Disk, Server, Vault
from imsconsole.core.errors import ImsError
from imsconsole.demo.images import build_image
from imsconsole.jobs.models import Job
from imsconsole.jobs.start import start_job
from market.models import Listing, ListingVersion
from sharing.models import Share
from tests.campaign.contents import Contents
from tests.campaign.people import Notes, NoAnswer, NotNow, Person, asked
from tests.cloud.buckets.making import bytes_elsewhere

HERE, FAR = "cn-north-4", "cn-east-3"
ZONE = f"{HERE}a"
WRITERS = ("alice", "bob", "carol")
LOGIN = {"login": "none", "user_data": "#!/bin/sh\n"}
MOST = {Image: 14, Server: 3, Disk: 8, Backup: 6, BucketObject: 10, Upload: 5}  # of a project
TITLES = ("Web", "Shop", "Mail", "Files")


@dataclass(frozen=True)
class Doing:
    kind: str
    who: tuple[str, ...]
    do: Callable[["Load", Person], None]


DOINGS: list[Doing] = []


def does(kind: str = "", who: tuple[str, ...] = WRITERS) -> Callable[[Any], Any]:
    """Something that those people do; it begins work of that kind, if any."""

    def decorate(function: Callable[["Load", Person], None]) -> Callable[["Load", Person], None]:
        DOINGS.append(Doing(kind, who, function))
        return function

    return decorate


class Load:
    """All of them at work, each in a thread, until told to stop."""

    def __init__(self, url: str, contents: Contents, seed: str) -> None:
        self.contents, self.notes, self.done = contents, Notes(), Counter[str]()
        self.errors: list[str] = []
        self.stopping, self._number, self._lock = threading.Event(), 0, threading.Lock()
        projects = {name: _project(account, HERE) for name, account in ACCOUNTS.items()}
        self.far = _project("Acme", FAR)
        self.people = [Person(name, url, project, self.notes, seed) for name, project in projects.items()]
        self.threads: list[threading.Thread] = []

    def prepare(self) -> None:
        """What is there before things go wrong: vaults, buckets, an agency, an image for everybody."""
        for person in self.people:
            person.sign_in()
            if person.name in ("alice", "carol"):
                person.post("/vaults/create/", {"name": "daily", "capacity_gb": "1000"})
                person.post("/buckets/create/", {"name": f"of-{person.name}", "storage_class": "standard"})
            if person.name == "alice":
                grantee = {"grantee": str(person.project.pk)}
                person.post("/project/agencies/create/", grantee, project=self.far)
            if person.name in WRITERS:
                import_image(self, person, "boot1")
                import_image(self, person, "data1")

    def make_servers(self) -> None:
        for person in self.people:
            if person.name in ("alice", "carol"):
                create_server(self, person)

    def start(self) -> None:
        self.threads = [threading.Thread(target=self._work, args=(person,), daemon=True) for person in self.people]
        for thread in self.threads:
            thread.start()

    def stop(self) -> None:
        """Nobody begins anything any more."""
        self.stopping.set()
        deadline = time.monotonic() + 150
        for thread in self.threads:
            thread.join(max(0.1, deadline - time.monotonic()))
            if thread.is_alive():
                self.errors.append(f"{thread.name} still waits for an answer")

    def _work(self, person: Person) -> None:
        mine = [doing for doing in DOINGS if person.name in doing.who]
        while not self.stopping.is_set():
            close_old_connections()
            doing = self._next(person, mine)
            try:
                doing.do(self, person)
                self.done[doing.do.__name__] += 1
            except (NotNow, NoAnswer, ImsError):
                pass
            except Exception as error:  # noqa: BLE001 - the campaign goes on, and says so in the end
                self.errors.append(f"{person.name} {doing.do.__name__}: {error!r}"[:300])
            self.stopping.wait(person.rng.uniform(0, 0.3))

    def _next(self, person: Person, mine: list[Doing]) -> Doing:
        """What was done least, or anything."""
        if person.rng.random() < 0.4:
            return person.rng.choice(mine)
        least = sorted(mine, key=lambda doing: (self.done[doing.do.__name__], person.rng.random()))
        return person.rng.choice(least[:6])

    def name(self, tag: str) -> str:
        """A new name; what it begins with says what must be in it."""
        with self._lock:
            self._number += 1
            return f"{tag}-{self._number}"


ACCOUNTS = {"alice": "Acme", "bob": "Acme", "carol": "Globex", "admin": PLATFORM}


def _project(account: str, region: str) -> Project:
    return Project.objects.select_related("account", "region").get(account__name=account, region=region)


def one(person: Person, rows: "QuerySet[Any]") -> Any:
    """One of them. Raises NotNow."""
    found = asked(lambda: list(rows.order_by("pk")[:50]))
    if not found:
        raise NotNow
    return person.rng.choice(found)


def room(person: Person, rows: "QuerySet[Any]") -> None:
    """Raises NotNow: there are enough of those."""
    if asked(rows.count) >= MOST[rows.model]:
        raise NotNow


def images(person: Person, **which: Any) -> "QuerySet[Image]":
    return Image.objects.filter(**{"project": person.project, "status": "active", **which})


def new_image(person: Person) -> None:
    room(person, Image.objects.filter(project=person.project).exclude(status="deleted"))


def servers(person: Person, **which: Any) -> "QuerySet[Server]":
    return Server.objects.existing().filter(project=person.project, **which)


def disks(person: Person, **which: Any) -> "QuerySet[Disk]":
    return Disk.objects.existing().filter(project=person.project, **which)


def tag_of(thing: Any) -> str:
    return str(thing.name).split("-")[0]


# images


@does("image.import")
def import_image(load: Load, person: Person, tag: str = "") -> None:
    new_image(person)
    tag = tag or person.rng.choice(load.contents.tags)
    file = load.contents.converted(tag, person.rng.choice(("raw", "qcow2", "vmdk")))
    upload = person.send_file(file.name, file.read_bytes())
    person.notes.files[upload] = load.contents.sha256(file)
    image_of_upload(load, person, upload, tag)


def image_of_upload(load: Load, person: Person, upload: str, tag: str) -> None:
    kind = "data" if tag.startswith("data") else "system"
    typed = {
        "details-name": load.name(tag), "details-os_version": "", "details-architecture": "x86",
        "details-boot_mode": "bios", "details-min_disk_gb": "1", "details-min_ram_mb": "0",
    }  # fmt: skip
    if kind == "system" and person.rng.random() < 0.1:
        typed["details-encrypt"] = "on"
    first = {"type": kind, "format": "", "sha256": "", "upload": upload}
    image = person.through("/images/create/", first, typed, leads_to="/images/")
    person.note("createImage", image, "image.import")


@does("upload.take")
def take(load: Load, person: Person) -> None:
    """As if the bytes lay elsewhere: else no job takes them. Then an image of it, or nothing."""
    room(person, Upload.objects.filter(project=person.project))
    row = one(person, BucketObject.objects.stored().filter(bucket__project=person.project, key__endswith=".raw"))
    actor = asked(lambda: actor_for(User.objects.get(username=person.name), person.project))
    with elsewhere_lock, bytes_elsewhere():
        upload = asked(lambda: take_object(row, actor=actor))
    person.note("takeObject", upload.pk, "upload.take")


elsewhere_lock = threading.Lock()  # settings are changed for a moment


@does()
def use_upload(load: Load, person: Person) -> None:
    new_image(person)
    complete = Upload.objects.filter(project=person.project, user__username=person.name, state="complete")
    upload = one(person, complete)
    tag = upload.name.split("-")[0].split(".")[0]
    if tag not in load.contents.tags:
        raise NotNow
    image_of_upload(load, person, str(upload.pk), tag)


@does()
def discard_upload(load: Load, person: Person) -> None:
    complete = Upload.objects.filter(project=person.project, user__username=person.name, state="complete")
    upload = one(person, complete)
    person.post(f"/uploads/{upload.pk}/discard/")
    person.note("discardUpload", upload.pk)


@does("image.copy")
def copy(load: Load, person: Person) -> None:
    new_image(person)
    image = one(person, images(person, type__in=["system", "data"]))
    page = {"target-name-0": load.name(tag_of(image)), "target-description": "", "target-key": ""}
    if person.rng.random() < 0.2:
        page["target-encrypt"] = "on"
    made = person.through(f"/images/{image.pk}/copy/", {"kind": "here"}, page, leads_to="/images/")
    person.note("copyImage", made, "image.copy")


@does("image.copy-across", who=("alice",))
def copy_across(load: Load, person: Person) -> None:
    room(person, Image.objects.filter(project=load.far).exclude(status="deleted"))
    image = one(person, images(person, type__in=["system", "data"], key=None))
    page = {"target-target": str(load.far.pk), "target-name-0": load.name(tag_of(image)), "target-description": ""}
    person.through(f"/images/{image.pk}/copy/", {"kind": "across"}, page, leads_to="/jobs/")


@does("image.export")
def export(load: Load, person: Person) -> None:
    room(person, BucketObject.objects.filter(bucket__project=person.project))
    image = one(person, images(person, type__in=["system", "data"], key=None))
    bucket = one(person, Bucket.objects.filter(project=person.project))
    form = person.rng.choice(("raw", "qcow2", "vmdk", "vhd"))
    page = {"format": form, "name": load.name(tag_of(image)), "bucket": str(bucket.pk), "folder": "exports"}
    person.through(f"/images/{image.pk}/export/", page, leads_to="/images/")
    person.note("exportImage", image.pk, "image.export")


@does("image.verify")
def verify(load: Load, person: Person) -> None:
    image = one(person, images(person))
    person.post(f"/images/{image.pk}/verify/")
    person.note("verifyImage", image.pk, "image.verify")


@does("image.capture")
def capture(load: Load, person: Person) -> None:
    """Of a server's system disk, or of data disks."""
    new_image(person)
    if person.rng.random() < 0.5:
        server = one(person, servers(person, status__in=["running", "stopped"]).select_related("image"))
        page, first, tag = "from-server", {"server": str(server.pk)}, tag_of(server.image)
    else:
        disk = one(person, disks(person, role="data", status="available"))
        page, first, tag = "from-disk", {"type": "data", "disk": str(disk.pk)}, tag_of(disk)
    image = person.through(f"/images/create/{page}/", first, {"details-name_1": load.name(tag)}, leads_to="/images/")
    person.note("createImage", image, "image.capture")


@does()
def throw_away(load: Load, person: Person) -> None:
    image = one(person, images(person))
    if asked(images(person).count) < 4:
        raise NotNow
    person.post(f"/images/{image.pk}/delete/", {"name": image.name})
    person.note("deleteImage", image.pk)


@does()
def bring_back(load: Load, person: Person) -> None:
    image = one(person, images(person, status="trashed"))
    person.post(f"/images/{image.pk}/restore/", {"name": image.name})
    person.note("restoreImage", image.pk)


@does("image.delete")
def purge(load: Load, person: Person) -> None:
    image = one(person, images(person, status="trashed"))
    person.post(f"/images/{image.pk}/purge/")
    person.note("purgeImage", image.pk)


# servers


@does("server.create")
def create_server(load: Load, person: Person) -> None:
    room(person, servers(person))
    image = one(person, images(person, type="system"))
    number = person.rng.randint(0, 1)
    order = {
        "action": "confirm", "image": str(image.pk), "flavor": "t6-tiny-1", "zone": ZONE, "system_disk_gb": "1",
        "data_disks": str(number), **({"data_disk_1": "1"} if number else {}), "count": "1",
        "name": load.name(tag_of(image)), **LOGIN,
    }  # fmt: skip
    server = person.through("/servers/create/", order, leads_to="/servers/")
    person.note("createServer", server, "server.create")


def _press(verb: str, action: str, status: str) -> Callable[[Load, Person], None]:
    def press(load: Load, person: Person) -> None:
        server = one(person, servers(person, status=status))
        person.post(f"/servers/{server.pk}/{verb}/")
        person.note(action, server.pk, f"server.{verb}")

    press.__name__ = f"{verb}_server"
    return does(f"server.{verb}")(press)


_press("start", "startServer", "stopped")
_press("stop", "stopServer", "running")
_press("reboot", "rebootServer", "running")


@does("server.delete")
def delete_server(load: Load, person: Person) -> None:
    server = one(person, servers(person, status__in=["running", "stopped", "failed"]))
    person.post(f"/servers/{server.pk}/delete/", {"delete_disks": "on"})
    person.note("deleteServer", server.pk, "server.delete")


@does()
def rename_server(load: Load, person: Person) -> None:
    server = one(person, servers(person))
    person.post(f"/servers/{server.pk}/rename/", {"name": load.name("renamed")})
    person.note("renameServer", server.pk)


@does("server.change-os")
def change_os(load: Load, person: Person) -> None:
    server = one(person, servers(person, status__in=["running", "stopped"]))
    image = one(person, images(person, type="system").exclude(pk=server.image_id))
    order = {"action": "confirm", "image": str(image.pk), "system_disk_gb": "1", "stop_first": "on", **LOGIN}
    person.through(f"/servers/{server.pk}/change-os/", order, leads_to=f"/servers/{server.pk}")
    person.note("changeOs", server.pk, "server.change-os")


@does("server.reinstall-os")
def reinstall_os(load: Load, person: Person) -> None:
    server = one(person, servers(person, status__in=["running", "stopped"]))
    order = {"action": "confirm", "image": str(server.image_id), "system_disk_gb": "1", "stop_first": "on", **LOGIN}
    person.through(f"/servers/{server.pk}/reinstall-os/", order, leads_to=f"/servers/{server.pk}")
    person.note("reinstallOs", server.pk, "server.reinstall-os")


def kept(person: Person) -> Disk:
    disk: Disk = one(person, Disk.objects.kept().filter(project=person.project, status="kept"))
    return disk


@does("server.undo-change-os")
def undo_change_os(load: Load, person: Person) -> None:
    disk = kept(person)
    person.post(f"/servers/{disk.server_id}/kept/{disk.pk}/undo/", {"stop_first": "on"})
    person.note("undoChangeOs", disk.server_id, "server.undo-change-os")


@does("disk.delete-kept")
def delete_kept_disk(load: Load, person: Person) -> None:
    disk = kept(person)
    person.post(f"/servers/{disk.server_id}/kept/{disk.pk}/delete/")
    person.note("deleteKeptDisk", disk.pk, "disk.delete-kept")


# disks


@does("disk.create")
def create_disk(load: Load, person: Person) -> None:
    room(person, disks(person, role="data"))
    found = asked(lambda: list(images(person, type="data")[:9]))
    image = person.rng.choice([None, *found])
    name = load.name(tag_of(image) if image else "blank")
    order = {"name": name, "size_gb": "1", "zone": ZONE, "image": str(image.pk) if image else ""}
    disk = person.through("/disks/create/", order, leads_to="/disks/")
    person.note("createDisk", disk, "disk.create")


@does("disk.attach")
def attach_disk(load: Load, person: Person) -> None:
    disk = one(person, disks(person, role="data", status="available"))
    server = one(person, servers(person, status__in=["running", "stopped"]))
    person.post(f"/disks/{disk.pk}/attach/", {"server": str(server.pk)})
    person.note("attachDisk", disk.pk, "disk.attach", server.pk)


@does("disk.detach")
def detach_disk(load: Load, person: Person) -> None:
    disk = one(person, disks(person, role="data", status="in-use", server__status="stopped"))
    person.post(f"/disks/{disk.pk}/detach/")
    person.note("detachDisk", disk.pk, "disk.detach", disk.server_id)


@does("disk.grow")
def grow_disk(load: Load, person: Person) -> None:
    disk = one(person, disks(person, status__in=["available", "in-use"], size_gb__lt=9))
    person.post(f"/disks/{disk.pk}/grow/", {"size_gb": str(disk.size_gb + 1)})
    person.note("growDisk", disk.pk, "disk.grow", disk.server_id)


@does("disk.delete")
def delete_disk(load: Load, person: Person) -> None:
    disk = one(person, disks(person, role="data", status="available"))
    person.post(f"/disks/{disk.pk}/delete/")
    person.note("deleteDisk", disk.pk, "disk.delete")


# backups


def vault(person: Person) -> Vault:
    found: Vault = one(person, Vault.objects.filter(project=person.project))
    return found


@does("backup.create")
def create_backup(load: Load, person: Person) -> None:
    room(person, Backup.objects.existing().filter(project=person.project))
    server = one(person, servers(person, status__in=["running", "stopped"]).select_related("image"))
    typed = {"server": str(server.pk), "vault": str(vault(person).pk), "name": load.name(tag_of(server.image))}
    backup = person.post(f"/servers/{server.pk}/back-up/", typed).split("/")[2]
    person.note("createBackup", backup, "backup.create")


@does("backup.restore")
def restore_backup(load: Load, person: Person) -> None:
    backup = one(person, Backup.objects.existing().filter(project=person.project, status="available"))
    person.post(f"/backups/{backup.pk}/restore/", {"stop_first": "on"})
    person.note("restoreBackup", backup.server_id, "backup.restore")


@does("backup.delete")
def delete_backup(load: Load, person: Person) -> None:
    backup = one(person, Backup.objects.existing().filter(project=person.project, status__in=["available", "failed"]))
    person.post(f"/backups/{backup.pk}/delete/")
    person.note("deleteBackup", backup.pk, "backup.delete")


@does("image.capture-full")
def capture_full(load: Load, person: Person) -> None:
    new_image(person)
    server = one(person, servers(person, status__in=["running", "stopped"]).select_related("image"))
    typed = {"server": str(server.pk), "vault": str(vault(person).pk), "name": load.name(tag_of(server.image))}
    image = person.through("/images/create/full-ecs/from-server/", typed, leads_to="/images/")
    person.note("createImage", image, "image.capture-full")


@does("image.make-of-backup")
def make_of_backup(load: Load, person: Person) -> None:
    new_image(person)
    backup = one(person, Backup.objects.existing().filter(project=person.project, status="available"))
    typed = {"backup": str(backup.pk), "name": load.name(tag_of(backup))}
    image = person.through("/images/create/full-ecs/from-backup/", typed, leads_to="/images/")
    person.note("createImage", image, "image.make-of-backup")


# buckets


@does()
def put_object(load: Load, person: Person) -> None:
    room(person, BucketObject.objects.filter(bucket__project=person.project))
    bucket = one(person, Bucket.objects.filter(project=person.project))
    tag = person.rng.choice(load.contents.tags)
    content, name = load.contents.file(tag, "raw").read_bytes(), f"{load.name(tag)}.raw"
    fields = {"csrfmiddlewaretoken": person.cookies.get("csrftoken", ""), "folder": "", "file": (name, content)}
    if person.request("POST", f"/buckets/{bucket.pk}/upload/", fields=fields).status != 302:
        raise NotNow
    row = one(person, BucketObject.objects.stored().filter(bucket=bucket, key=name))
    person.notes.files[str(row.pk)] = load.contents.sha256(load.contents.file(tag, "raw"))
    person.note("uploadObject", row.pk)


@does()
def delete_object(load: Load, person: Person) -> None:
    rows = BucketObject.objects.stored().filter(bucket__project=person.project)
    if asked(rows.count) < MOST[BucketObject] - 2:
        raise NotNow
    row = one(person, rows)
    person.post(f"/buckets/objects/{row.pk}/delete/")
    person.note("deleteObject", row.pk)


# sharing and the market


@does()
def share(load: Load, person: Person) -> None:
    image = one(person, images(person, type__in=["system", "data"], key=None))
    other = next(each.project for each in load.people if each.project.account_id != person.project.account_id)
    person.through(f"/images/{image.pk}/share/", {"projects": str(other.pk)}, leads_to="/images/share/")


@does()
def accept_share(load: Load, person: Person) -> None:
    row = one(person, Share.objects.living().filter(project=person.project, status="pending"))
    person.post(f"/sharing/{row.pk}/accept/")
    person.note("updateMember", row.pk)


@does("share.give-copy")
def give_copy(load: Load, person: Person) -> None:
    row = one(person, Share.objects.living().filter(image__project=person.project, status="accepted"))
    room(person, Image.objects.filter(project=row.project).exclude(status="deleted"))
    person.post(f"/sharing/{row.pk}/stop/", {"how": "copies"})


@does()
def create_listing(load: Load, person: Person) -> None:
    if asked(Listing.objects.filter(project=person.project).count) > 12:
        raise NotNow
    image = one(person, images(person, type="system", key=None))
    typed = {
        "image": str(image.pk), "version": "1.0", "title": load.name(tag_of(image)), "summary": "Ready to serve",
        "category": "web", "software": "nginx 1.26", "support": "support@acme.test", "terms": "As you like",
        "regions": [HERE, FAR], "unit": "free",
    }  # fmt: skip
    listing = person.through("/market/listings/create/", typed, leads_to="/market/listings/")
    person.note("createListing", listing)


@does("listing.scan")
def submit(load: Load, person: Person) -> None:
    version = one(person, ListingVersion.objects.filter(listing__project=person.project, state="draft"))
    person.post(f"/market/listings/{version.listing_id}/submit/")
    person.note("submitListing", version.pk, "listing.scan")


@does("listing.publish", who=("admin",))
def approve(load: Load, person: Person) -> None:
    version = one(person, ListingVersion.objects.filter(state="in-review"))
    typed = {"action": "approve", "_selected_action": str(version.pk), "confirmed": "yes"}
    person.post("/admin/market/listingversion/", typed)
    if "Done for 1" in person.request("GET", "/admin/market/listingversion/").text:
        person.note("approveListing", version.pk, "listing.publish")


@does("image.fetch", who=("admin",))
def fetch(load: Load, person: Person) -> None:
    if asked(Job.objects.live().filter(kind=FetchPublicImage.kind).exists):
        raise NotNow  # it would meet a publisher who changes his mind
    load.contents.publish_anew()
    person.post("/admin/images/publicsource/", {"do": "fetch", "key": "one", "boot_mode": "bios"})


@does("image.build", who=("admin",))
def build(load: Load, person: Person) -> None:
    """What `set_up` begins."""
    built = Image.objects.filter(category="public", name__startswith="built-").exclude(status="deleted")
    if asked(built.count) > 6:
        raise NotNow
    actor = asked(platform_actor)
    region = asked(lambda: Region.objects.get(pk=HERE))
    name = load.name("built")
    image = asked(lambda: build_image(name=name, identity="campaign", boot_mode="bios", region=region, actor=actor))
    person.note("createImage", image.pk, "image.build")


@does("image.verify-stored", who=("admin",))
def verify_stored(load: Load, person: Person) -> None:
    """What the clock begins every hour."""
    if asked(Job.objects.live().filter(kind=VerifyStored.kind).exists):
        raise NotNow
    stored = ImageDisk.objects.filter(image__status="active").exclude(ref="").exclude(sha256="")
    disks = asked(lambda: list(stored.order_by("pk")[:20]))
    if disks:
        keys = [str(disk.pk) for disk in disks]
        asked(lambda: start_job(VerifyStored, disks[0], actor=platform_actor(), disks=keys))


# jobs, and looking around


@does()
def cancel(load: Load, person: Person) -> None:
    if person.rng.random() < 0.7:
        raise NotNow
    job = one(person, Job.objects.live().filter(project=person.project))
    person.post(f"/jobs/{job.pk}/cancel/")
    person.note("cancelJob", job.pk)


@does()
def retry(load: Load, person: Person) -> None:
    job = one(person, Job.objects.unsettled().filter(project=person.project))
    person.post(f"/jobs/{job.pk}/retry/")
    person.note("retryJob", job.pk)


@does()
def look_around(load: Load, person: Person) -> None:
    for path in ("/", "/images/?tab=private", "/servers/", "/jobs/", "/audit/", "/messages/", "/market/billing/"):
        person.request("GET", path)


@does()
def download(load: Load, person: Person) -> None:
    """What comes whole is what is noted."""
    row = one(person, BucketObject.objects.stored().filter(bucket__project=person.project))
    answer = person.request("GET", f"/buckets/objects/{row.pk}/download/")
    if answer.status == 200:
        load.contents.compare_download(row, answer.body, answer.headers)


