"""Part of a name or of an ID, in an index where the database has one for it.

PostgreSQL has trigrams of both (`pg_trgm`); a word of one or two characters has none, and under the locale C nothing but
ASCII has. Such words are found by their characters, of which the names have an index as well.
"""

import re
from typing import Any

from django.db import connection
from django.db.models import BooleanField, Func, Q, Value
from django.db.models.functions import Upper

PART_OF_ID = re.compile(r"[0-9a-f-]{4,36}", re.IGNORECASE)
HAS_TRIGRAMS = re.compile(r"[0-9a-z]{3}", re.IGNORECASE | re.ASCII)


def matching(text: str) -> Q:
    """Part of a name, or at least four characters of an ID."""
    found = Q(name__icontains=text)
    if connection.vendor == "postgresql" and not HAS_TRIGRAMS.search(text):
        found &= Q(
            Func(
                _characters("name"),
                _characters(Value(text)),
                arg_joiner=" @> ",
                template="%(expressions)s",
                output_field=BooleanField(),
            )
        )
    return found | Q(pk__icontains=text) if PART_OF_ID.fullmatch(text) else found


def _characters(text: Any) -> Func:
    return Func(Upper(text), Value(None), function="string_to_array")
