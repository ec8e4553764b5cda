import csv
import io
from itertools import count
from types import GeneratorType

import pytest
from django.utils.translation import gettext_lazy
from hypothesis import given
from hypothesis import strategies as st

from imsconsole.accounts.models import Region
from imsconsole.core.csv import BOM, SENT_AT_ONCE, csv_pieces, csv_response, safe_cell
from tests.factories import RegionFactory


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "  =1"])
def test_what_a_spreadsheet_would_compute_is_made_text(text):
    assert safe_cell(text) == f"'{text}"


@pytest.mark.parametrize("value", ["web-1", "", "a=b", "1-2", -5, 2.5, None])
def test_other_values_stay_as_they_are(value):
    assert safe_cell(value) == value


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\0"))))
def test_every_text_comes_back_from_the_file_as_it_was_made_safe(cells):
    text = "".join(csv_pieces(["heading"], [cells])).removeprefix(BOM)
    rows = list(csv.reader(io.StringIO(text, newline="")))
    assert rows[0] == ["heading"]
    assert rows[1:] == [[safe_cell(cell) for cell in cells]]


def test_lines_are_made_when_they_are_sent():
    def rows():
        yield from (["row"] for _number in range(SENT_AT_ONCE))
        raise AssertionError("a row was asked for too early")

    pieces = csv_pieces(["heading"], rows())
    assert isinstance(pieces, GeneratorType)
    assert [next(pieces), next(pieces)] == [f"{BOM}heading\r\n", "row\r\n" * SENT_AT_ONCE]


COLUMNS = (
    ("Code", lambda region: region.code),
    (gettext_lazy("Region"), lambda region: region.name),
    ("Rank", lambda region: None),
)


def test_rows_are_streamed_in_their_columns_with_one_query(db, django_assert_num_queries):
    RegionFactory(code="a", name="=cmd()")
    RegionFactory(code="b", name='With "quotes", and commas')
    with django_assert_num_queries(1):
        response = csv_response(COLUMNS, Region.objects.order_by("code"), "区域.csv")
        text = b"".join(response.streaming_content).decode()
    assert response.streaming
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    assert "filename*=UTF-8''%E5%8C%BA%E5%9F%9F.csv" in response["Content-Disposition"]
    rows = list(csv.reader(io.StringIO(text.removeprefix(BOM), newline="")))
    assert rows == [
        ["Code", "Region", "Rank"],
        ["a", "'=cmd()", ""],
        ["b", 'With "quotes", and commas', ""],
    ]
    assert text.startswith(BOM)


def test_rows_may_be_endless():
    response = csv_response(COLUMNS, (Region(code=str(n), name="x") for n in count()), "all.csv")
    pieces = iter(response.streaming_content)
    assert next(pieces).endswith(b"Rank\r\n")
    assert next(pieces).startswith(b"0,x,\r\n1,x,\r\n")
