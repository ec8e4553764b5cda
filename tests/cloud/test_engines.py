"""Each region has its engine, by the name in its row."""

from types import SimpleNamespace

import pytest

from imsconsole.accounts.models import Region
from imsconsole.cloud.engines import engine_for, forget_engines
from imsconsole.cloud.hosts import host_of
from imsconsole.cloud.models import RegionReport, Server
from imsconsole.engine.local.engine import LocalEngine
from tests import factories

pytestmark = pytest.mark.django_db


class OtherEngine(SimpleNamespace):
    """Knows of which region it is."""


def other_engine(code: str) -> OtherEngine:
    return OtherEngine(code=code)


@pytest.fixture
def other(settings):
    settings.ENGINES = {**settings.ENGINES, "other": f"{__name__}.other_engine"}
    forget_engines()
    yield Region.objects.create(code="sky-1", engine="other")
    forget_engines()


@pytest.mark.parametrize("by", ["row", "code"])
def test_a_region_has_the_engine_that_it_names(people, other, by: str) -> None:
    here, there = ((each if by == "row" else each.code) for each in (people.bob.region, other))
    assert isinstance(engine_for(here), LocalEngine)
    assert engine_for(there) == OtherEngine(code="sky-1")
    assert engine_for(there) is engine_for(there)


def test_an_engine_that_nobody_makes_cannot_be_chosen(other, settings) -> None:
    field = Region._meta.get_field("engine")
    assert [name for name, _ in field.flatchoices] == list(settings.ENGINES)


def test_memory_is_that_of_the_hosts_of_ones_own_engine(people, other) -> None:
    server = factories.ServerFactory(project=people.bob.project, status=Server.Status.RUNNING)
    capabilities = engine_for(people.bob.region).capabilities()
    RegionReport.objects.create(region=other, can={"memory_mb": capabilities.memory_mb})
    assert host_of(other).free_memory_mb == capabilities.memory_mb
    assert host_of("sky-1").free_memory_mb == capabilities.memory_mb
    assert host_of(people.bob.region).free_memory_mb == capabilities.memory_mb - server.flavor.memory_mb
