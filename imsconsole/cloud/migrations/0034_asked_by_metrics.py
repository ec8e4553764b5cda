"""Indexes for what `/metrics` asks each time: servers by state, and the stored file that was not read for longest."""

from django.db import migrations, models
from django.db.models.functions import Coalesce


class Migration(migrations.Migration):
    while_running = True
    dependencies = [("cloud", "0033_bytes_leave_disks")]

    operations = [
        migrations.AddIndex(
            model_name="server",
            index=models.Index(condition=models.Q(("deleted_at", None)), fields=["status"], name="server_status"),
        ),
        migrations.AddIndex(
            model_name="storedbytes",
            index=models.Index(
                Coalesce(models.F("verified_at"), models.F("created_at")),
                condition=models.Q(("doomed_at", None), models.Q(("checksum", ""), _negated=True)),
                name="bytes_seen",
            ),
        ),
    ]
