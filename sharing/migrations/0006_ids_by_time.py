"""New rows get IDs that begin with the time. No column changes."""

import imsconsole.core.ids
from django.db import migrations, models

from imsconsole.core.operations import DescribeField


class Migration(migrations.Migration):
    dependencies = [("sharing", "0005_offers_by_index")]

    operations = [
        DescribeField(
            model_name='share',
            name='id',
            field=models.UUIDField(default=imsconsole.core.ids.new_id, editable=False, primary_key=True, serialize=False),
        ),
    ]
