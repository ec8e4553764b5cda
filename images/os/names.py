"""What operating systems are called, for every list that is filtered by them."""

from itertools import groupby

from images.models import OsVersion
from imsconsole.core.kept import kept_for

Names = list[tuple[str, list[str]]]


@kept_for(30)
def os_names() -> Names:
    """The names of versions, by their platform."""
    rows = OsVersion.objects.order_by("platform", "name").values_list("platform", "name")
    return [
        (platform, [name for _platform, name in group])
        for platform, group in groupby(rows, lambda row: row[0])
    ]
