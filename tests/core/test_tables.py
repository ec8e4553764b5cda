import re

import pytest
from django.test import Client

from imsconsole.accounts.models import Region
from imsconsole.core.tables import ImsTable
from tests.factories import RegionFactory

pytestmark = [pytest.mark.urls("tests.core.urls"), pytest.mark.django_db]


def regions(count: int) -> None:
    for number in range(count):
        RegionFactory(code=f"region-{number:03}", name=f"Region {number:03}")


def page(query: str = "", **headers: str) -> str:
    response = Client().get(f"/t/regions/{query}", headers=headers)
    assert response.status_code == 200
    return response.content.decode()


def links(html: str) -> list[str]:
    return [link.replace("&amp;", "&") for link in re.findall(r'href="(\?[^"]*)"', html)]


@pytest.mark.slow(reason="a list of 100 rows is drawn")
@pytest.mark.parametrize("rows", [1, 100])
def test_a_table_asks_for_its_rows_and_their_number_only(rows, django_assert_num_queries):
    regions(rows)
    with django_assert_num_queries(2):
        page("?per_page=100")


def test_htmx_gets_one_root_element_with_the_tables_id():
    regions(1)
    html = page(**{"HX-Request": "true"})
    assert html.count('id="regions"') == 1
    assert html.split("-->")[-1].strip().startswith('<div class="table-wrap" id="regions">')


def test_a_heading_tells_its_order_and_leads_to_the_next_keeping_everything_else():
    regions(2)
    html = page("?q=web&tag=a&tag=b&page=1&sort=name")
    assert html.count('aria-sort="ascending"') == 1
    assert "?q=web&tag=a&tag=b&sort=-name" in links(html)
    assert "?q=web&tag=a&tag=b&sort=code" in links(html)
    assert 'aria-sort="descending"' in page("?sort=-name")


def test_every_link_works_with_and_without_htmx():
    regions(30)
    html = page("?per_page=10")
    assert re.findall(r'href="(\?[^"]*)"', html) == re.findall(r'hx-get="(\?[^"]*)"', html)


def test_the_paging_says_which_rows_are_shown_and_keeps_the_order():
    regions(30)
    html = page("?per_page=10&page=2&sort=-code")
    assert "11–20 of 30" in html
    assert "?per_page=10&sort=-code&page=3" in links(html)
    assert "?per_page=50&sort=-code" in links(html)
    assert "Region 019" in html
    assert "Region 020" not in html


def test_a_page_that_is_no_page_and_a_size_that_is_no_size_are_ignored():
    regions(30)
    assert "1–25 of 30" in page("?page=x&per_page=7&sort=nothing")
    assert "26–30 of 30" in page("?page=99&per_page=²")
    assert "1–25 of 30" in page("?per_page=1000000")


def test_a_hostile_query_string_stays_text():
    regions(30)
    assert "<script>alert" not in page('?q="><script>alert(1)</script>&per_page=10')


def test_an_empty_table_says_so():
    html = page()
    assert "No region." in html
    assert "paging" not in html


def test_cells_tell_their_heading_for_narrow_screens():
    regions(1)
    assert re.search(r'<td [^>]*data-label="Name \(English\)">Region 000\s*</td>', page())


def test_a_table_without_an_id_gets_one_of_its_name():
    table = ImsTable([])
    assert table.dom_id == "imstable"


def test_cells_do_not_ask_again_for_what_the_page_around_them_needs(settings):
    engine = settings.TEMPLATES[0]
    options = {**engine["OPTIONS"], "context_processors": [REQUEST, f"{__name__}.counted"]}
    settings.TEMPLATES = [{**engine, "OPTIONS": options}]
    times = []
    for count in (1, 30):
        Region.objects.all().delete()
        regions(count)
        asked.clear()
        assert page("?per_page=100").count('name="pick"') == count
        times.append(len(asked))
    assert times[0] == times[1] > 0


REQUEST = "django.template.context_processors.request"
asked: list[str] = []


def counted(request):
    asked.append(request.path)
    return {}
