"""The prices of flavors and disks are found without reading those of every listing."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("market", "0004_words_of_fields")]
    operations = [
        migrations.AddIndex(
            model_name="price",
            index=models.Index(
                condition=models.Q(("of", "listing"), _negated=True),
                fields=["valid_from"],
                name="price_of_platform",
            ),
        ),
    ]
