"""Disks of images refer to stored bytes, which have rows of their own, and say by which algorithm a checksum is."""

import django.db.models.deletion
from django.db import migrations, models

from imsconsole.core.operations import DescribeField


class Migration(migrations.Migration):
    dependencies = [("cloud", "0032_stored_bytes"), ("images", "0029_examined_uploads")]

    operations = [
        migrations.RenameModel(old_name="StoredBytes", new_name="ProjectBytes"),
        migrations.AddField(
            model_name="imagedisk",
            name="stored",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="%(class)ss",
                to="cloud.storedbytes",
                verbose_name="stored bytes",
            ),
        ),
        migrations.RenameField(model_name="imagedisk", old_name="sha256", new_name="checksum"),
        migrations.AlterField(
            model_name="imagedisk",
            name="checksum",
            field=models.CharField(blank=True, max_length=160, verbose_name="checksum"),
        ),
        DescribeField(
            model_name="imagedisk",
            name="size_bytes",
            field=models.BigIntegerField(default=0, verbose_name="size in the store"),
        ),
        migrations.RenameField(
            model_name="imagedisk", old_name="source_sha256", new_name="source_checksum"
        ),
        migrations.AlterField(
            model_name="imagedisk",
            name="source_checksum",
            field=models.CharField(blank=True, max_length=160, verbose_name="checksum of what came in"),
        ),
    ]
