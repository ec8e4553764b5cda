"""A whole console with a region on the lab's cloud, beside those of the demo on this host."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.openstack.clearing import console_of_test
from tests.openstack.regions import NETWORK, OURS
from tests.support.console import Console, running_console

CODE, THERE = "lab-1", "acme-lab-1"  # the region, and the project of Alice's account there
ADD = f"""
from imsconsole.accounts.models import Account, AvailabilityZone, Project, Region
from imsconsole.cloud.hosts import ask_host
region = Region.objects.create(
    code="{CODE}", name="Lab", name_zh="实验室", engine="openstack", cloud="{OURS}", network="{NETWORK}"
)
AvailabilityZone.objects.create(code="{CODE}a", region=region, name="AZ1")
for account in Account.objects.all():
    Project.objects.create(account=account, region=region, name=f"{{account.name.lower()}}-{CODE}")
ask_host(region)
assert not region.report.error_code, region.report.error_code
"""
EMPTY = f"""
from imsconsole.cloud.engines import engine_for
from tests.cloud.conftest import empty
empty(engine_for("{CODE}"))
"""


def add_region(console: Console) -> None:
    console.python(ADD)


@contextmanager
def console_on_cloud(clouds: Path) -> Iterator[Console]:
    """Set up and served; its things in the cloud are marked as its own, and removed in the end."""
    name = console_of_test()
    with running_console(IMS_CONSOLE_NAME=name, IMS_CLOUDS=str(clouds)) as running:
        add_region(running)
        try:
            yield running
        finally:
            running.python(EMPTY)
