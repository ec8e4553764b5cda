"""What a project uses of servers, disks, vaults and buckets."""

from imsconsole.jobs.counters import Counted

COUNTED = (
    Counted(  # the size of a flavor never changes
        "cloud_server",
        {
            "servers": "1",
            "vcpus": "(SELECT vcpus FROM cloud_flavor WHERE name = {row}.flavor_id)",
            "memory_mb": "(SELECT memory_mb FROM cloud_flavor WHERE name = {row}.flavor_id)",
        },
        only="{row}.deleted_at IS NULL",
    ),
    Counted("cloud_disk", {"disks": "1", "disk_gb": "{row}.size_gb"}, only="{row}.deleted_at IS NULL"),
    Counted("cloud_vault", {"vault_gb": "{row}.capacity_gb"}, only="{row}.deleted_at IS NULL"),
    Counted("cloud_bucket", {"buckets": "1"}),
    Counted(
        "cloud_bucketobject",
        {"bucket_bytes": "{row}.size_bytes"},
        project="(SELECT project_id FROM cloud_bucket WHERE id = {row}.bucket_id)",
    ),
)
