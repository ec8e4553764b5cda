"""Servers, and what becomes of their systems."""

from imsconsole.cloud.models import Disk
from imsconsole.cloud.servers.rules import BUSY
from tests.campaign.doing import HERE, LOGIN, Deed, Stage, does, images, one, room, servers, tag_of
from tests.campaign.people import Person


@does("server.create")
def create_server(stage: Stage, person: Person) -> None:
    room(person, servers(person))
    image = one(person, images(person, type="system"))
    number = person.rng.randint(0, 1)
    order = {
        "action": "confirm", "image": str(image.pk), "flavor": "t6-tiny-1", "zone": f"{HERE}a", "system_disk_gb": "1",
        "data_disks": str(number), **({"data_disk_1": "1"} if number else {}), "count": "1",
        "name": stage.name(tag_of(image)), **LOGIN,
    }  # fmt: skip
    server = person.through("/servers/create/", order, leads_to="/servers/")
    person.note("createServer", server, "server.create")


def _press(verb: str, action: str, status: str) -> Deed:
    def press(stage: Stage, person: Person) -> None:
        server = one(person, servers(person, status=status))
        person.post(f"/servers/{server.pk}/{verb}/")
        person.note(action, server.pk, f"server.{verb}")

    press.__name__ = f"{verb}_server"
    return does(f"server.{verb}")(press)


_press("start", "startServer", "stopped")
_press("stop", "stopServer", "running")
_press("reboot", "rebootServer", "running")


@does("server.delete")
def delete_server(stage: Stage, person: Person) -> None:
    server = one(person, servers(person).exclude(status__in=BUSY))
    person.post(f"/servers/{server.pk}/delete/", {"delete_disks": "on"})
    person.note("deleteServer", server.pk, "server.delete")


@does()
def rename_server(stage: Stage, person: Person) -> None:
    server = one(person, servers(person))
    person.post(f"/servers/{server.pk}/rename/", {"name": stage.name("renamed")})
    person.note("renameServer", server.pk)


@does("server.change-os")
def change_os(stage: Stage, person: Person) -> None:
    server = one(person, servers(person, status__in=["running", "stopped"]))
    image = one(person, images(person, type="system").exclude(pk=server.image_id))
    order = {"action": "confirm", "image": str(image.pk), "system_disk_gb": "1", "stop_first": "on", **LOGIN}
    person.through(f"/servers/{server.pk}/change-os/", order, leads_to=f"/servers/{server.pk}/")
    person.note("changeOs", server.pk, "server.change-os")


@does("server.reinstall-os")
def reinstall_os(stage: Stage, person: Person) -> None:
    server = one(person, servers(person, status__in=["running", "stopped"]))
    order = {
        "action": "confirm",
        "image": str(server.image_id),
        "system_disk_gb": "1",
        "stop_first": "on",
        **LOGIN,
    }
    person.through(f"/servers/{server.pk}/reinstall-os/", order, leads_to=f"/servers/{server.pk}/")
    person.note("reinstallOs", server.pk, "server.reinstall-os")


def kept(person: Person) -> Disk:
    disk: Disk = one(person, Disk.objects.kept().filter(project=person.project, status="kept"))
    return disk


@does("server.undo-change-os")
def undo_change_os(stage: Stage, person: Person) -> None:
    disk = kept(person)
    person.post(f"/servers/{disk.server_id}/kept/{disk.pk}/undo/", {"stop_first": "on"})
    person.note("undoChangeOs", disk.server_id, "server.undo-change-os")


@does("disk.delete-kept")
def delete_kept_disk(stage: Stage, person: Person) -> None:
    disk = kept(person)
    person.post(f"/servers/{disk.server_id}/kept/{disk.pk}/delete/")
    person.note("deleteKeptDisk", disk.pk, "disk.delete-kept")
