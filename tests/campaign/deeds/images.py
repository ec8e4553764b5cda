"""Images come in, are copied, exported, verified, captured, thrown away."""

import threading

from images.create.from_object.services import take_object
from images.models import Image, Upload
from imsconsole.accounts.actor import actor_for
from imsconsole.accounts.models import User
from imsconsole.cloud.models import Bucket, BucketObject
from tests.campaign.doing import (
    Stage,
    disks,
    does,
    images,
    new_image,
    one,
    room,
    servers,
    tag_of,
    tag_of_disk,
)
from tests.campaign.people import NotNow, Person, asked
from tests.cloud.buckets.making import bytes_elsewhere


@does("image.import")
def import_image(stage: Stage, person: Person, tag: str = "") -> None:
    new_image(person)
    tag = tag or person.rng.choice(stage.contents.tags)
    file = stage.contents.converted(tag, person.rng.choice(("raw", "qcow2", "vmdk")))
    upload = person.send_file(file.name, file.read_bytes())
    person.notes.files[upload] = stage.contents.sha256(file)
    image_of_upload(stage, person, upload, tag)


def image_of_upload(stage: Stage, person: Person, upload: str, tag: str) -> None:
    kind = "data" if tag.startswith("data") else "system"
    typed = {
        "details-name": stage.name(tag), "details-os_version": "", "details-architecture": "x86",
        "details-boot_mode": "bios", "details-min_disk_gb": "1", "details-min_ram_mb": "0",
    }  # fmt: skip
    if kind == "system" and person.rng.random() < 0.1:
        typed["details-encrypt"] = "on"
    first = {"type": kind, "format": "", "sha256": "", "upload": upload}
    image = person.through("/images/create/", first, typed, leads_to="/images/")
    person.note("createImage", image, "image.import")


@does("upload.take")
def take(stage: Stage, person: Person) -> None:
    """As if the bytes lay elsewhere: else no job takes them. Then an image of it, or nothing."""
    room(person, Upload.objects.filter(project=person.project))
    row = one(
        person,
        BucketObject.objects.stored()
        .filter(bucket__project=person.project, key__endswith=".raw")
        .exclude(key__contains="blank"),  # without a byte in it, it is no image
    )
    actor = asked(lambda: actor_for(User.objects.get(username=person.name), person.project))
    with elsewhere_lock, bytes_elsewhere():
        upload = asked(lambda: take_object(row, actor=actor))
    person.note("takeObject", upload.pk, "upload.take")


elsewhere_lock = threading.Lock()  # settings are changed for a moment


@does()
def use_upload(stage: Stage, person: Person) -> None:
    new_image(person)
    complete = Upload.objects.filter(project=person.project, user__username=person.name, state="complete")
    upload = one(person, complete)
    tag = upload.name.split("-")[0].split(".")[0]
    if tag not in stage.contents.tags:
        raise NotNow
    image_of_upload(stage, person, str(upload.pk), tag)


@does()
def discard_upload(stage: Stage, person: Person) -> None:
    """Not one that a job is taking."""
    mine = Upload.objects.filter(project=person.project, user__username=person.name)
    upload = one(person, mine.exclude(state="receiving", is_resumable=False))
    person.post(f"/uploads/{upload.pk}/discard/")
    person.note("discardUpload", upload.pk)


@does("image.copy")
def copy(stage: Stage, person: Person) -> None:
    new_image(person)
    image = one(person, images(person, type__in=["system", "data"]))
    page = {"target-name-0": stage.name(tag_of(image)), "target-description": "", "target-key": ""}
    if person.rng.random() < 0.2:
        page["target-encrypt"] = "on"
    made = person.through(f"/images/{image.pk}/copy/", {"kind": "here"}, page, leads_to="/images/")
    person.note("copyImage", made, "image.copy")


@does("image.copy-across", who=("alice",))
def copy_across(stage: Stage, person: Person) -> None:
    room(person, Image.objects.filter(project=stage.far).exclude(status="deleted"))
    image = one(person, images(person, type__in=["system", "data"], key=None))
    page = {
        "target-target": str(stage.far.pk),
        "target-name-0": stage.name(tag_of(image)),
        "target-description": "",
    }
    person.through(f"/images/{image.pk}/copy/", {"kind": "across"}, page, leads_to="/jobs/")


@does("image.export")
def export(stage: Stage, person: Person) -> None:
    room(person, BucketObject.objects.filter(bucket__project=person.project))
    image = one(person, images(person, type__in=["system", "data"], key=None))
    bucket = one(person, Bucket.objects.filter(project=person.project))
    form = person.rng.choice(("raw", "qcow2", "vmdk", "vhd"))
    page = {"format": form, "name": stage.name(tag_of(image)), "bucket": str(bucket.pk), "folder": "exports"}
    person.through(f"/images/{image.pk}/export/", page, leads_to=f"/images/{image.pk}/")
    person.note("exportImage", image.pk, "image.export")


@does("image.verify")
def verify(stage: Stage, person: Person) -> None:
    image = one(person, images(person))
    person.post(f"/images/{image.pk}/verify/")
    person.note("verifyImage", image.pk, "image.verify")


@does("image.capture")
def capture(stage: Stage, person: Person) -> None:
    """Of a server's system disk, or of data disks."""
    new_image(person)
    if person.rng.random() < 0.5:
        server = one(person, servers(person, status__in=["running", "stopped"]).select_related("image"))
        page, first, tag = "from-server", {"server": str(server.pk)}, tag_of(server.image)
    else:
        disk = one(person, disks(person, role="data", status="available").select_related("image"))
        page, first, tag = "from-disk", {"type": "data", "disk": str(disk.pk)}, tag_of_disk(disk)
    image = person.through(
        f"/images/create/{page}/", first, {"details-name_1": stage.name(tag)}, leads_to="/images/"
    )
    person.note("createImage", image, "image.capture")


@does()
def throw_away(stage: Stage, person: Person) -> None:
    """One of many, or one that could not be made."""
    if asked(images(person).count) < 4 or person.rng.random() < 0.3:
        image = one(person, images(person, status="killed"))
    else:
        image = one(person, images(person))
    if person.post(f"/images/{image.pk}/delete/", {"name": image.name}) != "/images/":
        raise NotNow("it is shared, and asks what becomes of that")
    person.note("deleteImage", image.pk)


@does(who=("alice",))
def clear_far(stage: Stage, person: Person) -> None:
    """What was copied across is thrown away, and then for ever."""
    image = one(person, Image.objects.filter(project=stage.far, status__in=["active", "killed", "trashed"]))
    verb, action = ("purge", "purgeImage") if image.status == "trashed" else ("delete", "deleteImage")
    person.post(f"/images/{image.pk}/{verb}/", {"name": image.name}, project=stage.far)
    person.note(action, image.pk)


@does()
def bring_back(stage: Stage, person: Person) -> None:
    image = one(person, images(person, status="trashed"))
    person.post(f"/images/{image.pk}/restore/", {"name": image.name})
    person.note("restoreImage", image.pk)


@does("image.delete")
def purge(stage: Stage, person: Person) -> None:
    image = one(person, images(person, status="trashed"))
    person.post(f"/images/{image.pk}/purge/")
    person.note("purgeImage", image.pk)
