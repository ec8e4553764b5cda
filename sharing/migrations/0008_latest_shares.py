"""An index for operators' list of all shares."""

from django.db import migrations, models


class Migration(migrations.Migration):
    while_running = True
    dependencies = [("sharing", "0007_notes_and_recipients")]

    operations = [
        migrations.AddIndex(
            model_name="share", index=models.Index(fields=["-created_at", "id"], name="share_latest")
        )
    ]
