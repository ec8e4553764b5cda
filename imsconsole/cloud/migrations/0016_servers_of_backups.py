"""A server says of which backup it was made: a full-ECS image of one that is of a legacy backup is not shared (R17)."""

import django.db.models.deletion
from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor


def ask_their_jobs(apps: Apps, _editor: BaseDatabaseSchemaEditor) -> None:
    """Of a server that is there already the job knows that created it: it was given the backup's stored system disk,
    whose reference begins with the ID of the backup's disk.
    """
    BackupDisk, Server = apps.get_model("cloud", "BackupDisk"), apps.get_model("cloud", "Server")
    disks = BackupDisk.objects.filter(index=0).values_list("pk", "backup")
    backups = {str(pk): backup for pk, backup in disks}
    created = apps.get_model("jobs", "Job").objects.filter(kind="server.create")
    for server, args in created.values_list("subject_id", "args").iterator():
        if backup := backups.get(args.get("image_ref", "")[:36]):
            Server.objects.filter(pk=server).update(restored_from=backup)


class Migration(migrations.Migration):
    dependencies = [("cloud", "0001_squashed_0015_verified_backups"), ("jobs", "0001_squashed_0003_find_jobs_by_their_end")]

    operations = [
        migrations.AddField(
            model_name="server",
            name="restored_from",
            field=models.ForeignKey(
                editable=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="cloud.backup",
            ),
        ),
        migrations.RunPython(ask_their_jobs, migrations.RunPython.noop, elidable=True),
    ]
