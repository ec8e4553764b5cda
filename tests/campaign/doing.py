"""A deed: something that people do, through the pages. What all deeds are made of."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet

from images.models import Image, Upload
from images.public.platform import PLATFORM
from imsconsole.accounts.models import Project
from imsconsole.cloud.models import Backup, BucketObject, Disk, Server
from tests.campaign.contents import Contents
from tests.campaign.people import Notes, NotNow, Person, asked

HERE, FAR = "cn-north-4", "cn-east-3"
WRITERS = ("alice", "bob", "carol")
ACCOUNTS = {"alice": "Acme", "bob": "Acme", "carol": "Globex", "admin": PLATFORM}
LOGIN = {"login": "none", "user_data": "#!/bin/sh\n"}
MOST = {Image: 14, Server: 3, Disk: 8, Backup: 6, BucketObject: 10, Upload: 5}  # of a project


class Stage:
    """The people, each in a project, and what they have to put in."""

    def __init__(self, url: str, contents: Contents, seed: str) -> None:
        self.contents, self.notes = contents, Notes()
        projects = {name: project_of(account, HERE) for name, account in ACCOUNTS.items()}
        self.far = project_of("Acme", FAR)
        self.people = [Person(name, url, project, self.notes, seed) for name, project in projects.items()]
        self._number, self._lock = 0, threading.Lock()

    def name(self, tag: str) -> str:
        """A new name; what it begins with says what must be in it."""
        with self._lock:
            self._number += 1
            return f"{tag}-{self._number}"


Deed = Callable[[Stage, Person], None]


@dataclass(frozen=True)
class Doing:
    """A deed, and who does it; it begins work of that kind, if any."""

    kind: str
    who: tuple[str, ...]
    do: Deed


DOINGS: list[Doing] = []


def does(kind: str = "", who: tuple[str, ...] = WRITERS) -> Callable[[Deed], Deed]:
    def decorate(deed: Deed) -> Deed:
        DOINGS.append(Doing(kind, who, deed))
        return deed

    return decorate


def project_of(account: str, region: str) -> Project:
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


def tag_of_disk(disk: Disk) -> str:
    """What is in it: its image's content; nothing, when it came with a server, whose name it bears."""
    if disk.image:
        return tag_of(disk.image)
    return "blank" if "-data-" in disk.name else tag_of(disk)
