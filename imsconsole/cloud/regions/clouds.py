"""From a region's row to its cloud. Imported by its name alone: it needs the extra `openstack`."""

from dataclasses import replace
from typing import Any

from django.conf import settings

from imsconsole.accounts.models import Region
from imsconsole.cloud.models import AccountCloud
from imsconsole.engine.openstack import CloudSettings, OpenStackEngine
from imsconsole.engine.openstack.checking import check, check_project


def openstack_engine(code: str) -> OpenStackEngine:
    """What `settings.ENGINES` makes of `openstack`."""
    return OpenStackEngine(settings_of(Region.objects.get(pk=code)))


def settings_of(region: Region) -> CloudSettings:
    """No secret is among them: those stay in `clouds.yaml`."""
    return CloudSettings(
        name=region.cloud,
        work_dir=settings.DATA_DIR / "regions" / region.code,
        console="-".join(filter(None, (settings.IMS_CONSOLE_NAME, region.mark))),
        volume_type=region.volume_type,
        network=region.network,
        flavors=region.flavor_names,
        zones=region.zone_names,
        grow_in_use=region.grows_in_use,
        architectures=_chosen(x86=region.runs_x86, arm=region.runs_arm),
        boot_modes=_chosen(bios=region.boots_bios, uefi=region.boots_uefi),
        screen=region.has_screens,
        serial=region.has_serial,
        guest_user=settings.IMS_GUEST_USER,
        guest_uids=settings.IMS_GUEST_UIDS,
        clouds_file=settings.IMS_CLOUDS,
    )


def _chosen(**each: bool) -> frozenset[str]:
    return frozenset(name for name, chosen in each.items() if chosen)


def check_cloud(code: str) -> dict[str, Any]:
    """What `settings.REGION_CHECKS` finds of a region on OpenStack: plain, for JSON. Raises Unavailable.

    `projects`: by its name in clouds.yaml, the same of each cloud project of an account, or `code` and `values` of why not.
    """
    own = settings_of(Region.objects.get(pk=code))
    found = check(own)
    names = AccountCloud.objects.names_in(code)
    return found | {"projects": {name: check_project(replace(own, name=name), found) for name in names}}
