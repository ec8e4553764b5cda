"""What the files of an image take in the store stands in its row, and what is stored of a project in rows of its own."""

import django.db.models.deletion
from django.db import migrations, models


# of the disks as they are; from now on triggers keep it (`images.models.sizes`)
FILL = """
UPDATE images_image SET size_bytes = (
    SELECT COALESCE(SUM(disk.size_bytes), 0) FROM images_imagedisk AS disk WHERE disk.image_id = images_image.id
)
"""


class Migration(migrations.Migration):
    dependencies = [("accounts", "0001_squashed_0004_agencies"), ("images", "0017_unknown_cloud_init")]

    operations = [
        migrations.CreateModel(
            name='StoredBytes',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('bytes_id', models.UUIDField()),
                ('type', models.CharField(max_length=8)),
                ('links', models.PositiveIntegerField()),
                ('size_bytes', models.BigIntegerField()),
            ],
        ),
        migrations.AddField(
            model_name='image',
            name='size_bytes',
            field=models.BigIntegerField(default=0, verbose_name='image size'),
        ),
        migrations.AddField(
            model_name='storedbytes',
            name='project',
            field=models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='accounts.project'),
        ),
        migrations.AddConstraint(
            model_name='storedbytes',
            constraint=models.UniqueConstraint(fields=('project', 'bytes_id'), name='bytes_stored_once_in_project'),
        ),
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
    ]
