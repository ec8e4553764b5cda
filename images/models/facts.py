"""What a query can tell of an image besides its columns. Each costs a subquery, so whoever reads one asks for it."""

from collections.abc import Callable
from datetime import datetime
from functools import cache
from typing import Any, Generic, TypeVar

from django.db.models import Count, Exists, Min, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce

from imsconsole.accounts.actor import Actor
from imsconsole.cloud.backups.legacy import is_of_csbs
from imsconsole.cloud.models import Disk, Server
from imsconsole.jobs.models import Job

# states of a listing's version: on the market, and from its scan on until it ends
PUBLISHED = "published"
OFFERED = ("scanning", "in-review", "approved", PUBLISHED)

T = TypeVar("T")


class Fact(Generic[T]):
    """A value that `with_facts` annotates. Of an image that it was not asked for, reading it raises AttributeError.

    In templates as well, which take an attribute that no class has for an empty text. `of` makes its expression,
    given the images of which the outer query's is one: once for all queries.
    """

    def __init__(self, of: Callable[[Any], Any]) -> None:
        self.expression = cache(of)

    def asked_by(self, _actor: Actor, this: Any) -> Any:
        """Its expression."""
        return self.expression(this)

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __get__(self, image: object, owner: type) -> T:
        raise AttributeError(f"with_facts was not asked for {self.name}")


class ActorFact(Fact[T]):
    """One that depends on who asks, or when."""

    def __init__(self, of: Callable[[Any, Actor], Any]) -> None:
        self.of = of

    def asked_by(self, actor: Actor, this: Any) -> Any:
        return self.of(this, actor)


class ImageFacts:
    """The facts of an image."""

    # the actor's servers that use it: a public image must not tell of others'
    servers_count = ActorFact[int](lambda _this, actor: _count(_servers().filter(project=actor.project)))
    # anybody's servers and data disks that are being created from it
    launching_count = Fact[int](lambda _this: _count(_starting()) + _count(_filling()))
    # work on it is running; an export
    has_live_job = Fact[bool](lambda _this: Exists(_live_jobs()))
    is_exporting = Fact[bool](lambda _this: Exists(_live_jobs().filter(kind="image.export")))
    # how large its disks are; None before they are there
    virtual_bytes = Fact[int | None](lambda this: _of_disks(this, Sum("virtual_size_bytes")))
    # when its files last were what they were, None when they were never looked at
    verified_at = Fact[datetime | None](lambda this: _of_disks(this, Min("stored__verified_at")))
    # at least one of its disks is
    is_encrypted = Fact[bool](
        lambda this: Q(key__isnull=False) | Q(Exists(_its(this, "disks").filter(key__isnull=False)))
    )
    # the projects it is shared with
    shares_count = Fact[int](lambda this: _count(_its(this, "shares").filter(ended_at=None).values("image")))
    # another project's that the actor's has accepted; the day its owner named to it
    is_received = ActorFact[bool](lambda this, actor: Exists(this.shared_with(actor.project)))
    shared_until = ActorFact[datetime | None](
        lambda this, actor: Subquery(
            _its(this, "shares").filter(project=actor.project, ended_at=None).values("ends_at")[:1]
        )
    )
    # a version of a listing is made of it, from its scan on until it ends; and is on the market
    is_offered = Fact[bool](lambda this: Exists(_its(this, "offers").filter(state__in=OFFERED)))
    is_published = Fact[bool](lambda this: Exists(_its(this, "offers").filter(state=PUBLISHED)))
    # it is of a legacy backup, or of a server that had to do with one
    comes_from_csbs = Fact[bool](
        lambda _this: is_of_csbs(backup="backup", server="source_id", at="created_at")
    )


FACTS: dict[str, Fact[Any]] = {
    name: fact for name, fact in vars(ImageFacts).items() if isinstance(fact, Fact)
}


def _servers() -> "QuerySet[Any]":
    return Server.objects.filter(image=OuterRef("pk"), deleted_at=None).order_by().values("image")


def _starting() -> "QuerySet[Any]":
    return _servers().filter(status=Server.Status.CREATING)


def _filling() -> "QuerySet[Any]":
    disks = Disk.objects.filter(image=OuterRef("pk"), role=Disk.Role.DATA, status=Disk.Status.CREATING)
    return disks.order_by().values("image")


def _live_jobs() -> "QuerySet[Any]":
    return Job.objects.live().filter(subject_id=OuterRef("pk"))


def _its(this: "QuerySet[Any]", name: str) -> "QuerySet[Any]":
    """The rows that refer to the image of the outer query, which is `this`, by the name of their relation."""
    rows: QuerySet[Any] = this.model._meta.get_field(name).related_model._base_manager.all()
    return rows.filter(image=OuterRef("pk")).order_by()


def _of_disks(this: "QuerySet[Any]", aggregate: Sum | Min) -> Subquery:
    """Of all its disks together."""
    return Subquery(_its(this, "disks").values("image").annotate(of_all=aggregate).values("of_all"))


def _count(rows: "QuerySet[Any]") -> Coalesce:
    """How many rows a correlated query grouped by its image has."""
    return Coalesce(Subquery(rows.annotate(n=Count("pk")).values("n")), 0)
