import pytest
from django.http import HttpRequest
from django_htmx.middleware import HtmxDetails

from imsconsole.core.htmx import render_page, wants_fragment


def request_with(**headers: str) -> HttpRequest:
    request = HttpRequest()
    request.META.update({f"HTTP_{name}": value for name, value in headers.items()})
    request.htmx = HtmxDetails(request)
    return request


def test_a_browser_wants_the_page():
    assert not wants_fragment(request_with())
    assert not wants_fragment(HttpRequest())


def test_htmx_wants_the_fragment():
    assert wants_fragment(request_with(HX_REQUEST="true"))


@pytest.mark.parametrize("header", ["HX_BOOSTED", "HX_HISTORY_RESTORE_REQUEST"])
def test_the_back_button_and_boosted_links_want_the_page(header):
    assert not wants_fragment(request_with(HX_REQUEST="true", **{header: "true"}))


def test_caches_are_told_what_the_answer_depends_on():
    context = {"status": 404, "sentence": "Gone."}
    response = render_page(request_with(), "components/_toast.html", "components/_status.html", context, 422)
    assert response.status_code == 422
    assert response["Vary"] == "HX-Request, HX-Boosted, HX-History-Restore-Request"
