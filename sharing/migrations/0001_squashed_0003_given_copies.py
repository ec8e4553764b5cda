import django.db.models.deletion
import imsconsole.core.now
import uuid
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    replaces = [
        ('sharing', '0001_shares'),
        ('sharing', '0002_full_ecs_vault'),
        ('sharing', '0003_given_copies'),
    ]

    dependencies = [
        ('accounts', '0001_squashed_0004_agencies'),
        ('cloud', '0001_squashed_0015_verified_backups'),
        ('images', '0002_squashed_0014_planned_deletion'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Share',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('status', models.CharField(choices=[('pending', 'Pending'), ('accepted', 'Accepted'), ('rejected', 'Rejected')], default='pending', max_length=8, verbose_name='status')),
                ('created_at', models.DateTimeField(default=imsconsole.core.now.now, verbose_name='shared at')),
                ('answered_at', models.DateTimeField(null=True, verbose_name='answered at')),
                ('ends_at', models.DateTimeField(null=True, verbose_name='ends at')),
                ('ended_at', models.DateTimeField(null=True, verbose_name='ended at')),
                ('answered_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='answered by')),
                ('copy', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='images.image', verbose_name='copy')),
                ('created_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='shared by (person)')),
                ('image', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='shares', to='images.image', verbose_name='image')),
                ('owner', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='given_shares', to='accounts.project', verbose_name='shared by')),
                ('project', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='received_shares', to='accounts.project', verbose_name='shared with')),
                ('vault', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='cloud.vault', verbose_name='vault')),
            ],
            options={
                'verbose_name': 'share',
                'verbose_name_plural': 'shares',
                'ordering': ['-created_at', 'pk'],
                'indexes': [models.Index(condition=models.Q(('ended_at', None)), fields=['project', 'status'], name='share_received_living'), models.Index(fields=['owner', '-created_at'], name='share_owner_created'), models.Index(condition=models.Q(('ended_at', None), ('ends_at__isnull', False)), fields=['ends_at'], name='share_ends')],
                'constraints': [models.UniqueConstraint(condition=models.Q(('ended_at', None)), fields=('image', 'project'), name='one_living_share_per_project'), models.CheckConstraint(condition=models.Q(('owner', models.F('project')), _negated=True), name='not_shared_with_its_owner')],
            },
        ),
    ]
