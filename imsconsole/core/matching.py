"""Part of a name or of an ID, in an index where the database has one for it.

PostgreSQL has trigrams of both (`pg_trgm`). A word of one or two characters has none, and under the locale C nothing but
ASCII has: such a word is found by its first and last two characters, of which the names have an index as well.
"""

import re
from typing import Any

from django.db import connection
from django.db.models import BooleanField, Func, Q, Value
from django.db.models.functions import StrIndex, Upper

from imsconsole.core.query_string import id_of

PART_OF_ID = re.compile(r"[0-9a-f-]{4,36}", re.IGNORECASE)
HAS_TRIGRAMS = re.compile(r"[0-9a-z]{3}", re.IGNORECASE | re.ASCII)


def matching(text: str) -> Q:
    """Rows with it in their names; or in their IDs, when it is at least four characters of one."""
    keeps_length = len(text.upper()) == len(text)  # "ß" may become "SS"
    if connection.vendor == "postgresql" and keeps_length and not HAS_TRIGRAMS.search(text):
        return _with_pairs(text)
    return Q(name__icontains=text) | of_id(text)


def of_id(text: str, name: str = "pk") -> Q:
    """Those in whose ID it is, or whose ID it is however that is written; none when it is less than four characters of one."""
    if whole := id_of(text):
        return Q((name, whole))
    return Q((f"{name}__icontains", text)) if PART_OF_ID.fullmatch(text) else Q()


def _with_pairs(text: str) -> Q:
    """Not by LIKE: it would be asked of the trigrams, of which there are none."""
    pairs = [Upper(Value(pair)) for pair in dict.fromkeys((text[:2], text[-2:]))]
    there = StrIndex(Upper("name"), Upper(Value(text)))
    has_pairs = _operator(
        Func(Upper("name"), function="pairs_in"), " @> ", Func(*pairs, template="ARRAY[%(expressions)s]")
    )
    return Q(has_pairs) & Q(_operator(there, " > ", Value(0)))


def _operator(left: Any, sign: str, right: Any) -> Func:
    return Func(left, right, template="%(expressions)s", arg_joiner=sign, output_field=BooleanField())
