"""An index for operators' list of all images."""

from django.db import migrations, models


class Migration(migrations.Migration):
    while_running = True
    dependencies = [("images", "0033_images_of_clouds")]

    operations = [
        migrations.AddIndex(
            model_name="image", index=models.Index(fields=["-created_at", "-id"], name="image_latest")
        )
    ]
