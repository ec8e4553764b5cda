"""An index for operators' list of all jobs."""

from django.db import migrations, models


class Migration(migrations.Migration):
    while_running = True
    dependencies = [("jobs", "0008_put_off")]

    operations = [
        migrations.AddIndex(
            model_name="job", index=models.Index(fields=["-created_at", "-id"], name="job_latest")
        )
    ]
