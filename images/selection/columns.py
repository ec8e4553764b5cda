"""What the columns of a list of images read of them."""

from collections.abc import Collection

from images.models import FACTS
from imsconsole.core.tables import ImsTable


def facts_of(table: type[ImsTable], columns: Collection[str]) -> set[str]:
    """The facts in these columns of such a table."""
    read = {str(column.accessor or name) for name, column in table.base_columns.items() if name in columns}
    return read & FACTS.keys()
