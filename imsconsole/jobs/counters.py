"""What is used of quotas is kept, not counted: triggers note by how much each row that changes has changed it.

The changes of a project and a resource add up to what is used. Each is written in the transaction that changes the row,
whichever way that does it, and waits for no other; the clock sums them up. So nothing is left to be forgotten, by a
bulk update or by hand, and two who change rows of a project in different orders do not wait for each other.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Count, QuerySet

from imsconsole.accounts.models import Project
from imsconsole.core.contention import retried
from imsconsole.core.locks import locked_all
from imsconsole.core.rooms import drawers
from imsconsole.core.triggers import Trigger, are_made, drop_triggers, make_triggers
from imsconsole.jobs.models import QuotaChange

CHANGES = QuotaChange._meta.db_table
AT_ONCE = 10_000  # changes that are summed up in one transaction


@dataclass(frozen=True)
class Counted:
    """Rows that count: how much of which resource, whose, and which of them; SQL in which `{row}` is one of them."""

    table: str
    amounts: Mapping[str, str]
    only: str = "TRUE"
    project: str = "{row}.project_id"

    def triggers(self) -> Iterator[Trigger]:
        read = " ".join([self.project, self.only, *self.amounts.values()])
        columns = tuple(dict.fromkeys(re.findall(r"{row}\.(\w+)", read)))
        new, old = self._each("NEW", "+"), self._each("OLD", "-")
        yield Trigger("count", self.table, "INSERT", (_noted(new),))
        yield Trigger("count", self.table, "UPDATE", (_noted([*new, *old]),), columns)
        yield Trigger("count", self.table, "DELETE", (_noted(old),))

    def sums(self) -> list[str]:
        """Of all rows, project by project: a query for each resource."""
        return [
            f"SELECT {self.project} AS project_id, '{resource}' AS resource, SUM({amount}) AS amount "
            f"FROM {self.table} WHERE {self.only} GROUP BY 1".format(row=self.table)
            for resource, amount in self.amounts.items()
        ]

    def _each(self, row: str, sign: str) -> list[str]:
        """Of one row: a query for each resource."""
        return [
            f"SELECT {self.project} AS project_id, '{resource}' AS resource, {sign}({amount}) AS amount "
            f"WHERE {self.only}".format(row=row)
            for resource, amount in self.amounts.items()
        ]


class Kept(Protocol):
    """Other rows that triggers keep."""

    def triggers(self) -> Iterator[Trigger]: ...

    def fill(self) -> None:
        """Make them all anew, where no trigger is at work: what others write meanwhile, `rebuild` puts right."""

    def rebuild(self) -> None:
        """Put right what is wrong, row by row, while others write."""

    def wrong(self) -> list[tuple[UUID, str]]:
        """By project: what is not as it should be."""


def counted() -> list[Counted]:
    """Of all rooms (`COUNTED` of their `quotas.py`)."""
    return [each for module in drawers("quotas") for each in getattr(module, "COUNTED", ())]


def kept() -> list[Kept]:
    """Of all rooms (`KEPT` of their `quotas.py`)."""
    return [each for module in drawers("quotas") for each in getattr(module, "KEPT", ())]


def triggers() -> list[Trigger]:
    of_kept = [trigger for each in kept() for trigger in each.triggers()]
    return of_kept + [trigger for each in counted() for trigger in each.triggers()]


def count_anew() -> None:
    """Make the triggers, and count what there is, whoever writes meanwhile."""
    drop_triggers()
    for each in kept():
        each.fill()
    make_triggers(triggers())
    recount()


def recount() -> None:
    """Put right what differs from the rows, while others write."""
    for each in kept():
        each.rebuild()
    _recount()


def wrong_amounts() -> list[tuple[UUID, str, int, int]]:
    """By project and resource, where they differ: what is there, and what was noted of it."""
    with connection.cursor() as cursor:
        cursor.execute(_compared())
        return [(UUID(str(project)), *row) for project, *row in cursor.fetchall()]


def is_counting() -> bool:
    """Whether the database has the triggers."""
    return are_made(triggers())


@retried
@transaction.atomic
def _recount() -> None:
    """A row and the change that notes it are seen both or neither, so what one statement finds wrong is wrong."""
    locked_all(Project.objects.filter(pk__in={project for project, *_ in wrong_amounts()}))
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {CHANGES} (project_id, resource, amount) "
            f"SELECT project_id, resource, there - noted FROM ({_compared()}) AS wrong WHERE TRUE"
        )


def sum_up() -> None:
    """Several changes of a project and a resource become one."""
    several = (
        QuotaChange.objects.order_by().values("project", "resource").annotate(n=Count("pk")).filter(n__gt=1)
    )
    for group in several.values("project_id", "resource"):
        while _sum_up(QuotaChange.objects.filter(**group)) == AT_ONCE:
            pass


@transaction.atomic
def _sum_up(changes: "QuerySet[QuotaChange]") -> int:
    """How many became one. Those that somebody else sums up at the same time are left to him."""
    some = list(changes.order_by("pk").values_list("pk", flat=True)[:AT_ONCE])
    held = locked_all(QuotaChange.objects.filter(pk__in=some))
    if len(held) > 1:
        first = held[0]
        first.amount = sum(change.amount for change in held)
        QuotaChange.objects.filter(pk__in=[change.pk for change in held[1:]]).delete()
        first.save(update_fields=["amount"])
    return len(held)


def _noted(each: list[str]) -> str:
    return (
        f"INSERT INTO {CHANGES} (project_id, resource, amount) SELECT project_id, resource, SUM(amount) "
        f"FROM ({' UNION ALL '.join(each)}) AS changes WHERE project_id IS NOT NULL "
        "GROUP BY project_id, resource HAVING SUM(amount) <> 0"
    )


def _compared() -> str:
    sums = " UNION ALL ".join(query for each in counted() for query in each.sums())
    return (
        "SELECT project_id, resource, SUM(there) AS there, SUM(noted) AS noted FROM ("
        f"SELECT project_id, resource, amount AS there, 0 AS noted FROM ({sums}) AS sums "
        f"UNION ALL SELECT project_id, resource, 0, amount FROM {CHANGES}) AS compared "
        "WHERE project_id IN (SELECT id FROM accounts_project) "
        "GROUP BY project_id, resource HAVING SUM(there) <> SUM(noted)"
    )
