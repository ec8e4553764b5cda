"""The table of operating systems, kept by operators (ims-facts §1.5)."""

from images.models import OsVersion
from imsconsole.accounts.actor import Operator
from imsconsole.accounts.log import service
from imsconsole.accounts.rows import drop_row, keep_row


@service("createOsVersion")
def create_os_version(*, os_version: OsVersion, actor: Operator) -> OsVersion:
    """Add an operating system that images can be of."""
    return keep_row(os_version, actor)


@service("updateOsVersion")
def change_os_version(*, os_version: OsVersion, actor: Operator) -> OsVersion:
    """Change what a system boots and runs on; it holds for images of it from now on."""
    return keep_row(os_version, actor)


@service("deleteOsVersion")
def delete_os_version(*, os_version: OsVersion, actor: Operator) -> OsVersion:
    """Remove a system that no image is of."""
    return drop_row(os_version, actor)
