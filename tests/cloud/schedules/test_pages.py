"""Schedules: rules, services and pages, for whoever asks."""

import csv
import io
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from imsconsole.audit.models import Event
from imsconsole.cloud.backups.vaults.services import delete_vault
from imsconsole.cloud.models import Backup, BackupSchedule
from imsconsole.cloud.schedules.rules import (
    MOST_SCHEDULES,
    can_edit_schedule,
    can_order_schedule,
    can_schedule,
)
from imsconsole.cloud.schedules.services import (
    Plan,
    create_schedule,
    delete_schedule,
    edit_schedule,
    pause_schedule,
    resume_schedule,
    run_schedule,
)
from imsconsole.core.errors import NotFound
from imsconsole.core.now import now
from imsconsole.core.project_urls import bare
from imsconsole.core.rules import Refused
from tests.cloud.schedules.conftest import a_server
from tests.conftest import HTMX, client_of
from tests.factories import BackupFactory, BackupScheduleFactory, VaultFactory

pytestmark = pytest.mark.django_db
CREATE = "schedules:create"


def typed(into, *servers, **other):
    return {
        "name": "nightly",
        "servers": [server.pk for server in servers],
        "vault": into.pk,
        "how_often": "daily",
        "hour": "2",
        "time_zone": "Europe/Berlin",
        "keep": "7",
    } | other


def plan_of(vault, *servers, **other) -> Plan:
    return Plan(
        **{
            "name": "nightly",
            "vault": vault,
            "servers": servers,
            "weekdays": [],
            "hour": 2,
            "time_zone": "UTC",
            "keep": 7,
        }
        | other
    )


# rules ------------------------------------------------------------------------------------------------


def test_temporary_servers_are_in_none(people, vault):
    server = a_server(people.bob, is_temporary=True)
    assert can_schedule(server, people.bob).code == "temporary-server"
    assert can_order_schedule(vault, [server], people.bob).code == "temporary-server"
    assert can_schedule(a_server(people.bob), people.dave).code == "read-only"
    assert can_order_schedule(vault, [], people.dave).code == "read-only"


def test_a_server_goes_on_in_the_vault_of_its_backups(people, vault):
    server, other = a_server(people.bob), VaultFactory(project=people.bob.project, name="weekly")
    BackupFactory(project=people.bob.project, vault=other, server_id=server.pk, server_name="web-1")
    verdict = can_order_schedule(vault, [server], people.bob)
    assert verdict.code == "servers-in-other-vault"
    assert "web-1" in verdict.reason
    assert "weekly" in verdict.reason
    assert can_order_schedule(other, [server], people.bob)
    Backup.objects.update(status="failed")
    assert can_order_schedule(vault, [server], people.bob), "one that failed binds to nothing"
    Backup.objects.update(status="available", kind="csbs", vault=None)
    assert can_order_schedule(vault, [server], people.bob), "nor does one of CSBS, which is in no vault"


def test_a_project_has_so_many_schedules(people, vault):
    for number in range(MOST_SCHEDULES):
        BackupScheduleFactory(project=people.bob.project, vault=vault, name=f"s{number}")
    with pytest.raises(Refused, match="schedules-limit"):
        create_schedule(plan_of(vault, a_server(people.bob)), actor=people.bob)


@pytest.mark.parametrize("who", ["dave", "carol"])
def test_others_change_nothing(people, vault, who):
    actor = getattr(people, who)
    schedule = BackupScheduleFactory(project=people.bob.project, vault=vault, servers=[a_server(people.bob)])
    for act in (pause_schedule, resume_schedule, run_schedule, delete_schedule):
        with pytest.raises((Refused, NotFound)):
            act(schedule, actor=actor)
    with pytest.raises((Refused, NotFound)):
        create_schedule(plan_of(vault, a_server(people.bob)), actor=actor)
    assert can_edit_schedule(schedule, people.dave).code == "read-only"


def test_neither_vault_nor_server_of_others_is_taken(people, vault):
    with pytest.raises(NotFound):
        create_schedule(plan_of(vault, a_server(people.carol)), actor=people.bob)
    with pytest.raises(NotFound):
        create_schedule(
            plan_of(VaultFactory(project=people.carol.project), a_server(people.bob)), actor=people.bob
        )
    BackupScheduleFactory(project=people.carol.project, name="nightly")
    assert create_schedule(plan_of(vault, a_server(people.bob)), actor=people.bob).name == "nightly"
    with pytest.raises(Refused, match="schedule-name"):
        create_schedule(plan_of(vault, a_server(people.bob)), actor=people.alice)
    create_schedule(plan_of(vault, a_server(people.bob), name="weekly"), actor=people.alice)


def test_a_vault_of_a_schedule_is_not_deleted(people, vault):
    schedule = BackupScheduleFactory(project=people.bob.project, vault=vault)
    with pytest.raises(Refused, match="vault-has-schedules"):
        delete_vault(vault, actor=people.bob)
    delete_schedule(schedule, actor=people.bob)
    delete_vault(vault, actor=people.bob)


def test_its_backups_outlive_it(people, vault):
    schedule = BackupScheduleFactory(project=people.bob.project, vault=vault)
    backup = BackupFactory(project=people.bob.project, vault=vault, schedule=schedule)
    delete_schedule(schedule, actor=people.bob)
    backup.refresh_from_db()
    assert (backup.status, backup.schedule) == ("available", None)


# pages ------------------------------------------------------------------------------------------------


def test_a_schedule_is_made_changed_and_deleted_by_its_pages(people, vault):
    first, second = a_server(people.bob, name="a"), a_server(people.bob, name="b")
    bob = client_of(people.bob)
    answer = bob.post(reverse(CREATE), typed(vault, first, how_often="weekly", weekdays=["0", "3"]))
    schedule = BackupSchedule.objects.get()
    assert bare(answer.url) == bare(schedule.get_absolute_url())
    assert (schedule.weekdays, schedule.hour, schedule.time_zone, schedule.keep) == (
        [0, 3],
        2,
        "Europe/Berlin",
        7,
    )
    assert now() < schedule.next_at < now() + timedelta(days=8)
    page = bob.get(schedule.get_absolute_url()).content.decode()
    assert "Mon, Thu at 02:00 (Europe/Berlin)" in page

    edit = reverse("schedules:edit", args=[schedule.pk])
    assert bob.get(edit).context["form"]["servers"].value() == [first.pk]
    edit_schedule(schedule, plan_of(vault, first, second), actor=people.bob)
    assert {member.server for member in schedule.members.all()} == {first, second}
    bob.post(edit, typed(vault, second, keep="3"))
    schedule.refresh_from_db()
    assert (schedule.weekdays, schedule.keep) == ([], 3)
    assert [member.server for member in schedule.members.all()] == [second]
    assert bob.get(second.get_absolute_url()).content.decode().count("nightly") >= 1

    bob.post(reverse("schedules:delete", args=[schedule.pk]))
    assert not BackupSchedule.objects.exists()
    assert Event.objects.filter(action="deleteSchedule", resource_id=str(schedule.pk)).exists()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("servers", []),
        ("hour", "24"),
        ("time_zone", "Mars/Olympus"),
        ("keep", "0"),
        ("keep", "100"),
        ("how_often", "hourly"),
        ("vault", "nonsense"),
        ("servers", ["nonsense"]),
        ("name", " "),
    ],
)
def test_what_cannot_be_is_said_at_its_field(people, vault, field, value):
    answer = client_of(people.bob).post(reverse(CREATE), typed(vault, a_server(people.bob), **{field: value}))
    assert answer.status_code == 422
    assert field in answer.context["form"].errors
    assert not BackupSchedule.objects.exists()


def test_a_weekly_one_has_a_day(people, vault):
    answer = client_of(people.bob).post(
        reverse(CREATE), typed(vault, a_server(people.bob), how_often="weekly")
    )
    assert "weekdays" in answer.context["form"].errors


def test_the_form_tells_what_will_be_kept(people, vault):
    bob = client_of(people.bob)
    servers = [a_server(people.bob), a_server(people.bob)]
    answer = bob.post(
        reverse(CREATE),
        typed(vault, *servers, keep="7", action="refresh"),
        headers={**HTMX, "HX-Target": "summary"},
    )
    assert [str(value) for _, value in answer.context["summary"].facts] == [
        "2", "14", "56 GiB", "64 GiB", "100 GiB",
    ]  # fmt: skip
    answer = bob.post(
        reverse(CREATE),
        typed(vault, *servers, keep="14", action="refresh"),
        headers={**HTMX, "HX-Target": "summary"},
    )
    assert "until there is room" in answer.content.decode()
    assert "<form" not in answer.content.decode()
    assert not BackupSchedule.objects.exists()


def test_the_page_of_a_server_leads_to_its_schedule(people, vault):
    server = a_server(people.bob)
    page = client_of(people.bob).get(reverse(CREATE), {"server": server.pk})
    assert page.context["form"]["servers"].value() == [server.pk]
    assert reverse(CREATE) in client_of(people.bob).get(server.get_absolute_url()).content.decode()


def test_buttons_pause_resume_and_run(people, vault):
    schedule = BackupScheduleFactory(project=people.bob.project, vault=vault, servers=[a_server(people.bob)])
    bob = client_of(people.bob)

    def press(name: str) -> BackupSchedule:
        assert bob.post(reverse(f"schedules:{name}", args=[schedule.pk])).status_code == 302
        return BackupSchedule.objects.with_facts().get()

    BackupSchedule.objects.update(state="failing", reason_code="vault-full", reason_values={"vault": "daily"})
    assert press("pause").state == "off"
    paused = BackupSchedule.objects.get()
    assert (paused.next_at, paused.reason_code, paused.reason_values) == (None, "", {})
    assert bob.post(reverse("schedules:run", args=[schedule.pk])).status_code == 409
    assert press("resume").next_at > now()
    assert press("run").due_count == 1
    assert bob.post(reverse("schedules:run", args=[schedule.pk])).status_code == 409


def test_the_list_its_file_and_its_filters(people, vault):
    BackupScheduleFactory(project=people.bob.project, vault=vault, name="on")
    BackupScheduleFactory(project=people.bob.project, vault=vault, name="paused", state="off", next_at=None)
    BackupScheduleFactory(project=people.carol.project, name="secret")
    bob = client_of(people.bob)
    page = bob.get(reverse("schedules:list")).content.decode()
    assert "paused" in page
    assert "secret" not in page
    answer = bob.get(reverse("schedules:export"), {"state": "off"})
    lines = list(csv.DictReader(io.StringIO(b"".join(answer.streaming_content).decode("utf-8-sig"))))
    assert [line["Name"] for line in lines] == ["paused"]
    assert lines[0]["When"] == "Daily at 02:00 (Asia/Shanghai)"
    BackupSchedule.objects.all().delete()
    assert "No backup schedules yet" in bob.get(reverse("schedules:list")).content.decode()


@pytest.mark.parametrize("url_of", ["list", "detail"])
def test_pages_take_as_many_queries_for_many(people, vault, url_of):
    bob = client_of(people.bob)

    def queries() -> int:
        schedule = BackupSchedule.objects.first()
        url = reverse("schedules:list") if url_of == "list" else schedule.get_absolute_url()
        bob.get(url)
        with CaptureQueriesContext(
            connection,
        ) as asked:
            assert bob.get(url, headers=HTMX if url_of == "list" else None).status_code == 200
        return len(asked)

    schedule = BackupScheduleFactory(
        project=people.bob.project, vault=vault, name="0", servers=[a_server(people.bob)]
    )
    BackupFactory(project=people.bob.project, vault=vault, schedule=schedule)
    few = queries()
    for number in range(8):
        server = a_server(people.bob)
        schedule.members.create(server=server)
        BackupFactory(project=people.bob.project, vault=vault, server_id=server.pk, schedule=schedule)
        BackupScheduleFactory(project=people.bob.project, vault=vault, servers=[server], name=f"1{number}")
    assert queries() == few
    assert few < 12


def test_a_server_and_a_backup_say_their_schedule(people, vault):
    schedule = BackupScheduleFactory(project=people.bob.project, vault=vault, name="nightly-9")
    backup = BackupFactory(project=people.bob.project, vault=vault, schedule=schedule)
    assert "nightly-9" in client_of(people.bob).get(backup.get_absolute_url()).content.decode()
