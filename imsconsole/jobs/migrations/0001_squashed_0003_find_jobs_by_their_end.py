import django.db.models.deletion
import imsconsole.core.now
import uuid
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    replaces = [
        ('jobs', '0001_initial'),
        ('jobs', '0002_targets'),
        ('jobs', '0003_find_jobs_by_their_end'),
    ]

    dependencies = [
        ('accounts', '0001_squashed_0004_agencies'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='ClockEntry',
            fields=[
                ('name', models.CharField(max_length=64, primary_key=True, serialize=False, verbose_name='name')),
                ('due_at', models.DateTimeField(verbose_name='next run')),
                ('started_at', models.DateTimeField(null=True, verbose_name='last run')),
                ('finished_at', models.DateTimeField(null=True, verbose_name='finished')),
                ('host', models.CharField(blank=True, max_length=64, verbose_name='host')),
                ('error', models.TextField(blank=True, verbose_name='last error')),
            ],
            options={
                'verbose_name': 'periodic work',
                'verbose_name_plural': 'the clock',
                'ordering': ['name'],
            },
        ),
        migrations.CreateModel(
            name='Job',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('kind', models.CharField(max_length=32, verbose_name='kind')),
                ('path', models.CharField(editable=False, max_length=128)),
                ('queue', models.CharField(max_length=8, verbose_name='queue')),
                ('subject_kind', models.CharField(max_length=32)),
                ('subject_id', models.UUIDField()),
                ('subject_name', models.CharField(max_length=255, verbose_name='subject')),
                ('args', models.JSONField(default=dict)),
                ('reserves', models.JSONField(default=dict)),
                ('state', models.CharField(choices=[('queued', 'Waiting'), ('running', 'Running'), ('done', 'Succeeded'), ('failed', 'Failed'), ('cancelled', 'Cancelled')], default='queued', max_length=10, verbose_name='state')),
                ('step', models.CharField(blank=True, max_length=32, verbose_name='step')),
                ('results', models.JSONField(default=dict)),
                ('bytes_done', models.BigIntegerField(default=0)),
                ('bytes_total', models.BigIntegerField(default=0)),
                ('cancel_requested', models.BooleanField(default=False)),
                ('outcome', models.CharField(blank=True, choices=[('queued', 'Waiting'), ('running', 'Running'), ('done', 'Succeeded'), ('failed', 'Failed'), ('cancelled', 'Cancelled')], max_length=10)),
                ('error_code', models.CharField(blank=True, max_length=64)),
                ('error_values', models.JSONField(default=dict)),
                ('past_errors', models.JSONField(default=list)),
                ('attempt', models.PositiveIntegerField(default=0)),
                ('deaths', models.PositiveIntegerField(default=0)),
                ('holder', models.CharField(blank=True, max_length=64)),
                ('lease_until', models.DateTimeField(null=True)),
                ('task_id', models.CharField(blank=True, max_length=64)),
                ('created_at', models.DateTimeField(default=imsconsole.core.now.now, verbose_name='created')),
                ('woken_at', models.DateTimeField(default=imsconsole.core.now.now)),
                ('started_at', models.DateTimeField(null=True, verbose_name='started')),
                ('step_started_at', models.DateTimeField(null=True)),
                ('finished_at', models.DateTimeField(null=True, verbose_name='finished')),
                ('project', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='jobs', to='accounts.project', verbose_name='project')),
                ('target', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.project', verbose_name='target project')),
                ('user', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='started by')),
            ],
            options={
                'verbose_name': 'job',
                'verbose_name_plural': 'jobs',
                'ordering': ['-created_at'],
                'indexes': [models.Index(fields=['project', '-created_at'], name='job_project_created'), models.Index(fields=['subject_id', '-created_at'], name='job_subject_created'), models.Index(fields=['state', 'lease_until'], name='job_state_lease'), models.Index(fields=['finished_at'], name='job_finished')],
                'constraints': [models.UniqueConstraint(condition=models.Q(('state__in', ['queued', 'running'])), fields=('subject_id',), name='one_live_job_per_subject')],
            },
        ),
        migrations.CreateModel(
            name='Reservation',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('resource', models.CharField(max_length=16)),
                ('amount', models.BigIntegerField()),
                ('job', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='reservations', to='jobs.job')),
                ('project', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='reservations', to='accounts.project')),
            ],
            options={
                'indexes': [models.Index(fields=['project', 'resource'], name='reservation_project')],
            },
        ),
    ]
