"""Regions of tests on the lab's clouds."""

import shutil
from typing import Any

from django.conf import settings

from imsconsole.accounts.models import Region
from imsconsole.cloud.engines import forget_engines
from imsconsole.cloud.hosts import ask_host
from tests.factories import RegionFactory, ZoneFactory

OURS, OTHER = "lab-demo", "lab-other"  # two projects of the lab, each a cloud of clouds.yaml
NETWORK = "lab"  # of those that each has
FAR = "cn-east-3"
_on_clouds: set[str] = set()  # codes


def of_engine(region: Region, **fields: Any) -> Region:
    """The region with another engine, which has said what it can do."""
    if "openstack" in (fields["engine"], region.engine):
        _forget_folder(region.code)
        _on_clouds.add(region.code)
        fields = {"network": NETWORK, **fields}
    Region.objects.filter(pk=region.pk).update(**fields)
    forget_engines()
    region.refresh_from_db()
    ask_host(region)
    return region


def forget_clouds() -> None:
    """A region of tests lies on a cloud or on this host, in turn: nothing of the one is to be found by the other."""
    while _on_clouds:
        _forget_folder(_on_clouds.pop())


def _forget_folder(code: str) -> None:
    shutil.rmtree(settings.DATA_DIR / "regions" / code, ignore_errors=True)
    forget_engines()


def far_region(**fields: Any) -> Region:
    """Another one, on the lab's other project, or what `fields` say."""
    region = RegionFactory(code=FAR, name="CN East-Shanghai1", name_zh="华东-上海一")
    ZoneFactory(region=region)
    return of_engine(region, **(fields or {"engine": "openstack", "cloud": OTHER}))
