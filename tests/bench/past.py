"""What a console has behind it: a year of jobs, and what they leave.

The load that is assumed: 10,000 projects of which each orders two long works a day, 20,000 a day, 7.3 million a year, with
a catalogue of ten million images. A smaller catalogue has a part of that past in the same measure: 0.73 jobs for each image.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from django.conf import settings
from django.db import connection
from django_tasks_db.models import DBTaskResult

from imsconsole.accounts.models import Account, Membership, Project, Role, User
from imsconsole.audit.models import Event
from imsconsole.core.ids import new_id
from imsconsole.core.now import now
from imsconsole.jobs.models import Job
from imsconsole.notifications.models import Message
from tests.bench.fill import write

A_DAY, DAYS, FULL = 20_000, 365, 10_000_000  # images that the full load belongs to
FAILS = 50  # one of so many fails, and nobody tries it again
DONE = (
    ("image.import", "image", "createImage", "images.create.jobs.ImportImage"),
    ("image.copy", "image", "copyImage", "images.copy.jobs.CopyImage"),
    ("server.create", "server", "createServer", "imsconsole.cloud.servers.jobs.CreateServer"),
    ("disk.create", "disk", "createDisk", "imsconsole.cloud.disks.jobs.CreateDisk"),
)


def jobs_of_a_year(images: int) -> int:
    return A_DAY * DAYS * images // FULL


def fill_past(images: int) -> None:
    """The jobs of a year, their lines in the trail, the messages and rows of the queue that are not forgotten yet."""
    count = jobs_of_a_year(images)
    people = _people()
    projects = list(
        Project.objects.filter(name__startswith="other-").select_related("account").order_by("pk")
    )
    until = now()

    def each(days: int) -> Iterator[tuple[int, datetime, Project]]:
        """Those of the last days: their numbers, when they were, and of which project."""
        for number in range(count * (DAYS - days) // DAYS, count):
            yield (
                number,
                until - timedelta(days=DAYS) * (count - number) / count,
                projects[number % len(projects)],
            )

    write(Job, Job(state="done", attempt=1, queue="bulk"), (_job(*one, people) for one in each(DAYS)))
    trail = min(DAYS, settings.IMS_AUDIT_DAYS)
    write(Event, Event(address="192.0.2.1"), (_event(*one, people) for one in each(trail)))
    told = min(DAYS, settings.IMS_MESSAGES_DAYS)
    write(
        Message, Message(code="job-finished", level="success"), (_message(*one, people) for one in each(told))
    )
    task = DBTaskResult(
        status="SUCCESSFUL", args_kwargs={"args": [str(uuid4())], "kwargs": {}}, task_path="imsconsole.jobs.tasks.wake",
        worker_ids=["w" * 32], queue_name="bulk", backend_name="default", run_after=datetime.max.replace(tzinfo=until.tzinfo),
    )  # fmt: skip
    write(DBTaskResult, task, (_task(when) for _number, when, _project in each(settings.IMS_TASKS_KEPT_DAYS)))
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE" if connection.vendor == "postgresql" else "ANALYZE")


def _people() -> dict[int, User]:
    """By account: one who works in it."""
    accounts = list(Account.objects.filter(name__startswith="others-").order_by("pk"))
    people = User.objects.bulk_create(User(username=f"of-{account.name}") for account in accounts)
    Membership.objects.bulk_create(
        Membership(user=user, account=account, role=Role.FULL_ACCESS)
        for user, account in zip(people, accounts, strict=True)
    )
    return {account.pk: user for user, account in zip(people, accounts, strict=True)}


def _job(number: int, when: datetime, project: Project, people: dict[int, User]) -> dict[str, Any]:
    kind, about, _action, path = DONE[number % len(DONE)]
    failed = number % FAILS == 0
    return {
        "id": new_id(), "kind": kind, "path": path, "subject_kind": about, "subject_id": uuid4(),
        "subject_name": f"{about}-{number:07}", "project_id": project.pk, "user_id": people[project.account_id].pk,
        "state": "failed" if failed else "done", "error_code": "no-space" if failed else "",
        "args": {"format": "qcow2"}, "results": {"store": {"ref": str(uuid4()), "size_bytes": 5 * 10**9}},
        "created_at": when, "woken_at": when, "started_at": when, "finished_at": when + timedelta(minutes=1),
    }  # fmt: skip


def _event(number: int, when: datetime, project: Project, people: dict[int, User]) -> dict[str, Any]:
    _kind, about, action, _path = DONE[number % len(DONE)]
    user = people[project.account_id]
    return {
        "at": when, "user_id": user.pk, "user_name": user.username, "account_id": project.account_id,
        "project_id": project.pk, "action": action, "resource_type": about, "resource_id": str(uuid4()),
        "resource_name": f"{about}-{number:07}",
    }  # fmt: skip


def _message(number: int, when: datetime, project: Project, people: dict[int, User]) -> dict[str, Any]:
    _kind, about, _action, _path = DONE[number % len(DONE)]
    return {
        "id": new_id(), "user_id": people[project.account_id].pk, "project_id": project.pk, "created_at": when,
        "values": {"job": about, "name": f"{about}-{number:07}"}, "subject_kind": about, "subject_id": uuid4(), "read_at": when,
    }  # fmt: skip


def _task(when: datetime) -> dict[str, Any]:
    return {"id": uuid4(), "enqueued_at": when, "started_at": when, "finished_at": when}
