"""Indexes for lists of public and market images, for the trash, and for images with several tags."""

import datetime
import django.db.models.functions.comparison
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [("images", "0022_image_sizes")]

    operations = [
        migrations.RemoveIndex(
            model_name='image',
            name='image_public',
        ),
        migrations.RemoveIndex(
            model_name='imagetag',
            name='image_tag_key_value',
        ),
        migrations.AddIndex(
            model_name='image',
            index=models.Index(models.F('region'), django.db.models.functions.comparison.Coalesce(models.F('deprecated_on'), models.Value(datetime.date(9999, 12, 31))), models.F('created_at'), models.F('id'), condition=models.Q(models.Q(('status__in', ['deleted', 'trashed']), _negated=True), ('category', 'public'), ('hidden', False)), name='image_public'),
        ),
        migrations.AddIndex(
            model_name='image',
            index=models.Index(condition=models.Q(models.Q(('status__in', ['deleted', 'trashed']), _negated=True), ('category__in', ['public', 'market'])), fields=['region', 'category', 'name', 'id'], name='image_offered_by_name'),
        ),
        migrations.AddIndex(
            model_name='image',
            index=models.Index(condition=models.Q(models.Q(('status__in', ['deleted', 'trashed']), _negated=True), ('category__in', ['public', 'market'])), fields=['region', 'category', 'updated_at', 'id'], name='image_offered_by_updated_at'),
        ),
        migrations.AddIndex(
            model_name='image',
            index=models.Index(condition=models.Q(models.Q(('status__in', ['deleted', 'trashed']), _negated=True), ('category__in', ['public', 'market'])), fields=['region', 'category', 'min_disk_gb', 'id'], name='image_offered_by_min_disk_gb'),
        ),
        migrations.AddIndex(
            model_name='image',
            index=models.Index(condition=models.Q(models.Q(('status__in', ['deleted', 'trashed']), _negated=True), ('category__in', ['public', 'market'])), fields=['region', 'category', 'size_bytes', 'id'], name='image_offered_by_size_bytes'),
        ),
        migrations.AddIndex(
            model_name='image',
            index=models.Index(condition=models.Q(('status', 'trashed')), fields=['project', 'kept_until', 'id'], name='image_in_trash'),
        ),
        migrations.AddIndex(
            model_name='imagetag',
            index=models.Index(fields=['key', 'value', 'image'], name='image_tag_found'),
        ),
    ]
