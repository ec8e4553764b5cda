"""Numbers that stay cheap however many rows there are: nobody reads more than a few digits of them."""

from typing import Any

from django.db.models import IntegerField, QuerySet, Subquery


class CountUpTo(Subquery):
    """How many rows there are, at most `most`: a value of another query.

    They are counted in their order: where an index has that, it is what PostgreSQL reads, however many others there are.
    """

    template = "(SELECT COUNT(*) FROM (%(subquery)s) AS counted)"
    output_field = IntegerField()

    def __init__(self, rows: "QuerySet[Any]", most: int) -> None:
        super().__init__(rows.values("pk")[:most])
