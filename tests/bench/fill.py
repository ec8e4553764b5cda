"""A catalogue as large as one asks for, in the shape of a real one, written by `COPY` or in batches.

Of the images half are one project's own, of whose a tenth of all is shared with others; a tenth comes shared from
others, 5 % are public, 5 % on the market; the rest is other projects', of which there are 10,000. Each has a disk and two tags. Besides there are
up to 5,000 servers of the project and a job and a line of the trail for every tenth image.
"""

import json
import random
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import chain, islice
from typing import Any

from django.db import connection, transaction
from django.db.models import Model
from psycopg.types.json import Jsonb

from images.models import Image, ImageDisk, ImageTag, OsVersion
from imsconsole.accounts.models import Account, AvailabilityZone, Membership, Project, Region, Role, User
from imsconsole.accounts.resources import TITLES
from imsconsole.audit.models import Event
from imsconsole.cloud.models import Disk, Flavor, Server, StoredBytes
from imsconsole.core.triggers import drop_triggers
from imsconsole.demo.furnish import furnish_flavors
from imsconsole.jobs.counters import count_anew
from imsconsole.jobs.models import Job
from market.models import Acceptance, Edition, Listing, ListingVersion, Price, Publisher
from sharing.models import Share

PROJECT, OTHERS, ACCOUNTS = "bench", 10_000, 1_000
SERVERS = 5_000
BATCH = 2_000
ESCAPED = str.maketrans({"\\": r"\\", "\n": r"\n", "\t": r"\t", "\r": r"\r"})
LATEST = datetime(2026, 1, 1, tzinfo=UTC)
WORDS = (
    "nginx",
    "mysql",
    "redis",
    "gitlab",
    "jenkins",
    "kafka",
    "builder",
    "web",
    "worker",
    "desktop",
    "数据库",
    "网站",
)
STATUSES = ("active",) * 46 + ("saving", "killed", "frozen", "queued")
TAGS = {"env": ("prod", "test", "dev", "stage"), "team": tuple(f"team-{number}" for number in range(50))}


class Shape:
    """Which part of the images one is, by its number: they are mixed as in a catalogue that grew."""

    def __init__(self, number: int) -> None:
        part = number * 7 % 20  # 0 … 19, each as often
        self.is_own, self.is_shared_out = part < 10, part < 2
        self.is_received, self.is_public, self.is_market = part in (10, 11), part == 12, part == 13
        self.is_private = not (self.is_public or self.is_market)


def fill(count: int) -> None:
    """An empty, migrated database with `count` images. The same every time, but for the secrets of the rows' keys."""
    chance = random.Random(count)
    furnish_flavors()
    world = World()
    systems = list(OsVersion.objects.order_by("pk"))
    ids = [uuid.uuid4() for _ in range(count)]
    shapes = [Shape(number) for number in range(count)]
    sizes = [chance.randrange(10**8, 10**10) for _ in range(count)]

    def made(number: int) -> datetime:
        return LATEST - timedelta(seconds=60 * (count - number) * 1_000_000 / count)

    def images() -> Iterator[dict[str, Any]]:
        for number, (pk, shape) in enumerate(zip(ids, shapes, strict=True)):
            created = made(number)
            status = STATUSES[number * 31 % 50] if shape.is_own else "active"
            yield {
                "id": pk,
                "project_id": world.owner(shape, number),
                "category": "public" if shape.is_public else "market" if shape.is_market else "private",
                "name": f"{WORDS[number % 12]}-{number:07}",
                "status": status,
                "type": ("system", "system", "system", "data", "iso")[number // 20 % 5],
                "os_version_id": systems[number % len(systems)].pk,
                "min_disk_gb": 1 + number * 17 % 200,
                "size_bytes": sizes[number],
                "created_by_id": world.user.pk,
                "created_at": created,
                "updated_at": created + timedelta(hours=number % 999),
                "active_at": created,
            }

    drop_triggers()
    with transaction.atomic(), _unchecked(), _without_indexes():
        write(Image, Image(region=world.region), images())
        facts = [
            {"size_bytes": size, "virtual_size_bytes": 4 * size, "checksum": f"sha256:{number:064x}"}
            for number, size in enumerate(sizes)
        ]
        files = (
            {"id": pk, "ref": f"{pk}.qcow2", "created_at": made(number), **facts[number]}
            for number, pk in enumerate(ids)
        )
        write(StoredBytes, StoredBytes(region=world.region), files)
        disks = (
            {"id": uuid.uuid4(), "image_id": pk, "stored_id": pk, **about}
            for pk, about in zip(ids, facts, strict=True)
        )
        write(ImageDisk, ImageDisk(role="system"), disks)
        tags = (
            {"image_id": pk, "key": key, "value": values[number * 11 % len(values)]}
            for number, pk in enumerate(ids)
            for key, values in TAGS.items()
        )
        write(ImageTag, ImageTag(), tags)
        write(Share, Share(status="accepted"), world.shares(ids, shapes))
        others = [pk for pk, shape in zip(ids, shapes, strict=True) if shape.is_private and not shape.is_own]
        world.fill_market([pk for pk, shape in zip(ids, shapes, strict=True) if shape.is_market], others)
        own = [pk for pk, shape in zip(ids, shapes, strict=True) if shape.is_own]
        world.fill_servers(own)
        world.fill_past(own[:: max(1, len(own) * 10 // count)])
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")  # or it is planned for empty tables
    count_anew()
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE" if connection.vendor == "postgresql" else "PRAGMA optimize = 0x10002")


@contextmanager
def _unchecked() -> Iterator[None]:
    """What is written refers to rows that are there: to look for each takes PostgreSQL minutes."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET session_replication_role = replica")
        yield
        if connection.vendor == "postgresql":
            cursor.execute("SET session_replication_role = DEFAULT")


@contextmanager
def _without_indexes() -> Iterator[None]:
    """PostgreSQL makes them afterwards in a fraction of the time."""
    if connection.vendor != "postgresql":
        yield
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = current_schema() "
            "AND indexname NOT IN (SELECT conname FROM pg_constraint)"
        )
        found = cursor.fetchall()
        for name, _definition in found:
            cursor.execute(f'DROP INDEX "{name}"')
        yield
        cursor.execute("SET LOCAL maintenance_work_mem = '512MB'")
        for _name, definition in found:
            cursor.execute(definition)


class World:
    """Who is there, and what hangs on the images."""

    def __init__(self) -> None:
        self.region = Region.objects.create(code="bench", name="Bench")
        self.zone = AvailabilityZone.objects.create(region=self.region, code="bench-1", name="1")
        account = Account.objects.create(name=PROJECT)
        limits = dict.fromkeys(TITLES, 10**18)
        self.project = Project.objects.create(
            account=account, region=self.region, name=PROJECT, quotas=limits
        )
        self.user = User.objects.create_user(PROJECT)
        Membership.objects.create(user=self.user, account=account, role=Role.FULL_ACCESS)
        foreign = Account.objects.bulk_create(Account(name=f"others-{number}") for number in range(ACCOUNTS))
        self.others = Project.objects.bulk_create(
            Project(account=foreign[number % ACCOUNTS], region=self.region, name=f"other-{number}")
            for number in range(OTHERS)
        )
        self.publisher = Publisher.objects.create(account=foreign[0], name="Bench", state="approved")

    def owner(self, shape: Shape, number: int) -> uuid.UUID | None:
        if not shape.is_private:
            return None
        return self.project.pk if shape.is_own else self.others[number // 20 % OTHERS].pk

    def shares(self, ids: list[uuid.UUID], shapes: list[Shape]) -> Iterator[dict[str, Any]]:
        for number, (pk, shape) in enumerate(zip(ids, shapes, strict=True)):
            other = self.others[number // 20 % OTHERS].pk
            if shape.is_shared_out:
                yield {"id": uuid.uuid4(), "image_id": pk, "owner_id": self.project.pk, "project_id": other}
            if shape.is_received:
                yield {"id": uuid.uuid4(), "image_id": pk, "owner_id": other, "project_id": self.project.pk}

    def fill_market(self, images: list[uuid.UUID], offered: list[uuid.UUID]) -> None:
        listings = [uuid.uuid4() for _ in images]
        versions = [uuid.uuid4() for _ in images]
        write(
            Listing,
            Listing(publisher=self.publisher, project=self.others[0]),
            ({"id": pk} for pk in listings),
        )
        sold = ListingVersion(
            version="1.0", summary="Ready to use", category="web", support="help@example.org",
            terms="Use it well.", state="published", published_at=LATEST,
        )  # fmt: skip
        titled = (
            {
                "id": pk,
                "listing_id": listing,
                "title": f"Product {number}",
                "image_id": offered[number % len(offered)],
            }
            for number, (pk, listing) in enumerate(zip(versions, listings, strict=True))
        )
        write(ListingVersion, sold, titled)
        editions = (
            {"version_of_id": pk, "image_id": image} for pk, image in zip(versions, images, strict=True)
        )
        write(Edition, Edition(region=self.region), editions)
        free = Price(of="listing", unit="free", valid_from=LATEST, created_at=LATEST, created_by=self.user)
        write(Price, free, ({"id": uuid.uuid4(), "listing_id": pk} for pk in listings))
        accepted = ({"version_of_id": pk} for pk in versions[:100])
        write(Acceptance, Acceptance(project=self.project, accepted_by=self.user), accepted)

    def fill_servers(self, images: list[uuid.UUID]) -> None:
        flavor = Flavor.objects.order_by("pk").first()
        count = min(SERVERS, len(images))
        ids = [uuid.uuid4() for _ in range(count)]
        template = Server(project=self.project, zone=self.zone, flavor=flavor, created_by=self.user)
        servers = (
            {"id": pk, "name": f"server-{number}", "image_id": images[number % len(images)],
             "status": ("running", "stopped")[number % 2], "mac": f"02:00:00:00:{number // 256:02x}:{number % 256:02x}",
             "private_ip": f"10.0.{number // 250}.{number % 250 + 2}", "created_at": LATEST - timedelta(minutes=number)}
            for number, pk in enumerate(ids)
        )  # fmt: skip
        write(Server, template, servers)
        disk = Disk(project=self.project, zone=self.zone, role="system", status="in-use", size_gb=10)
        disks = (
            {
                "id": uuid.uuid4(),
                "server_id": pk,
                "name": f"server-{number}",
                "image_id": images[number % len(images)],
            }
            for number, pk in enumerate(ids)
        )
        write(Disk, disk, disks)

    def fill_past(self, images: list[uuid.UUID]) -> None:
        job = Job(
            kind="image.create-from-file", path="images.create.jobs.CreateFromFile", project=self.project,
            subject_kind="image", state="done", attempt=1, started_at=LATEST, finished_at=LATEST,
        )  # fmt: skip
        jobs = ({"id": uuid.uuid4(), "subject_id": pk, "subject_name": str(pk)} for pk in images)
        write(Job, job, jobs)
        event = Event(
            user=self.user, user_name=PROJECT, account=self.project.account, project=self.project,
            action="createImage", resource_type="image",
        )  # fmt: skip
        events = ({"resource_id": str(pk), "resource_name": str(pk)} for pk in images)
        write(Event, event, events)


def write(model: type[Model], template: Model, rows: Iterator[dict[str, Any]]) -> None:
    """Rows like the template but for the columns that each names; all name the same."""
    first = next(rows, None)
    if first is None:
        return
    fields = [field for field in model._meta.concrete_fields if not field.generated]
    if "id" not in first and model._meta.auto_field:
        fields = [field for field in fields if field is not model._meta.auto_field]
    usual = {
        field.attname: field.get_db_prep_save(field.pre_save(template, add=True), connection)
        for field in fields
        if field.attname not in first
    }
    named = [field for field in fields if field.attname in first]
    columns = [field.column for field in named] + [field.column for field in fields if field.attname in usual]
    table = connection.ops.quote_name(model._meta.db_table)
    names = ", ".join(map(connection.ops.quote_name, columns))
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            end = "".join(f"\t{_text(value)}" for value in usual.values()) + "\n"
            lines = (
                "\t".join([_text(row[field.attname]) for field in named]) + end
                for row in chain([first], rows)
            )
            with cursor.copy(f"COPY {table} ({names}) FROM STDIN") as copy:
                while some := "".join(islice(lines, BATCH)):
                    copy.write(some)
            return
        insert = f"INSERT INTO {table} ({names}) VALUES ({', '.join(['%s'] * len(columns))})"
        values = (
            [*(field.get_db_prep_save(row[field.attname], connection) for field in named), *usual.values()]
            for row in chain([first], rows)
        )
        while batch := list(islice(values, BATCH)):
            cursor.executemany(insert, batch)


def _text(value: Any) -> str:
    """As `COPY` reads it."""
    if value is None:
        return "\\N"
    if isinstance(value, bool):
        return "t" if value else "f"
    said = json.dumps(getattr(value, "obj", value)) if isinstance(value, dict | list | Jsonb) else str(value)
    return said.translate(ESCAPED)
