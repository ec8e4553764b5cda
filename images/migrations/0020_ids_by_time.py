"""New rows get IDs that begin with the time. No column changes."""

import imsconsole.core.ids
from django.db import migrations, models

from imsconsole.core.operations import DescribeField


class Migration(migrations.Migration):
    dependencies = [("images", "0019_lists_by_index")]

    operations = [
        DescribeField(
            model_name='image',
            name='id',
            field=models.UUIDField(default=imsconsole.core.ids.new_id, editable=False, primary_key=True, serialize=False, verbose_name='image ID'),
        ),
        DescribeField(
            model_name='imagedisk',
            name='bytes_id',
            field=models.UUIDField(default=imsconsole.core.ids.new_id, editable=False),
        ),
        DescribeField(
            model_name='imagedisk',
            name='id',
            field=models.UUIDField(default=imsconsole.core.ids.new_id, editable=False, primary_key=True, serialize=False),
        ),
        DescribeField(
            model_name='publicsource',
            name='id',
            field=models.UUIDField(default=imsconsole.core.ids.new_id, editable=False, primary_key=True, serialize=False),
        ),
        DescribeField(
            model_name='upload',
            name='id',
            field=models.UUIDField(default=imsconsole.core.ids.new_id, editable=False, primary_key=True, serialize=False),
        ),
    ]
