"""What stored bytes say is no more said by the disks of backups."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("cloud", "0032_stored_bytes"), ("images", "0031_share_bytes")]

    operations = [
        migrations.RemoveField(model_name="backupdisk", name="ref"),
        migrations.RemoveField(model_name="backupdisk", name="verified_at"),
        migrations.RemoveField(model_name="backupdisk", name="damaged_at"),
    ]
