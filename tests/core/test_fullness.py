"""A full disk, and a database that is full: they say so themselves; people read a sentence."""

import tempfile

import pytest
from django.conf import settings
from django.db import connection, transaction
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import include, path

from imsconsole.core.errors import NoSpace
from imsconsole.core.fullness import fullness_said
from imsconsole.urls import handler500  # noqa: F401 - of this module's addresses as well
from tests.support.faults import full_disk, meet_full_database

pytestmark = pytest.mark.django_db


def filling(request: HttpRequest) -> HttpResponse:
    with transaction.atomic():
        meet_full_database()
    return HttpResponse("done")


def writing(request: HttpRequest) -> HttpResponse:
    meet_full_disk()
    return HttpResponse("done")


def meet_full_disk() -> None:
    with full_disk(0), tempfile.TemporaryFile(dir=settings.DATA_DIR) as file:
        file.write(b"x")
        file.flush()


urlpatterns = [path("t/writing/", writing), path("t/filling/", filling), path("", include("imsconsole.urls"))]


def test_it_is_the_error_that_is_said_of_every_full_disk() -> None:
    with pytest.raises(NoSpace), fullness_said(), transaction.atomic():
        meet_full_database()
    with pytest.raises(NoSpace), fullness_said():
        meet_full_disk()


def test_other_errors_of_the_database_stay_what_they_are() -> None:
    with pytest.raises(Exception, match="no_such_table"), fullness_said(), transaction.atomic():
        connection.cursor().execute("SELECT * FROM no_such_table")


@pytest.mark.urls("tests.core.test_fullness")
@pytest.mark.parametrize("address", ["/t/filling/", "/t/writing/"])
def test_the_page_says_so_in_the_reader_s_language(address: str) -> None:
    client = Client(raise_request_exception=False)
    page = client.post(address)
    assert page.status_code == 507
    assert "The disk of the service is full" in page.content.decode()
    toast = client.post(address, headers={"HX-Request": "true", "Accept-Language": "zh-hans"})
    assert (toast.status_code, toast["HX-Retarget"]) == (507, "#toasts")
    assert "服务的磁盘已满" in toast.content.decode()
