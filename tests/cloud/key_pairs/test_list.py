"""The list of key pairs, and its CSV file."""

import pytest
from django.urls import reverse

from tests.conftest import client_of
from tests.factories import KeyPairFactory
from tests.support.files import file_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def two(people):
    for name in ("laptop", "desk"):
        KeyPairFactory(project=people.bob.project, name=name)
    return people


def shown(actor, **query) -> list[str]:
    table = client_of(actor).get(reverse("keypairs:list"), query).context["table"]
    return [row.record.name for row in table.paginated_rows]


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ({}, ["desk", "laptop"]),
        ({"sort": "-name"}, ["laptop", "desk"]),
        ({"q": "LAP"}, ["laptop"]),
        ({"q": "x"}, []),
    ],
)
def test_list_and_file_are_found_and_ordered_alike(two, query, names):
    assert shown(two.bob, **query) == names
    assert [row["Name"] for row in file_of(two.dave, "keypairs", **query)] == names


def test_another_account_sees_and_gets_none(two):
    assert shown(two.carol) == []
    assert file_of(two.carol, "keypairs") == []


def test_a_row_says_what_the_pair_is(people):
    pair = KeyPairFactory(project=people.bob.project, name="=1+1")
    (row,) = file_of(people.bob, "keypairs", "zh-hans")
    assert (row["名称"], row["ID"]) == ("'=1+1", str(pair.pk))
    assert (row["指纹"], row["公钥"]) == (pair.fingerprint, pair.public_key)


def test_the_button_takes_the_query_along(two):
    html = client_of(two.bob).get(reverse("keypairs:list"), {"q": "lap"}).content.decode()
    assert f'{reverse("keypairs:export")}?q=lap"' in html
    assert "Nothing matches" in client_of(two.bob).get(reverse("keypairs:list"), {"q": "x"}).content.decode()
