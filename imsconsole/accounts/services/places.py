"""Regions and their availability zones."""

from imsconsole.accounts.actor import Operator
from imsconsole.accounts.log import service
from imsconsole.accounts.models import AvailabilityZone, Region
from imsconsole.accounts.rows import drop_row, keep_row


@service("createRegion")
def create_region(*, region: Region, actor: Operator) -> Region:
    """Open a region. Its code names its folder in the store, so it stays."""
    return keep_row(region, actor)


@service("updateRegion")
def change_region(*, region: Region, actor: Operator) -> Region:
    """Give a region other names."""
    return keep_row(region, actor)


@service("deleteRegion")
def delete_region(*, region: Region, actor: Operator) -> Region:
    """Close a region that never had a project, an image or a zone."""
    return drop_row(region, actor)


@service("createZone")
def create_zone(*, zone: AvailabilityZone, actor: Operator) -> AvailabilityZone:
    """Open an availability zone; servers can be placed in it at once."""
    return keep_row(zone, actor)


@service("updateZone")
def change_zone(*, zone: AvailabilityZone, actor: Operator) -> AvailabilityZone:
    """Give an availability zone another name."""
    return keep_row(zone, actor)


@service("deleteZone")
def delete_zone(*, zone: AvailabilityZone, actor: Operator) -> AvailabilityZone:
    """Close an availability zone that never had a server or disk."""
    return drop_row(zone, actor)
