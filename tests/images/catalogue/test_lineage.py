"""Where an image comes from and what was made of it."""

import re

import pytest
from django.urls import reverse

from images.catalogue.lineage import COPIES, LINEAGE_FACTS, SERVERS, lineage_of
from images.catalogue.lineage_picture import draw_narrow, draw_wide, shortened
from images.models import Image
from imsconsole.accounts.models import Membership
from imsconsole.core.now import now
from tests import factories
from tests.conftest import client_of
from tests.support.clients import at

pytestmark = pytest.mark.django_db


def tree_of(image, actor):
    return lineage_of(Image.objects.with_facts(actor, *LINEAGE_FACTS).get(pk=image.pk), actor)


def lines_of(image, actor):
    """The tree as text: two spaces for each step down."""
    return [
        "  " * depth + f"{node.kind} {node.title}" for node, depth in tree_of(image, actor).walk()
    ]  # fmt: skip


def page_of(image, actor):
    return client_of(actor).get(image.get_absolute_url(), {"section": "lineage"}).content.decode()


def test_it_goes_from_the_source_over_the_parents_to_the_servers_of_today(people):
    project = people.bob.project
    base = factories.PublicImageFactory(name="base", source_kind="file", source_name="base.qcow2")
    image = factories.ImageFactory(project=project, name="web", parent=base)
    factories.ServerFactory(project=project, name="web-1", image=image)
    copy = factories.ImageFactory(project=project, name="web-copy", parent=image)
    for _ in range(3):
        factories.ServerFactory(project=project, image=copy)

    assert lines_of(image, people.dave) == [
        "source base.qcow2",
        "  image base",
        "    this web",
        "      server web-1",
        "      image web-copy",
        "        server 3 servers",
    ]


def test_everything_of_the_picture_that_has_a_page_leads_there(people):
    project = people.bob.project
    made_of = factories.ServerFactory(project=project)
    parent = factories.ImageFactory(
        project=project, source_kind="server", source_id=made_of.pk, source_name=made_of.name
    )
    image = factories.ImageFactory(project=project, parent=parent)
    server = factories.ServerFactory(project=project, image=image)
    copy = factories.ImageFactory(project=project, parent=image)
    page = page_of(image, people.bob)

    for thing in (made_of, parent, server, copy):
        assert (
            page.count(f'<a href="{at(thing.project, thing.get_absolute_url())}"') >= 3
        )  # twice drawn, once as text


def test_what_other_projects_made_of_a_public_image_is_neither_shown_nor_counted(people):
    image = factories.PublicImageFactory(name="base")
    factories.ServerFactory(project=people.carol.project, image=image, name="theirs-server")
    copy = factories.ImageFactory(project=people.carol.project, parent=image, name="theirs-copy")
    factories.ServerFactory(project=people.carol.project, image=copy)

    assert len(lines_of(image, people.bob)) == 2
    assert "theirs" not in page_of(image, people.bob)
    assert "theirs-server" in page_of(image, people.carol)


def test_deleted_images_and_servers_are_not_in_it(people):
    image = factories.ImageFactory(project=people.bob.project)
    factories.ServerFactory(project=people.bob.project, image=image, deleted_at=now())
    factories.ImageFactory(project=people.bob.project, parent=image, status="deleted", deleted_at=now())

    assert len(lines_of(image, people.bob)) == 2


@pytest.mark.parametrize("owner", ["bob", "carol"])
def test_a_parent_that_is_deleted_or_not_visible_is_said_to_be_so(people, owner):
    parent = factories.ImageFactory(
        project=getattr(people, owner).project,
        name="parent-secret",
        status="deleted" if owner == "bob" else "active",
    )
    image = factories.ImageFactory(project=people.bob.project, name="web", parent=parent)

    assert lines_of(image, people.bob) == ["source deleted, or not visible here", "  this web"]
    assert "parent-secret" not in page_of(image, people.bob)


def test_a_long_line_of_parents_is_cut_and_goes_on_at_the_oldest(people):
    image = None
    for number in range(5):
        image = factories.ImageFactory(project=people.bob.project, name=f"image-{number}", parent=image)
    root = tree_of(image, people.bob)

    assert [node.title for node, _ in root.walk()] == ["earlier images", "image-2", "image-3", "image-4"]
    assert root.url.startswith(root.children[0].url)


def test_of_thousands_only_the_first_are_drawn_and_the_rest_is_counted(people):
    image = factories.ImageFactory(project=people.bob.project)
    for _ in range(SERVERS + 7):
        factories.ServerFactory(project=people.bob.project, image=image)
    for _ in range(COPIES + 97):
        factories.ImageFactory(project=people.bob.project, parent=image)
    root = tree_of(image, people.bob)
    more = {node.title: node.url for node, _ in root.walk() if node.kind == "more"}

    assert more == {
        "and 7 more": f"{reverse('images:detail', args=[image.pk])}?section=use",
        "and 97 more": "#copies",
    }
    assert len(list(root.walk())) == 1 + 1 + SERVERS + 1 + COPIES + 1


def test_the_copies_are_also_a_list_in_pages(people):
    image = factories.ImageFactory(project=people.bob.project)
    for number in range(30):
        factories.ImageFactory(project=people.bob.project, parent=image, name=f"copy-{number:02}")
    page = client_of(people.bob).get(
        image.get_absolute_url(), {"section": "lineage", "sort": "name", "page": 2}
    )
    table = page.content.decode().partition('id="copies"')[2]

    assert "copy-29" in table
    assert "copy-00" not in table


def test_each_node_is_drawn_once_in_both_widths_and_none_over_another(people):
    image = factories.ImageFactory(project=people.bob.project)
    for _ in range(4):
        copy = factories.ImageFactory(project=people.bob.project, parent=image)
        factories.ServerFactory(project=people.bob.project, image=copy)
        factories.ServerFactory(project=people.bob.project, image=image)
    root = tree_of(image, people.bob)
    nodes = [id(node) for node, _ in root.walk()]

    for drawing in (draw_wide(root), draw_narrow(root)):
        assert sorted(id(box.node) for box in drawing.boxes) == sorted(nodes)
        assert len({(box.x, box.y) for box in drawing.boxes}) == len(nodes)
        assert len(drawing.lines) == len(nodes) - 1
        assert max(box.x + box.width for box in drawing.boxes) <= drawing.width
        assert max(box.y for box in drawing.boxes) < drawing.height


def test_the_text_tells_the_same_as_the_picture(people):
    image = factories.ImageFactory(project=people.bob.project, name="web")
    factories.ServerFactory(project=people.bob.project, name="web-1", image=image)
    page = page_of(image, people.bob)
    text = re.search(r'<details class="lineage-text">.*?</details>', page, re.DOTALL)[0]

    for node, _ in tree_of(image, people.bob).walk():
        assert node.title in text


@pytest.mark.parametrize(
    ("text", "room", "shown"),
    [
        ("web", 3, "web"),
        ("webserver", 6, "webse…"),
        ("网站服务器", 10, "网站服务器"),
        ("网站服务器", 8, "网站服…"),
    ],
)
def test_a_long_title_is_cut_by_its_width(text, room, shown):
    assert shortened(text, room) == shown


@pytest.fixture
def far(people):
    """A project of the account in another region."""
    region = factories.RegionFactory(code="cn-east-3", name="CN East-Shanghai1", name_zh="华东-上海一")
    return factories.ProjectFactory(account=people.bob.account, region=region, name="far")


def test_copies_in_other_regions_of_the_account_are_shown_to_those_who_may_enter_there(people, far):
    image = factories.ImageFactory(project=people.bob.project, name="web")
    copy = factories.ImageFactory(project=far, parent=image, name="web-far")
    foreign = factories.ProjectFactory(region=far.region)
    factories.ImageFactory(project=foreign, parent=image, name="theirs")
    assert lines_of(image, people.bob)[-1] == "    image web-far"
    page = page_of(image, people.bob)
    assert "CN East-Shanghai1 · far" in page
    assert copy.get_absolute_url() not in page, "it has no page in this region"
    assert "theirs" not in page
    Membership.objects.get(user=people.dave.user).projects.add(people.bob.project)
    assert "web-far" not in page_of(image, people.dave)


def test_a_copy_tells_of_its_source_in_the_other_region(people, far):
    source = factories.ImageFactory(project=far, name="web-far")
    copy = factories.ImageFactory(project=people.bob.project, parent=source, name="web")
    assert lines_of(copy, people.bob)[1:] == ["  image web-far", "    this web"]
    Membership.objects.get(user=people.dave.user).projects.add(people.bob.project)
    assert "web-far" not in page_of(copy, people.dave)


def test_many_copies_elsewhere_are_counted(people, far):
    image = factories.ImageFactory(project=people.bob.project)
    for _ in range(COPIES + 3):
        factories.ImageFactory(project=far, parent=image)
    assert lines_of(image, people.bob)[-1] == "    more and 3 more"
