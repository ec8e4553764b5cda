"""What disks said of their bytes becomes rows: disks that were links of the same file refer to the same one.

One of the links is kept, an undamaged one if there is one. Each other gets a row that nobody has, and so do links that
unfinished work held: the clock deletes them as it does all unused bytes. Unfinished work goes on by the new rows.
"""

from collections.abc import Iterator
from heapq import merge
from itertools import groupby, islice
from operator import itemgetter
from typing import Any
from uuid import UUID

from django.db import migrations
from django.db.models import F, Q, Value
from django.db.models.functions import Concat

AT_ONCE = 1000
DISK = ("ref", "format", "size_bytes", "virtual_size_bytes", "checksum", "verified_at", "damaged_at")
UNFINISHED = ("queued", "running", "failed")
COPIES = ("image.copy", "image.copy-across", "share.give-copy")


def name_algorithms(apps: Any, schema_editor: Any) -> None:
    for app, name, field in (
        ("images", "ImageDisk", "checksum"),
        ("images", "ImageDisk", "source_checksum"),
        ("cloud", "BackupDisk", "checksum"),
    ):
        rows = apps.get_model(app, name).objects.exclude(**{field: ""})
        rows.update(**{field: Concat(Value("sha256:"), F(field))})


def make_rows(apps: Any, schema_editor: Any) -> None:
    disks = [
        apps.get_model(app, name).objects.exclude(ref="")
        for app, name in (("images", "ImageDisk"), ("cloud", "BackupDisk"))
    ]
    model, kept = apps.get_model("cloud", "StoredBytes"), dict[UUID, UUID]()
    rows = (model(**row) for links in _links(*disks) for row in _rows(links, kept))
    while batch := list(islice(rows, AT_ONCE)):
        model.objects.bulk_create(batch)
    for each in disks:
        each.update(stored_id=F("id"))
        for pk, first in kept.items():
            each.filter(pk=pk).update(stored_id=first)


def _links(image_disks: Any, backup_disks: Any) -> Iterator[list[dict[str, Any]]]:
    """What is known of each file of a store by its names, file by file."""
    of_images = image_disks.annotate(
        region=F("image__region_id"), at=F("image__created_at"), gone=Q(image__status="deleted"), same=F("bytes_id")
    )
    of_backups = backup_disks.annotate(
        region=F("backup__project__region_id"),
        at=F("backup__created_at"),
        gone=Q(backup__deleted_at__isnull=False),
        same=F("id"),
    )
    values = ("id", "same", "region", "at", "gone", *DISK)
    found = (each.order_by("same").values(*values).iterator(AT_ONCE) for each in (of_images, of_backups))
    for _same, links in groupby(merge(*found, key=itemgetter("same")), key=itemgetter("same")):
        yield list(links)


def _rows(links: list[dict[str, Any]], kept: dict[UUID, UUID]) -> Iterator[dict[str, Any]]:
    """A row for each link, under the ID that it was stored under; `kept` is told which one all of their disks get."""
    links.sort(key=lambda link: (link["damaged_at"] is not None, link["gone"], link["at"]))
    seen = max(filter(None, (link["verified_at"] for link in links)), default=None)
    for link in links:
        row = {name: link[name] for name in ("id", *DISK)}
        yield row | {"region_id": link["region"], "created_at": link["at"], "verified_at": seen}
        if link is not links[0]:
            kept[link["id"]] = links[0]["id"]


def carry_jobs_over(apps: Any, schema_editor: Any) -> None:
    """Unfinished work does again what it did with links, and uses the bytes it was told of."""
    for job in apps.get_model("jobs", "Job").objects.filter(state__in=UNFINISHED).iterator(AT_ONCE):
        for step, result in list(job.results.items()):
            links = _made(step, result, job)
            project = (step == "transfer" and job.target) or job.project
            _keep_unused(links, project, apps)
            if links or step in ("take", "link", "transfer"):
                del job.results[step]
            else:
                _name_algorithm(result)
        job.args |= _args(job, apps)
        job.save(update_fields=["args", "results"])
        if job.state != "failed":
            _use(job, apps)


def _made(step: str, result: dict[str, Any], job: Any) -> dict[str, Any]:
    """The links that a finished step has made, by the ID each was stored under."""
    if step == "take":
        held = {disk["id"]: disk["held"] for disk in job.args["disks"]}
        return {held[pk]: link for pk, link in result.items()}
    if step == "transfer":
        return dict(result.get("backed_up", {}))
    rows = result.get("rows") or [{"id": pk, **row} for pk, row in result.items() if isinstance(row, dict)]
    return {row["id"]: row for row in rows if "bytes_id" in row}


def _keep_unused(links: dict[str, Any], project: Any, apps: Any) -> None:
    stored = apps.get_model("cloud", "StoredBytes")
    for pk, link in links.items():
        if not stored.objects.filter(Q(pk=pk) | Q(region_id=project.region_id, ref=link["ref"])).exists():
            stored.objects.create(pk=UUID(pk), region_id=project.region_id, ref=link["ref"])


def _name_algorithm(result: Any) -> None:
    """Of each stored disk in what a step returned."""
    if isinstance(result, dict) and {"ref", "sha256"} <= result.keys():
        for old, new in (("sha256", "checksum"), ("source_sha256", "source_checksum")):
            if old in result:
                digits = result.pop(old)
                result[new] = digits and f"sha256:{digits}"
    for each in result.values() if isinstance(result, dict) else result if isinstance(result, list) else ():
        _name_algorithm(each)


def _args(job: Any, apps: Any) -> dict[str, Any]:
    """What its kind is told today instead of the disks it reads."""
    if job.kind == "image.verify-stored":
        return {"stored": []}
    if job.kind not in COPIES:
        return {}
    model = apps.get_model("images", "ImageDisk")
    return {"disks": [disk | _source(model.objects.filter(pk=disk["source"]).first()) for disk in job.args["disks"]]}


def _source(disk: Any) -> dict[str, Any]:
    if disk is None or disk.stored_id is None:
        return {}
    return {
        "stored": str(disk.stored_id),
        "index": disk.index,
        "role": disk.role,
        "source_format": disk.format,
        "source_size_bytes": disk.size_bytes,
        "source_checksum": disk.checksum,
    }


def _use(job: Any, apps: Any) -> None:
    """By reference, or by ID."""
    stored, use = apps.get_model("cloud", "StoredBytes"), apps.get_model("cloud", "BytesUse")
    ids = [disk["stored"] for disk in job.args["disks"] if "stored" in disk] if job.kind in COPIES else []
    refs = [job.args.get("image_ref"), job.args.get("cd_ref"), *job.args.get("disk_refs", {}).values()]
    used = stored.objects.filter(Q(pk__in=ids) | Q(ref__in=[ref for ref in refs if ref]))
    use.objects.bulk_create(use(stored=each, job=job) for each in used)


class Migration(migrations.Migration):
    dependencies = [("images", "0030_stored_bytes"), ("jobs", "0005_ids_by_time")]

    operations = [
        migrations.RunPython(name_algorithms, migrations.RunPython.noop),
        migrations.RunPython(make_rows, migrations.RunPython.noop),
        migrations.RunPython(carry_jobs_over, migrations.RunPython.noop),
    ]
