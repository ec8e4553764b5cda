"""Data disks, backups, and full-ECS images."""

from imsconsole.cloud.models import Backup, Vault
from tests.campaign.doing import HERE, Stage, disks, does, images, new_image, one, room, servers, tag_of
from tests.campaign.people import Person, asked


@does("disk.create")
def create_disk(stage: Stage, person: Person) -> None:
    room(person, disks(person, role="data"))
    found = asked(lambda: list(images(person, type="data")[:9]))
    image = person.rng.choice([None, *found])
    name = stage.name(tag_of(image) if image else "blank")
    order = {"name": name, "size_gb": "1", "zone": f"{HERE}a", "image": str(image.pk) if image else ""}
    disk = person.through("/disks/create/", order, leads_to="/disks/")
    person.note("createDisk", disk, "disk.create")


@does("disk.attach")
def attach_disk(stage: Stage, person: Person) -> None:
    disk = one(person, disks(person, role="data", status="available"))
    server = one(person, servers(person, status__in=["running", "stopped"]))
    person.post(f"/disks/{disk.pk}/attach/", {"server": str(server.pk)})
    person.note("attachDisk", disk.pk, "disk.attach", server.pk)


@does("disk.detach")
def detach_disk(stage: Stage, person: Person) -> None:
    disk = one(person, disks(person, role="data", status="in-use", server__status="stopped"))
    person.post(f"/disks/{disk.pk}/detach/")
    person.note("detachDisk", disk.pk, "disk.detach", disk.server_id)


@does("disk.grow")
def grow_disk(stage: Stage, person: Person) -> None:
    disk = one(person, disks(person, status__in=["available", "in-use"], size_gb__lt=9))
    person.post(f"/disks/{disk.pk}/grow/", {"size_gb": str(disk.size_gb + 1)})
    person.note("growDisk", disk.pk, "disk.grow", disk.server_id)


@does("disk.delete")
def delete_disk(stage: Stage, person: Person) -> None:
    disk = one(person, disks(person, role="data", status__in=["available", "failed"]))
    person.post(f"/disks/{disk.pk}/delete/")
    person.note("deleteDisk", disk.pk, "disk.delete")


# backups


def vault(person: Person) -> Vault:
    found: Vault = one(person, Vault.objects.filter(project=person.project))
    return found


@does("backup.create")
def create_backup(stage: Stage, person: Person) -> None:
    room(person, Backup.objects.existing().filter(project=person.project))
    server = one(person, servers(person, status__in=["running", "stopped"]).select_related("image"))
    typed = {
        "server": str(server.pk),
        "vault": str(vault(person).pk),
        "name": stage.name(tag_of(server.image)),
    }
    backup = person.post(f"/servers/{server.pk}/back-up/", typed).split("/")[2]
    person.note("createBackup", backup, "backup.create")


@does("backup.restore")
def restore_backup(stage: Stage, person: Person) -> None:
    there = Backup.objects.existing().filter(project=person.project, status="available")
    backup = one(person, there.filter(server_id__in=servers(person)))
    person.post(f"/backups/{backup.pk}/restore/", {"stop_first": "on"})
    person.note("restoreBackup", backup.server_id, "backup.restore")


@does("backup.delete")
def delete_backup(stage: Stage, person: Person) -> None:
    backup = one(
        person, Backup.objects.existing().filter(project=person.project, status__in=["available", "failed"])
    )
    person.post(f"/backups/{backup.pk}/delete/")
    person.note("deleteBackup", backup.pk, "backup.delete")


@does("image.capture-full")
def capture_full(stage: Stage, person: Person) -> None:
    new_image(person)
    server = one(person, servers(person, status__in=["running", "stopped"]).select_related("image"))
    typed = {
        "server": str(server.pk),
        "vault": str(vault(person).pk),
        "name": stage.name(tag_of(server.image)),
    }
    image = person.through("/images/create/full-ecs/from-server/", typed, leads_to="/images/")
    person.note("createImage", image, "image.capture-full")


@does("image.make-of-backup")
def make_of_backup(stage: Stage, person: Person) -> None:
    new_image(person)
    backup = one(person, Backup.objects.existing().filter(project=person.project, status="available"))
    typed = {"backup": str(backup.pk), "name": stage.name(tag_of(backup))}
    image = person.through("/images/create/full-ecs/from-backup/", typed, leads_to="/images/")
    person.note("createImage", image, "image.make-of-backup")
