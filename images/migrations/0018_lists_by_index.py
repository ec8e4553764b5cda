"""An index for each way in which lists of images are sorted, and for each kind of images that has a list."""

from datetime import date

from django.db import migrations, models
from django.db.models.functions import Coalesce


class Migration(migrations.Migration):
    dependencies = [("images", "0017_unknown_cloud_init")]

    operations = [
        migrations.AlterModelOptions(
            name="image",
            options={
                "ordering": ["-created_at", "-pk"],
                "verbose_name": "image",
                "verbose_name_plural": "images",
            },
        ),
        migrations.RemoveIndex(
            model_name="image",
            name="image_project_created",
        ),
        migrations.RemoveIndex(
            model_name="image",
            name="image_project_name",
        ),
        migrations.AddIndex(
            model_name="image",
            index=models.Index(
                condition=models.Q(("status__in", ["deleted", "trashed"]), _negated=True),
                fields=["project", "created_at", "id"],
                name="image_by_created_at",
            ),
        ),
        migrations.AddIndex(
            model_name="image",
            index=models.Index(
                condition=models.Q(("status__in", ["deleted", "trashed"]), _negated=True),
                fields=["project", "updated_at", "id"],
                name="image_by_updated_at",
            ),
        ),
        migrations.AddIndex(
            model_name="image",
            index=models.Index(
                condition=models.Q(("status__in", ["deleted", "trashed"]), _negated=True),
                fields=["project", "status", "id"],
                name="image_by_status",
            ),
        ),
        migrations.AddIndex(
            model_name="image",
            index=models.Index(
                condition=models.Q(("status__in", ["deleted", "trashed"]), _negated=True),
                fields=["project", "min_disk_gb", "id"],
                name="image_by_min_disk_gb",
            ),
        ),
        migrations.AddIndex(
            model_name="image",
            index=models.Index(
                models.F("region"),
                Coalesce(models.F("deprecated_on"), models.Value(date.min)),
                models.OrderBy(models.F("created_at"), descending=True),
                models.OrderBy(models.F("id"), descending=True),
                condition=models.Q(
                    models.Q(("status__in", ["deleted", "trashed"]), _negated=True),
                    ("category", "public"),
                    ("hidden", False),
                ),
                name="image_public",
            ),
        ),
    ]
