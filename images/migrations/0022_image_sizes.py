"""What the files of an image take in the store stands in its row, so that lists can be sorted by it."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("images", "0021_search_by_parts")]

    operations = [
        migrations.AddField(
            "image", "size_bytes", models.BigIntegerField(default=0, verbose_name="image size")
        ),
        migrations.AddIndex(
            "image",
            models.Index(
                fields=["project", "size_bytes", "id"],
                condition=models.Q(("status__in", ["deleted", "trashed"]), _negated=True),
                name="image_by_size_bytes",
            ),
        ),
    ]
