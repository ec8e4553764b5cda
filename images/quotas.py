"""What a project uses of images, of uploads, and of the store that images share with backups."""

from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

from django.db import connection, transaction

from images.models import Image, ProjectBytes
from images.models.sizes import Sizes
from imsconsole.core.contention import retried
from imsconsole.core.triggers import Trigger
from imsconsole.jobs.counters import Counted

STORE = ProjectBytes._meta.db_table
OF_TYPE = {type_: f"{type_}_bytes" for type_ in Image.Type.values}  # the resource that has their sum


@dataclass(frozen=True)
class Links:
    """Disks that are links to stored bytes: their table, that of what they are disks of, and when that is there."""

    disks: str
    owners: str
    owner_id: str
    type: str
    is_there: str

    def query(self, only: str = "TRUE") -> str:
        """What is there of `disk`, in short for the disk's row, and `owner`."""
        return (
            f"SELECT owner.project_id AS project_id, disk.stored_id AS bytes_id, "
            f"{self.type.format(row='owner')} AS type, disk.size_bytes AS size_bytes "
            f"FROM {self.disks} AS disk JOIN {self.owners} AS owner ON owner.id = disk.{self.owner_id} "
            f"WHERE {self.is_there.format(row='owner')} AND owner.project_id IS NOT NULL "
            f"AND disk.stored_id IS NOT NULL AND {only}"
        )

    def triggers(self) -> Iterator[Trigger]:
        """The bytes of each disk that changes, and of each thing that comes, goes, or changes hands."""
        columns = (self.owner_id, "stored_id", "size_bytes")
        changed = " OR ".join(f"OLD.{column} IS DISTINCT FROM NEW.{column}" for column in columns)
        new, old = self._of_disk("NEW"), self._of_disk("OLD")
        yield Trigger("store", self.disks, "INSERT", _kept(new))
        yield Trigger("store", self.disks, "UPDATE", _kept(new) + _kept(old), columns, changed)
        yield Trigger("store", self.disks, "DELETE", _kept(old))
        facts = (f"({self.is_there})", self.type, "{row}.project_id")
        changed = " OR ".join(
            f"{fact.format(row='OLD')} IS DISTINCT FROM {fact.format(row='NEW')}" for fact in facts
        )
        new, old = self._of_owner("NEW"), self._of_owner("OLD")
        yield Trigger("store", self.owners, "UPDATE", _kept(new) + _kept(old), when=changed)
        yield Trigger("store", self.owners, "DELETE", _kept(old))

    def _of_disk(self, row: str) -> str:
        project = f"(SELECT project_id FROM {self.owners} WHERE id = {row}.{self.owner_id})"
        return f"SELECT {project} AS project_id, {row}.stored_id AS bytes_id"

    def _of_owner(self, row: str) -> str:
        of_disk = f"SELECT {row}.project_id AS project_id, disk.stored_id AS bytes_id"
        return f"{of_disk} FROM {self.disks} AS disk WHERE disk.{self.owner_id} = {row}.id"


LINKS = (
    Links("images_imagedisk", "images_image", "image_id", "{row}.type", "{row}.status <> 'deleted'"),
    Links("cloud_backupdisk", "cloud_backup", "backup_id", "'backup'", "{row}.deleted_at IS NULL"),
)


class Stored:
    """The rows of `ProjectBytes`. Whoever changes links to the same bytes holds their row until the transaction ends."""

    def triggers(self) -> Iterator[Trigger]:
        for links in LINKS:
            yield from links.triggers()

    def fill(self) -> None:
        links = " UNION ALL ".join(each.query() for each in LINKS)
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"DELETE FROM {STORE}")
            cursor.execute(
                f"INSERT INTO {STORE} (project_id, bytes_id, type, links, size_bytes) "
                f"SELECT project_id, bytes_id, MAX(type), COUNT(*), MAX(size_bytes) FROM ({links}) AS links "
                "GROUP BY project_id, bytes_id"
            )

    @retried
    @transaction.atomic
    def rebuild(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute(f"CREATE TEMPORARY TABLE wrong_bytes AS {_wrong()}")
            for statement in _kept("SELECT project_id, bytes_id FROM wrong_bytes"):
                cursor.execute(statement)
            cursor.execute("DROP TABLE wrong_bytes")

    def wrong(self) -> list[tuple[UUID, str]]:
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT project_id, COUNT(*) FROM ({_wrong()}) AS wrong GROUP BY project_id")
            return [(UUID(str(project)), f"{n} stored files") for project, n in cursor.fetchall()]


def _kept(keys: str) -> tuple[str, ...]:
    """Holds the rows of these keys (`project_id`, `bytes_id`), and makes of them what their links are by then."""
    these = f"{{disk}} = {STORE}.bytes_id AND owner.project_id = {STORE}.project_id"
    links = " UNION ALL ".join(each.query(these.format(disk="disk.stored_id")) for each in LINKS)
    return (
        f"INSERT INTO {STORE} (project_id, bytes_id, type, links, size_bytes) "
        f"SELECT project_id, bytes_id, '', 0, 0 FROM ({keys}) AS keys WHERE project_id IS NOT NULL AND bytes_id IS NOT NULL "
        f"GROUP BY project_id, bytes_id ORDER BY project_id, bytes_id "
        f"ON CONFLICT (project_id, bytes_id) DO UPDATE SET links = {STORE}.links",
        f"UPDATE {STORE} SET (type, links, size_bytes) = ("
        f"SELECT COALESCE(MAX(type), ''), COUNT(*), COALESCE(MAX(size_bytes), 0) FROM ({links}) AS links) "
        f"WHERE (project_id, bytes_id) IN ({keys})",
        f"DELETE FROM {STORE} WHERE links = 0 AND (project_id, bytes_id) IN ({keys})",
    )


def _wrong() -> str:
    """The keys of rows that are not what their links are."""
    links = " UNION ALL ".join(each.query() for each in LINKS)
    return (
        "SELECT project_id, bytes_id FROM ("
        "SELECT project_id, bytes_id, 1 AS links, type AS there, '' AS noted, size_bytes, 0 AS noted_bytes "
        f"FROM ({links}) AS links "
        f"UNION ALL SELECT project_id, bytes_id, -links, '', type, 0, size_bytes FROM {STORE}) AS compared "
        "GROUP BY project_id, bytes_id "
        "HAVING SUM(links) <> 0 OR MAX(there) <> MAX(noted) OR MAX(size_bytes) <> MAX(noted_bytes)"
    )


KEPT = (Stored(), Sizes())
COUNTED = (
    Counted("images_image", {"images": "1"}, only="{row}.status NOT IN ('deleted', 'trashed')"),
    Counted("images_upload", {"upload_bytes": "{row}.size_bytes"}),
    Counted("images_download", {"store_bytes": "{row}.size_bytes"}),
    Counted(
        STORE,
        {"store_bytes": "{row}.size_bytes"}
        | {
            resource: f"CASE {{row}}.type WHEN '{type_}' THEN {{row}}.size_bytes ELSE 0 END"
            for type_, resource in OF_TYPE.items()
        },
    ),
)
