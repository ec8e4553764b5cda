"""Indexes that find images by parts of their names and IDs, where the database can have them (`images.selection.search`)."""

from django.contrib.postgres.operations import TrigramExtension
from django.db import migrations

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
    dependencies = [("images", "0020_damaged_disks")]

    operations = [TrigramExtension(), migrations.RunPython(make_indexes, drop_indexes)]
