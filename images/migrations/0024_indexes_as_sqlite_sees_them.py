"""Indexes with conditions that SQLite recognises in a query, and one that finds what is offered."""

import datetime
import django.db.models.functions.comparison
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [("images", "0023_more_lists_by_index")]

    operations = [
        migrations.RemoveConstraint(
            model_name='image',
            name='image_name_unique_in_project',
        ),
        migrations.RemoveIndex(
            model_name='image',
            name='image_by_created_at',
        ),
        migrations.RemoveIndex(
            model_name='image',
            name='image_by_updated_at',
        ),
        migrations.RemoveIndex(
            model_name='image',
            name='image_by_status',
        ),
        migrations.RemoveIndex(
            model_name='image',
            name='image_by_min_disk_gb',
        ),
        migrations.RemoveIndex(
            model_name='image',
            name='image_by_size_bytes',
        ),
        migrations.RemoveIndex(
            model_name='image',
            name='image_public',
        ),
        migrations.RemoveIndex(
            model_name='image',
            name='image_offered_by_name',
        ),
        migrations.RemoveIndex(
            model_name='image',
            name='image_offered_by_updated_at',
        ),
        migrations.RemoveIndex(
            model_name='image',
            name='image_offered_by_min_disk_gb',
        ),
        migrations.RemoveIndex(
            model_name='image',
            name='image_offered_by_size_bytes',
        ),
        migrations.AddIndex(
            model_name='image',
            index=models.Index(condition=models.Q(models.Q(('status', 'deleted'), _negated=True), models.Q(('status', 'trashed'), _negated=True)), fields=['project', 'created_at', 'id'], name='image_by_created_at'),
        ),
        migrations.AddIndex(
            model_name='image',
            index=models.Index(condition=models.Q(models.Q(('status', 'deleted'), _negated=True), models.Q(('status', 'trashed'), _negated=True)), fields=['project', 'updated_at', 'id'], name='image_by_updated_at'),
        ),
        migrations.AddIndex(
            model_name='image',
            index=models.Index(condition=models.Q(models.Q(('status', 'deleted'), _negated=True), models.Q(('status', 'trashed'), _negated=True)), fields=['project', 'status', 'id'], name='image_by_status'),
        ),
        migrations.AddIndex(
            model_name='image',
            index=models.Index(condition=models.Q(models.Q(('status', 'deleted'), _negated=True), models.Q(('status', 'trashed'), _negated=True)), fields=['project', 'min_disk_gb', 'id'], name='image_by_min_disk_gb'),
        ),
        migrations.AddIndex(
            model_name='image',
            index=models.Index(condition=models.Q(models.Q(('status', 'deleted'), _negated=True), models.Q(('status', 'trashed'), _negated=True)), fields=['project', 'size_bytes', 'id'], name='image_by_size_bytes'),
        ),
        migrations.AddIndex(
            model_name='image',
            index=models.Index(models.F('region'), django.db.models.functions.comparison.Coalesce(models.F('deprecated_on'), models.Value(datetime.date(9999, 12, 31))), models.F('created_at'), models.F('id'), condition=models.Q(models.Q(('status', 'deleted'), _negated=True), models.Q(('status', 'trashed'), _negated=True), ('category', 'public'), ('hidden', False)), name='image_public'),
        ),
        migrations.AddIndex(
            model_name='image',
            index=models.Index(condition=models.Q(models.Q(('status', 'deleted'), _negated=True), models.Q(('status', 'trashed'), _negated=True), ('category__in', ['public', 'market'])), fields=['region', 'category', 'name', 'id'], name='image_offered_by_name'),
        ),
        migrations.AddIndex(
            model_name='image',
            index=models.Index(condition=models.Q(models.Q(('status', 'deleted'), _negated=True), models.Q(('status', 'trashed'), _negated=True), ('category__in', ['public', 'market'])), fields=['region', 'category', 'updated_at', 'id'], name='image_offered_by_updated_at'),
        ),
        migrations.AddIndex(
            model_name='image',
            index=models.Index(condition=models.Q(models.Q(('status', 'deleted'), _negated=True), models.Q(('status', 'trashed'), _negated=True), ('category__in', ['public', 'market'])), fields=['region', 'category', 'min_disk_gb', 'id'], name='image_offered_by_min_disk_gb'),
        ),
        migrations.AddIndex(
            model_name='image',
            index=models.Index(condition=models.Q(models.Q(('status', 'deleted'), _negated=True), models.Q(('status', 'trashed'), _negated=True), ('category__in', ['public', 'market'])), fields=['region', 'category', 'size_bytes', 'id'], name='image_offered_by_size_bytes'),
        ),
        migrations.AddIndex(
            model_name='image',
            index=models.Index(condition=models.Q(models.Q(('status', 'deleted'), _negated=True), models.Q(('status', 'trashed'), _negated=True), ('category__in', ['public', 'market'])), fields=['region', 'category', 'id'], name='image_offered'),
        ),
        migrations.AddConstraint(
            model_name='image',
            constraint=models.UniqueConstraint(condition=models.Q(models.Q(('status', 'deleted'), _negated=True), models.Q(('status', 'trashed'), _negated=True)), fields=('project', 'name'), name='image_name_unique_in_project'),
        ),
    ]
