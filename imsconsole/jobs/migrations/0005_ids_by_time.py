"""New rows get IDs that begin with the time. No column changes."""

import imsconsole.core.ids
from django.db import migrations, models

from imsconsole.core.operations import DescribeField


class Migration(migrations.Migration):
    dependencies = [("jobs", "0004_quota_changes")]

    operations = [
        DescribeField(
            model_name='job',
            name='id',
            field=models.UUIDField(default=imsconsole.core.ids.new_id, editable=False, primary_key=True, serialize=False),
        ),
    ]
