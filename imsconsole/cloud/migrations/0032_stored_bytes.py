"""Stored bytes have rows of their own. What is in the rows of disks becomes them in `images.0031_share_bytes`."""

import django.db.models.deletion
from django.db import migrations, models

import imsconsole.core.ids
import imsconsole.core.now


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0008_region_engines"),
        ("cloud", "0031_where_guests_are_reached"),
        ("jobs", "0005_ids_by_time"),
    ]

    operations = [
        migrations.CreateModel(
            name="StoredBytes",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=imsconsole.core.ids.new_id, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("ref", models.CharField(max_length=255, verbose_name="place in the store")),
                ("format", models.CharField(default="qcow2", max_length=8, verbose_name="stored as")),
                ("size_bytes", models.BigIntegerField(default=0, verbose_name="size in the store")),
                ("virtual_size_bytes", models.BigIntegerField(default=0)),
                ("checksum", models.CharField(blank=True, max_length=160, verbose_name="checksum")),
                ("created_at", models.DateTimeField(default=imsconsole.core.now.now, verbose_name="created")),
                ("verified_at", models.DateTimeField(blank=True, null=True, verbose_name="verified")),
                ("damaged_at", models.DateTimeField(blank=True, null=True, verbose_name="found damaged")),
                ("doomed_at", models.DateTimeField(blank=True, null=True, verbose_name="deleted")),
                (
                    "region",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.region",
                        verbose_name="region",
                    ),
                ),
            ],
            options={
                "verbose_name": "stored bytes",
                "verbose_name_plural": "stored bytes",
                "ordering": ["-created_at", "pk"],
                "indexes": [
                    models.Index(fields=["-created_at", "id"], name="stored_bytes_created"),
                    models.Index(
                        condition=models.Q(("damaged_at__isnull", False)),
                        fields=["damaged_at"],
                        name="stored_bytes_damaged",
                    ),
                    models.Index(
                        condition=models.Q(("doomed_at__isnull", False)),
                        fields=["doomed_at"],
                        name="bytes_doomed",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("region", "ref"), name="stored_bytes_have_one_row")
                ],
            },
        ),
        migrations.CreateModel(
            name="BytesUse",
            fields=[
                (
                    "id",
                    models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"),
                ),
                (
                    "job",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="jobs.job",
                    ),
                ),
                (
                    "stored",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="uses",
                        to="cloud.storedbytes",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("stored", "job"), name="bytes_used_once_by_a_job")
                ],
            },
        ),
        migrations.AddField(
            model_name="backupdisk",
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
        migrations.RenameField(model_name="backupdisk", old_name="sha256", new_name="checksum"),
        migrations.AlterField(
            model_name="backupdisk",
            name="checksum",
            field=models.CharField(blank=True, max_length=160, verbose_name="checksum"),
        ),
    ]
