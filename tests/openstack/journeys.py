"""What the journeys of a whole console on the lab's cloud have in common: each module's `pytestmark`."""

import pytest

from tests.support.engines import only

ON_THE_LAB = [
    pytest.mark.cloud,
    pytest.mark.guest,
    pytest.mark.slow(reason="guests start on a real cloud"),
    pytest.mark.django_db,
    pytest.mark.usefixtures("untouched", "on_each_engine"),
    only("openstack"),
]
JOURNEY = [*ON_THE_LAB, pytest.mark.thorough]
