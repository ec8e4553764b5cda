"""What a region's things in a cloud are marked with: never with the same as those of another region."""

import pytest

from imsconsole.cloud.regions.clouds import settings_of
from tests.factories import RegionFactory

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("name", ["", "blue"])
def test_two_regions_in_one_project_of_a_cloud_have_marks_of_their_own(settings, name: str) -> None:
    settings.IMS_CONSOLE_NAME = name
    marks = [settings_of(RegionFactory(code=code, cloud="sky")).console for code in ("sky-1", "sky-2")]
    assert marks[0] != marks[1]
    assert all(mark.startswith(name) and len(mark.split()) == 1 for mark in marks)
