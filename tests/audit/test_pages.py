"""The trail as its readers see it: list, filters, CSV; and how long it is kept."""

import csv
import io
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import translation
from django.utils.html import escape

from images.modify.services import modify_image
from imsconsole.accounts.log import explain, record
from imsconsole.audit.clock import forget_old_events
from imsconsole.audit.models import Event
from imsconsole.core import now as clock
from tests import factories
from tests.conftest import client_of
from tests.support.clients import at

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


def did(actor, action="renameServer", thing=None, **how) -> Event:
    record(action, actor, [explain(thing or factories.ServerFactory(project=actor.project), **how)])
    return Event.objects.latest("pk")


def page(actor, query="", **headers) -> str:
    response = client_of(actor).get(f"/audit/{query}", headers=headers)
    assert response.status_code == 200
    return response.content.decode()


def exported(actor, query="") -> list[dict[str, str]]:
    response = client_of(actor).get(f"/audit/export.csv{query}")
    assert response["Content-Disposition"].startswith("attachment")
    text = b"".join(response.streaming_content).decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text)))


@pytest.mark.parametrize("name", ["alice", "bob", "dave"])
def test_every_member_reads_the_projects_trail_and_nobody_else(people, name):
    did(people.alice, thing=factories.ServerFactory(project=people.alice.project, name="web-ours"))
    did(people.carol, thing=factories.ServerFactory(project=people.carol.project, name="web-theirs"))

    html = page(getattr(people, name))
    assert "web-ours" in html
    assert "web-theirs" not in html
    assert [row["Resource name"] for row in exported(getattr(people, name))] == ["web-ours"]
    assert "web-ours" not in page(people.carol)
    assert [row["Resource name"] for row in exported(people.carol)] == ["web-theirs"]


def test_another_project_of_the_same_account_has_its_own_trail(people):
    did(people.alice, thing=factories.ServerFactory(project=people.alice.project, name="web-ours"))
    other = factories.ProjectFactory(account=people.alice.account)
    client = client_of(people.alice)
    assert "web-ours" not in client.get(at(other, "/audit/")).content.decode()


def test_an_action_is_named_in_the_readers_language_with_its_trace_name(people):
    did(people.alice, "changeOs")
    assert "Change OS <code>changeOs</code>" in page(people.alice)
    assert "切换操作系统 <code>changeOs</code>" in page(people.alice, **{"Accept-Language": "zh-CN"})


def test_the_thing_is_linked_and_everything_unfolds(people):
    server = factories.ServerFactory(project=people.alice.project, name="web-3")
    did(people.alice, thing=server, result="warning", code="server-busy", details="It is busy.")
    html = page(people.alice)
    for part in (
        f'{server.get_absolute_url()}"',
        str(server.pk),
        "server-busy",
        "It is busy.",
        "192.0.2.1",
    ):
        assert part in html


def test_a_refusal_is_read_in_the_readers_language_whoever_met_it(people):
    """Also in the file, and on the first page."""
    server = factories.ServerFactory(project=people.bob.project, name="web-3")
    deed = client_of(people.bob).post(f"/servers/{server.pk}/stop/", headers={"Accept-Language": "zh-CN"})
    assert deed.status_code == 409

    event = Event.objects.get(code=deed.ims_error.code)
    with translation.override("en"):
        said = event.sentence
    assert said == "The server is not running. Please start it first."
    assert escape(said) in page(people.dave)
    assert [row["Details"] for row in exported(people.dave)] == [said]
    assert escape(said) in client_of(people.dave).get("/").content.decode()
    with translation.override("zh-hans"):
        assert event.sentence == "云服务器未运行，请先启动。"


def test_what_was_changed_is_read_in_the_readers_language(people):
    image = factories.ImageFactory(project=people.bob.project)
    with translation.override("zh-hans"):
        modify_image(image, wanted={"min_ram_mb": 512, "protected": True}, actor=people.bob)
    assert Event.objects.get().sentence == "minimum memory (MB): 0 → 512; protected: No → Yes"
    with translation.override("zh-hans"):
        assert Event.objects.get().sentence.endswith("否 → 是")


def test_a_row_of_before_is_read_as_it_was_said(people):
    did(people.alice, details="镜像受保护。")
    assert "镜像受保护。" in page(people.alice)


def test_what_is_gone_has_its_name_but_leads_nowhere(people):
    server = factories.ServerFactory(project=people.alice.project, name="web-3")
    strange = factories.ImageFactory(project=people.carol.project, name="their-image")
    for thing in (server, strange):
        did(people.alice, thing=thing)
    type(server).objects.filter(pk=server.pk).update(deleted_at=clock.now())
    html = page(people.alice)
    for thing in (server, strange):
        assert thing.name in html
        assert thing.get_absolute_url() not in html


def test_what_the_service_did_itself_says_so(people):
    event = did(people.alice)
    Event.objects.filter(pk=event.pk).update(user=None, user_name="", address=None)
    assert "the service" in page(people.alice)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("user=ali", {"one"}),
        ("user=nobody", set()),
        ("action=stopServer", {"two"}),
        ("kind=image", {"three"}),
        ("resource=TWO", {"two"}),
        ("result=warning", {"three"}),
        ("user=bob&kind=server", {"two"}),
        ("result=nonsense", {"one", "two", "three"}),
        ("after=not-a-day", {"one", "two", "three"}),
        ("after=0001-01-01", {"one", "two", "three"}),
        ("before=9999-12-31", {"one", "two", "three"}),
        (f"user={'x' * 5000}", {"one", "two", "three"}),
    ],
)
def test_the_trail_is_narrowed_in_list_and_file_alike(people, query, found):
    project = people.alice.project
    did(people.alice, thing=factories.ServerFactory(project=project, name="one"))
    did(people.bob, "stopServer", thing=factories.ServerFactory(project=project, name="two"))
    did(people.bob, "deleteImage", factories.ImageFactory(project=project, name="three"), result="warning")

    html = page(people.dave, f"?{query}")
    assert {name for name in ("one", "two", "three") if f">{name}<" in html} == found
    assert {row["Resource name"] for row in exported(people.dave, f"?{query}")} == found


def test_a_thing_is_found_by_its_id(people):
    first, _second = did(people.alice), did(people.alice)
    rows = exported(people.alice, f"?resource={first.resource_id.upper()}")
    assert [row["Resource ID"] for row in rows] == [first.resource_id]


def test_days_are_those_of_the_readers_time_zone(people):
    people.alice.user.time_zone = "Asia/Shanghai"
    people.alice.user.save()
    event = did(people.alice)
    Event.objects.filter(pk=event.pk).update(at=datetime(2026, 5, 1, 20, tzinfo=UTC))  # 4 o'clock on the 2nd

    def count(query: str) -> int:
        return len(exported(people.alice, query))

    assert count("?after=2026-05-02&before=2026-05-02") == 1
    assert count("?before=2026-05-01") == count("?after=2026-05-03") == 0
    assert exported(people.alice)[0]["Time"] == "2026-05-02 04:00:00+08:00"


def test_a_day_that_is_none_is_refused_with_a_sentence(people):
    assert "Enter a valid date." in page(people.alice, "?after=yesterday")


def test_the_file_is_safe_to_open(people):
    did(people.alice, thing=factories.ImageFactory(project=people.alice.project, name='=HYPERLINK("x")'))
    assert exported(people.alice)[0]["Resource name"] == '\'=HYPERLINK("x")'


def test_a_name_is_no_markup(people):
    did(people.alice, thing=factories.ServerFactory(project=people.alice.project, name="<script>x</script>"))
    assert "<script>x" not in page(people.alice)


def test_the_button_takes_the_query_along(people):
    did(people.alice)
    assert '/audit/export.csv?user=ali&amp;result=normal"' in page(
        people.alice, "?user=ali&result=normal", **HTMX
    )


def test_an_empty_trail_says_what_comes_here(people):
    assert "Nothing has been done here yet" in page(people.alice)
    assert "Nothing matches" in page(people.alice, "?user=x")


def test_nobody_writes_into_the_trail_by_its_addresses(people):
    for path in ("/audit/", "/audit/export.csv"):
        assert client_of(people.alice).post(path).status_code == 405


@pytest.mark.slow(reason="the queries of a page are counted with few rows and with many")
def test_the_list_costs_the_same_for_one_row_and_a_hundred(people):
    client = client_of(people.alice)

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert client.get("/audit/?per_page=100").status_code == 200
        return len(captured)

    did(people.alice)
    for_one = queries()
    for _ in range(99):
        did(people.alice)
    assert queries() == for_one <= 15


def test_events_are_kept_as_long_as_the_setting_says(people, settings):
    settings.IMS_AUDIT_DAYS = 2
    did(people.alice)
    clock.move(timedelta(days=1, hours=23))
    forget_old_events()
    assert Event.objects.exists()
    clock.move(timedelta(hours=2))
    forget_old_events()
    assert not Event.objects.exists()
