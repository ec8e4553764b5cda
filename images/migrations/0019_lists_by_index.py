"""An index for each way in which images are listed, sorted, and searched by parts of names and IDs (`imsconsole.core.matching`)."""

import datetime

import django.db.models.functions.comparison
from django.contrib.postgres.operations import TrigramExtension
from django.db import migrations, models

# the characters of a text and its pairs of neighbours; as dear as it is, so that it is asked of an index
PAIRS = """
CREATE FUNCTION pairs_in(text) RETURNS text[] LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE COST 500 AS $$
    SELECT ARRAY(SELECT substr($1, at, n) FROM generate_series(1, length($1)) AS at, generate_series(1, 2) AS n)
$$
"""
INDEXES = {
    "image_name_parts": "UPPER(name) gin_trgm_ops",
    "image_id_parts": "UPPER(id::text) gin_trgm_ops",
    "image_name_pairs": "pairs_in(UPPER(name))",
}


def make_indexes(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(PAIRS)
        for name, columns in INDEXES.items():
            schema_editor.execute(f"CREATE INDEX {name} ON images_image USING gin ({columns})")


def drop_indexes(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        for name in INDEXES:
            schema_editor.execute(f"DROP INDEX {name}")
        schema_editor.execute("DROP FUNCTION pairs_in")


class Migration(migrations.Migration):
    dependencies = [("images", "0018_sizes")]

    operations = [
        migrations.AlterModelOptions(
            name='image',
            options={'ordering': ['-created_at', '-pk'], 'verbose_name': 'image', 'verbose_name_plural': 'images'},
        ),
        migrations.RemoveConstraint(
            model_name='image',
            name='image_name_unique_in_project',
        ),
        migrations.RemoveIndex(
            model_name='image',
            name='image_project_created',
        ),
        migrations.RemoveIndex(
            model_name='image',
            name='image_project_name',
        ),
        migrations.RemoveIndex(
            model_name='imagetag',
            name='image_tag_key_value',
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
        migrations.AddIndex(
            model_name='image',
            index=models.Index(condition=models.Q(('status', 'trashed')), fields=['project', 'kept_until', 'id'], name='image_in_trash'),
        ),
        migrations.AddIndex(
            model_name='imagedisk',
            index=models.Index(fields=['bytes_id'], name='image_disk_bytes'),
        ),
        migrations.AddIndex(
            model_name='imagedisk',
            index=models.Index(condition=models.Q(('damaged_at__isnull', False)), fields=['damaged_at'], name='image_disk_damaged'),
        ),
        migrations.AddIndex(
            model_name='imagetag',
            index=models.Index(fields=['key', 'value', 'image'], name='image_tag_found'),
        ),
        migrations.AddConstraint(
            model_name='image',
            constraint=models.UniqueConstraint(condition=models.Q(models.Q(('status', 'deleted'), _negated=True), models.Q(('status', 'trashed'), _negated=True)), fields=('project', 'name'), name='image_name_unique_in_project'),
        ),
        TrigramExtension(),
        migrations.RunPython(make_indexes, drop_indexes),
    ]
