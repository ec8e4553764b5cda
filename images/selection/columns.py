"""What the columns of a list of images read of them."""

from collections.abc import Collection

from django.http import QueryDict

from images.models import FACTS
from imsconsole.core.tables import ImsTable


def facts_of(table: type[ImsTable], query: QueryDict, columns: Collection[str] = ()) -> set[str]:
    """The facts in these columns of such a table, and in those that the query sorts it by, shown or not."""
    names = {*columns, *(name.removeprefix("-") for name in query.getlist("sort"))}
    read = {str(column.accessor or name) for name, column in table.base_columns.items() if name in names}
    return read & FACTS.keys()
