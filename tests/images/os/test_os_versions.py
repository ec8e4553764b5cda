"""Two tables to look up: which systems boot UEFI, and which flavor series runs which system."""

import pytest
from django.urls import reverse

from images.models import OsVersion
from images.os.versions import all_series
from tests import factories
from tests.conftest import client_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def systems(people):
    """Only systems of our own, and flavors of five series."""
    OsVersion.objects.all().delete()
    factories.FlavorFactory(name="t6-a", series="t6")
    factories.FlavorFactory(name="p2s-a", series="p2s", device="gpu")
    factories.FlavorFactory(name="kc1-a", series="kc1", architecture="arm")
    factories.FlavorFactory(name="physical-a", series="physical", bare_metal=True)
    factories.FlavorFactory(name="old-a", series="old", hidden=True)
    factories.OsVersionFactory(name="New 1", platform="New", boots_uefi=True, on_arm=True, for_bms=True)
    factories.OsVersionFactory(name="Old 1", platform="Old", boots_uefi=False, flavor_series=["t6"])


def names_of(actor, address, **query):
    """The systems of the table, in its order."""
    response = client_of(actor).get(reverse(address), query)
    assert response.status_code == 200
    return [row.record.name for row in response.context["table"].paginated_rows]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, ["New 1", "Old 1"]),
        ({"boot": "uefi"}, ["New 1"]),
        ({"boot": "bios"}, ["New 1", "Old 1"]),
        ({"cpu": "arm"}, ["New 1"]),
        ({"platform": "Old"}, ["Old 1"]),
        ({"q": "old"}, ["Old 1"]),
        ({"boot": "no-such", "cpu": "no-such", "platform": "x" * 999}, ["New 1", "Old 1"]),
    ],
)
def test_the_boot_modes_are_filtered(people, systems, query, expected):
    assert names_of(people.dave, "images:boot-modes", **query) == expected


@pytest.mark.parametrize(
    ("series", "expected"),
    [
        ("t6", ["New 1", "Old 1"]),
        ("p2s", ["New 1"]),
        ("kc1", ["New 1"]),
        ("physical", ["New 1"]),
        ("old", ["New 1", "Old 1"]),  # not offered: counts as no filter
    ],
)
def test_the_systems_of_a_series_are_found(people, systems, series, expected):
    assert names_of(people.dave, "images:flavor-series", series=series) == expected


def test_only_series_that_are_offered_are_named(people, systems):
    page = client_of(people.dave).get(reverse("images:flavor-series")).content.decode()

    assert "p2s (x86, GPU)" in page
    assert '<span class="tag">kc1</span>' in page
    assert '<span class="tag">old</span>' not in page


@pytest.mark.parametrize("address", ["images:boot-modes", "images:flavor-series"])
def test_the_number_of_queries_does_not_depend_on_the_number_of_systems(
    people, systems, address, django_assert_max_num_queries
):
    client = client_of(people.dave)

    def asked():
        with django_assert_max_num_queries(20) as captured:
            client.get(reverse(address), {"per_page": 100})
        return len(captured)

    asked()
    before = asked()
    for number in range(30):
        factories.OsVersionFactory(name=f"Other {number}", platform="Other")
        factories.FlavorFactory(name=f"x{number}", series=f"x{number}")
    assert asked() == before


def test_the_table_agrees_with_what_the_fit_of_an_image_says(people, systems):
    """The same question, asked of an image and a flavor."""
    from images.launch.fit import fits
    from imsconsole.engine.types import Capabilities

    able = Capabilities(
        accelerator="kvm", architectures=frozenset({"x86", "arm"}), devices=frozenset({"gpu"}),
        boot_modes=frozenset({"bios", "uefi"}), bare_metal=True, memory_mb=10**6,
    )  # fmt: skip
    for os in OsVersion.objects.all():
        for series in all_series():
            flavor = series.flavor
            image = factories.ImageFactory.build(
                project=None, region=None, category="public", os_version=os, use="bms" if flavor.bare_metal else "ecs",
                architecture=flavor.architecture, boot_mode="uefi" if flavor.architecture == "arm" else "bios",
            )  # fmt: skip
            made = (os.on_arm if flavor.architecture == "arm" else os.on_x86) and (
                os.for_bms if flavor.bare_metal else os.for_ecs
            )
            assert series.runs(os) == (made and bool(fits(image, flavor, able))), (os, series)
