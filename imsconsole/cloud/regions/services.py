"""What operators do about a region's cloud."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from imsconsole.accounts.actor import Operator
from imsconsole.accounts.log import service
from imsconsole.accounts.models import LEFT, Account, AvailabilityZone, Project, Region
from imsconsole.accounts.rows import drop_row, keep_row
from imsconsole.accounts.rules import may_operate
from imsconsole.cloud.hosts import ask_host
from imsconsole.cloud.models import AccountCloud, Flavor, ForeignThing, RegionCheck
from imsconsole.cloud.regions.rules import can_check, can_leave, can_move, can_place
from imsconsole.cloud.regions.tasks import look_at_cloud
from imsconsole.core.edits import overwritten
from imsconsole.core.errors import Conflict
from imsconsole.core.locks import locked, locked_all
from imsconsole.core.now import now

ABILITIES = ("grows_in_use", "runs_x86", "runs_arm", "boots_bios", "boots_uefi", "has_screens", "has_serial")
USED = ("volume_type", "network", *ABILITIES)


@service("checkRegion")
def check_region(*, region: Region, actor: Operator) -> Region:
    """Have a worker look at the region's cloud; the answer is its `RegionCheck`."""
    may_operate(actor).require()
    can_check(region).require()
    asked = RegionCheck(region=region, asked_at=now())
    RegionCheck.objects.bulk_create(
        [asked], update_conflicts=True, unique_fields=["region"], update_fields=["asked_at"]
    )
    look_at_cloud.enqueue(region.code)
    return region


@service("mapRegion")
def map_region(
    *,
    region: Region,
    use: Mapping[str, Any],
    flavors: Mapping[str, str],
    zones: Mapping[str, str],
    seen: Mapping[str, Mapping[str, Any]] = MappingProxyType({}),
    actor: Operator,
) -> Region:
    """Say what of the cloud is used (`USED`), and by which names: of its flavors by ours, of its zones by our codes.

    Where nothing is said the cloud chooses, or it is found by its size. `seen` is what the operator had before their eyes,
    as `use`, `flavors` and `zones`. Raises Refused, and Conflict when somebody else changed one of these meanwhile.
    """
    may_operate(actor).require()
    region = locked(Region.objects.all(), region.pk)
    can_check(region).require()
    for kind, present, wanted in (
        ("use", {name: getattr(region, name) for name in USED}, use),
        ("flavors", {name: region.flavor_names.get(name, "") for name in flavors}, flavors),
        ("zones", {code: region.zone_names.get(code, "") for code in zones}, zones),
    ):
        if overwritten(present, seen.get(kind, {}), wanted):
            raise Conflict
    for name in USED:
        setattr(region, name, use[name])
    ours = set(Flavor.objects.values_list("name", flat=True))
    region.flavor_names = {name: theirs for name, theirs in flavors.items() if theirs and name in ours}
    here = set(AvailabilityZone.objects.filter(region=region).values_list("pk", flat=True))
    region.zone_names = {code: theirs for code, theirs in zones.items() if theirs and code in here}
    return keep_row(region, actor)


@service("leaveRegion")
def leave_region(*, region: Region, actor: Operator) -> Region:
    """Have nothing more to do with the region's cloud, for ever: nobody asks it, and nothing can be made there. Raises Refused.

    Its row stays, for all that tells of what was there.
    """
    may_operate(actor).require()
    region = locked(Region.objects.all(), region.pk)
    can_leave(region).require()
    region.engine, region.cloud = LEFT, ""
    keep_row(region, actor)
    RegionCheck.objects.filter(region=region).delete()
    ForeignThing.objects.filter(region=region).delete()
    AccountCloud.objects.filter(region=region).delete()
    ask_host(region)
    return region


@service("createAccountCloud")
def create_account_cloud(*, account_cloud: AccountCloud, actor: Operator) -> AccountCloud:
    """From now on the account's servers and disks in the region are made in that project of its cloud."""
    may_operate(actor).require()
    _hold(account_cloud.region, account_cloud.account)
    can_place(account_cloud).require()
    return keep_row(account_cloud, actor)


@service("updateAccountCloud")
def change_account_cloud(*, account_cloud: AccountCloud, actor: Operator) -> AccountCloud:
    """They are made in another one."""
    may_operate(actor).require()
    _hold(account_cloud.region, account_cloud.account)
    can_place(account_cloud).require()
    account_cloud.answered_at, account_cloud.error_code, account_cloud.error_values = None, "", {}
    return keep_row(account_cloud, actor)


@service("deleteAccountCloud")
def delete_account_cloud(*, account_cloud: AccountCloud, actor: Operator) -> AccountCloud:
    """They are made in the region's own project again."""
    may_operate(actor).require()
    _hold(account_cloud.region, account_cloud.account)
    can_move(account_cloud.region, account_cloud.account).require()
    return drop_row(account_cloud, actor)


def _hold(region: Region, account: Account) -> None:
    """Nobody begins to make anything of the account's there meanwhile: whoever does locks its project."""
    locked_all(Project.objects.filter(region=region, account=account))
