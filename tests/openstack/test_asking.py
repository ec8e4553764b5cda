"""What there is in a cloud is told page by page."""

import pytest

from imsconsole.engine.openstack import OpenStackEngine, cloud
from imsconsole.engine.openstack.cloud import Service

pytestmark = [pytest.mark.cloud, pytest.mark.slow(reason="a cloud is asked")]


@pytest.mark.parametrize(
    ("service", "path", "there"),
    [
        ("compute", "/flavors/detail", {"lab.1-256", "lab.2-4096"}),
        ("network", "/networks", {"lab", "lab-2"}),
        ("block_storage", "/volumes/detail", {"somebody-else", "somebody-else-of-another-console"}),
    ],
)
def test_all_pages_are_asked_for(
    cloud_engine: OpenStackEngine,
    monkeypatch: pytest.MonkeyPatch,
    service: Service,
    path: str,
    there: set[str],
) -> None:
    monkeypatch.setattr(cloud, "PAGE", 1)
    found = list(cloud_engine.cloud.pages(service, path))
    assert there <= {each["name"] for each in found}
    assert len(found) == len({each["id"] for each in found})
