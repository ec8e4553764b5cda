"""New rows get IDs that begin with the time. No column changes."""

import imsconsole.core.ids
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("images", "0019_lists_by_index")]

    operations = [
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.AlterField(
                    model_name='image',
                    name='id',
                    field=models.UUIDField(default=imsconsole.core.ids.new_id, editable=False, primary_key=True, serialize=False, verbose_name='image ID'),
                ),
                migrations.AlterField(
                    model_name='imagedisk',
                    name='bytes_id',
                    field=models.UUIDField(default=imsconsole.core.ids.new_id, editable=False),
                ),
                migrations.AlterField(
                    model_name='imagedisk',
                    name='id',
                    field=models.UUIDField(default=imsconsole.core.ids.new_id, editable=False, primary_key=True, serialize=False),
                ),
                migrations.AlterField(
                    model_name='publicsource',
                    name='id',
                    field=models.UUIDField(default=imsconsole.core.ids.new_id, editable=False, primary_key=True, serialize=False),
                ),
                migrations.AlterField(
                    model_name='upload',
                    name='id',
                    field=models.UUIDField(default=imsconsole.core.ids.new_id, editable=False, primary_key=True, serialize=False),
                ),
            ]
        ),
    ]
