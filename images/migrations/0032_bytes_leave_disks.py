"""What stored bytes say is no more said by the disks of images."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("images", "0031_share_bytes")]

    operations = [
        migrations.RemoveIndex(model_name="imagedisk", name="image_disk_bytes"),
        migrations.RemoveIndex(model_name="imagedisk", name="image_disk_damaged"),
        migrations.RemoveField(model_name="imagedisk", name="ref"),
        migrations.RemoveField(model_name="imagedisk", name="bytes_id"),
        migrations.RemoveField(model_name="imagedisk", name="verified_at"),
        migrations.RemoveField(model_name="imagedisk", name="damaged_at"),
    ]
