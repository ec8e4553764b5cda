"""What a project uses of servers, disks, vaults and buckets."""

from uuid import UUID

from django.db.models import Count, F, Sum

from imsconsole.cloud.models import Bucket, BucketObject, Disk, Server, Vault
from imsconsole.jobs.quotas import Counts, Rows, per_project


def _servers(projects: list[UUID]) -> Rows:
    sums = {"vcpus": Sum("flavor__vcpus"), "memory_mb": Sum("flavor__memory_mb")}
    return per_project(Server.objects.existing(), projects).annotate(servers=Count("pk"), **sums)


def _disks(projects: list[UUID]) -> Rows:
    return per_project(Disk.objects.existing(), projects).annotate(disks=Count("pk"), disk_gb=Sum("size_gb"))


def _vaults(projects: list[UUID]) -> Rows:
    return per_project(Vault.objects.existing(), projects).annotate(vault_gb=Sum("capacity_gb"))


def _buckets(projects: list[UUID]) -> Rows:
    return per_project(Bucket.objects.all(), projects).annotate(buckets=Count("pk"))


def _objects(projects: list[UUID]) -> Rows:
    objects = BucketObject.objects.filter(bucket__project__in=projects)
    return objects.order_by().values(project=F("bucket__project")).annotate(bucket_bytes=Sum("size_bytes"))


COUNTS: Counts = {
    ("servers", "vcpus", "memory_mb"): _servers,
    ("disks", "disk_gb"): _disks,
    ("vault_gb",): _vaults,
    ("buckets",): _buckets,
    ("bucket_bytes",): _objects,
}
