import re

import pytest
from django.core.cache import caches
from django.core.handlers.wsgi import WSGIHandler
from django.http import HttpRequest
from django.test import Client, RequestFactory

from imsconsole.accounts.views.errors import csrf_failure, server_error, too_many
from tests.conftest import client_of

pytestmark = pytest.mark.urls("tests.core.urls")
HTMX = {"HX-Request": "true"}


@pytest.mark.django_db
@pytest.mark.parametrize("status", [400, 403, 404, 409, 413, 503])
def test_every_failure_is_a_page_with_a_title_a_sentence_a_way_on_and_a_reference(status):
    response = Client().get(f"/t/{status}/")
    html = response.content.decode()
    assert response.status_code == status
    assert re.search(r"<h1>[A-Z][a-z ]+</h1>", html)
    assert re.search(r'class="error-sentence">[A-Z].+\.</p>', html)
    assert 'href="/"' in html
    assert re.search(r'class="mono">[0-9a-f]{12}<', html)


@pytest.mark.django_db
def test_htmx_gets_a_failure_as_a_toast():
    response = Client().get("/t/409/", headers=HTMX)
    assert response.status_code == 409
    assert response["HX-Retarget"] == "#toasts"
    assert response["HX-Reswap"] == "beforeend"
    assert "<html" not in response.content.decode()
    assert "changed by someone else" in response.content.decode()


@pytest.mark.django_db
def test_the_back_button_gets_a_failure_as_a_page():
    response = Client().get("/t/409/", headers=HTMX | {"HX-History-Restore-Request": "true"})
    assert "<html" in response.content.decode()


def test_a_refusal_is_told_with_its_reason_inside_the_frame(people):
    response = client_of(people.alice).post("/t/post/")
    assert response.status_code == 409
    assert "The image is protected." in response.content.decode()
    assert 'class="sidebar"' in response.content.decode()


@pytest.mark.django_db
def test_a_wrong_method_is_explained_and_says_which_is_right():
    response = Client().get("/t/post/")
    assert response.status_code == 405
    assert response["Allow"] == "POST"
    assert "error-sentence" in response.content.decode()


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/t/404/", "/t/stream/"])
def test_head_is_answered_with_the_headers_of_a_get_and_no_body(path):
    handler = WSGIHandler()  # the test client would drop a body itself
    whole, bare = (handler.get_response(getattr(RequestFactory(), verb)(path)) for verb in ("get", "head"))
    assert b"".join(whole)
    assert b"".join(bare) == b""
    for name in ("Content-Type", "Content-Length"):
        assert bare.get(name) == whole.get(name)


@pytest.mark.django_db
def test_what_may_work_later_offers_to_try_again():
    assert 'href="/t/503/?a=1"' in Client().get("/t/503/?a=1").content.decode()
    assert 'href="/t/404/' not in Client().get("/t/404/").content.decode()


@pytest.mark.django_db
def test_too_many_requests_are_told_to_wait():
    response = too_many(RequestFactory().get("/accounts/login/"))
    assert response.status_code == 429
    assert "Wait a minute" in response.content.decode()


@pytest.mark.django_db
def test_a_forged_or_old_form_is_refused_with_a_sentence():
    response = Client(enforce_csrf_checks=True).post("/t/post/")
    assert response.status_code == 403
    assert "too old or came from another page" in response.content.decode()
    assert csrf_failure(RequestFactory().post("/")).status_code == 403


@pytest.mark.django_db
@pytest.mark.parametrize("headers", [{}, HTMX])
def test_a_fault_of_ours_is_a_page_or_toast_without_its_details(headers):
    response = Client(raise_request_exception=False).get("/t/500/", headers=headers)
    assert response.status_code == 500
    assert "Something went wrong on our side." in response.content.decode()
    assert "broken" not in response.content.decode()


def test_the_page_of_a_fault_needs_no_database_and_no_session():
    request = HttpRequest()  # pytest-django refuses every query here
    request.method, request.path = "GET", "/images/"
    response = server_error(request)
    assert response.status_code == 500
    assert "console.css" in response.content.decode()


@pytest.mark.django_db
def test_rate_limits_find_their_cache():
    caches["default"].set("probe", 1)
    assert caches["default"].get("probe") == 1
