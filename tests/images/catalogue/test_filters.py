"""The filters of the list (§2.29), their chips, and what happens to values that cannot be."""

from datetime import UTC, datetime

import pytest
from django.urls import reverse

from imsconsole.core.project_urls import bare
from imsconsole.engine.types import GIB
from tests import factories
from tests.conftest import client_of

pytestmark = pytest.mark.django_db
ADDRESS = "images:list"


@pytest.fixture
def three(people):
    project = people.bob.project
    euler = factories.OsVersionFactory(
        name="openEuler 22.03 64bit", platform="openEuler", version="22.03", on_arm=True
    )
    small = factories.ImageFactory(
        project=project, name="small", min_disk_gb=1, created_at=datetime(2026, 1, 31, 15, 59, tzinfo=UTC)
    )
    large = factories.ImageFactory(
        project=project, name="large", min_disk_gb=100, os_version=euler, architecture="arm", boot_mode="uefi",
        source_kind="server", created_at=datetime(2026, 1, 31, 16, 0, tzinfo=UTC),
    )  # fmt: skip
    factories.ImageFactory(project=project, name="fileless", type="data", os_version=None, min_disk_gb=10)
    factories.ImageDiskFactory(image=small, size_bytes=GIB // 2)
    factories.ImageDiskFactory(image=large, size_bytes=3 * GIB)
    for image, tags in (
        (small, {"env": "prod", "team": "a"}),
        (large, {"env": "prod", "team": "b", "网站": ""}),
    ):
        for key, value in tags.items():
            image.tags.create(key=key, value=value)
    return people


def page_of(actor, query):
    return client_of(actor).get(reverse(ADDRESS) + f"?tab=private&sort=name&{query}")


def names_of(actor, query):
    return [row.record.name for row in page_of(actor, query).context["table"].paginated_rows]


@pytest.mark.slow(reason="a list is drawn for each of its filters")
@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("platform=openEuler", ["large"]),
        ("version=openEuler+22.03+64bit", ["large"]),
        ("architecture=arm", ["large"]),
        ("boot=bios", ["fileless", "small"]),
        ("source=server", ["large"]),
        ("disk_min=10", ["fileless", "large"]),
        ("disk_min=2&disk_max=50", ["fileless"]),
        ("size_min=0.4&size_max=0.5", ["small"]),
        ("size_min=1", ["large"]),
        ("tag=env%3Dprod", ["large", "small"]),
        ("tag=env%3Dprod&tag=team%3Db", ["large"]),
        ("tag=env%3Dprod&tag=team%3Dc", []),
        ("tag=team", ["large", "small"]),
        ("tag=%E7%BD%91%E7%AB%99%3D", ["large"]),
        ("tag=&tag=+team+", ["large", "small"]),
        # a day is the reader's: Asia/Shanghai
        ("since=2026-02-01&until=2026-02-01", ["large"]),
        ("until=2026-01-31", ["small"]),
        ("source=server&tag=team%3Da", []),
    ],
)
def test_each_filter_finds_what_it_says_and_all_of_them_together(three, query, names):
    assert names_of(three.bob, query) == names


@pytest.mark.parametrize(
    "query",
    [
        "disk_min=abc", "disk_min=-1", "disk_max=1e400", "size_min=nan", "since=0001-01-01", "until=9999-12-31",
        "since=31.12.2026", "architecture=z80", "boot=bios'--",
    ],
)  # fmt: skip
def test_what_cannot_be_is_ignored(three, query):
    assert names_of(three.bob, query) == ["fileless", "large", "small"]


def test_the_field_of_a_value_that_cannot_be_says_so_in_its_open_panel(three):
    page = page_of(three.bob, "disk_min=abc").content.decode()

    assert "Enter a number." in page
    assert "filters-more" in page
    assert page.split('<details class="menu filters-more"')[1].startswith(" open")


@pytest.mark.slow(reason="a list is drawn for each of its filters")
def test_what_is_set_is_a_chip_that_takes_itself_away(three):
    page = page_of(three.bob, "page=1&q=a&architecture=arm&tag=env%3Dprod&tag=team&disk_min=abc")
    active = page.context["filter"].active

    assert [(each.label, each.text) for each in active] == [
        ("Name or ID", "a"), ("Architecture", "Arm"), ("Tag", "env=prod"), ("Tag", "team"),
    ]  # fmt: skip
    assert active[2].query_without == "tab=private&sort=name&q=a&architecture=arm&tag=team&disk_min=abc"
    assert page.context["filter"].more_count() == 4


def test_the_tags_that_are_set_go_along_when_another_filter_changes(three):
    page = page_of(three.bob, "tag=env%3Dprod&columns=type")

    assert page.context["list"].kept == [
        ("tab", "private"), ("sort", "name"), ("tag", "env=prod"), ("columns", "type"),
    ]  # fmt: skip


def test_without_any_filter_the_reset_keeps_tab_and_order(three):
    listed = page_of(three.bob, "q=zzz").context["list"]
    assert bare(listed.clear_url) == f"{reverse(ADDRESS)}?tab=private&sort=name"


def test_a_tag_in_a_row_leads_to_the_images_that_have_it(three):
    page = page_of(three.bob, "columns=tags").content.decode()

    assert "?tab=private&amp;tag=env=prod" in page
    assert "?tab=private&amp;tag=%E7%BD%91%E7%AB%99" in page
