"""The latest offers to a project, and those that end soon, are found by indexes."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("sharing", "0004_vaults_hold_received_images")]

    operations = [
        migrations.RemoveIndex(
            model_name='share',
            name='share_received_living',
        ),
        migrations.AddIndex(
            model_name='share',
            index=models.Index(condition=models.Q(('ended_at', None)), fields=['project', 'status', '-created_at', 'id'], name='share_received_living'),
        ),
        migrations.AddIndex(
            model_name='share',
            index=models.Index(condition=models.Q(('ended_at', None), ('ends_at__isnull', False)), fields=['project', 'ends_at'], name='share_received_ends'),
        ),
    ]
