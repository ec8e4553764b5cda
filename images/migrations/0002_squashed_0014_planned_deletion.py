import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    replaces = [
        ('images', '0014_planned_deletion'),
    ]

    dependencies = [
        ('accounts', '0001_squashed_0004_agencies'),
        ('cloud', '0001_squashed_0015_verified_backups'),
        ('images', '0001_squashed_0013_keys_of_full_ecs_disks'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name='image',
            name='backup',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='images', to='cloud.backup', verbose_name='backup'),
        ),
        migrations.AddField(
            model_name='image',
            name='key',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='images', to='cloud.key', verbose_name='encryption key'),
        ),
        migrations.AddField(
            model_name='imagedisk',
            name='key',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='image_disks', to='cloud.key', verbose_name='encryption key'),
        ),
        migrations.AddConstraint(
            model_name='image',
            constraint=models.UniqueConstraint(condition=models.Q(('status', 'deleted'), _negated=True), fields=('backup',), name='one_image_per_backup'),
        ),
    ]
