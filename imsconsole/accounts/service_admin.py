"""What every page of the admin is: a look at rows, and changes through the services it names, never past them."""

from collections.abc import Callable, Iterable, Mapping
from functools import reduce
from operator import or_
from typing import Any, ClassVar, cast

from django.contrib import admin, messages
from django.contrib.admin.utils import flatten_fieldsets, model_ngettext
from django.db import transaction
from django.db.models import Count, Model, OuterRef, Q, QuerySet, Subquery, Sum, UUIDField
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from imsconsole.accounts.actor import Actor, Operator
from imsconsole.accounts.log import record, refused
from imsconsole.accounts.long_list import LongList
from imsconsole.accounts.models import AvailabilityZone, Project, Role, User
from imsconsole.core.contention import retried
from imsconsole.core.each import do_each
from imsconsole.core.locks import ORDER, locked_all
from imsconsole.core.project_urls import in_project
from imsconsole.core.query_string import id_of
from imsconsole.core.rules import Verdict

Service = Callable[..., Model]
MOST_AT_ONCE = 100


def operator_of(request: HttpRequest) -> Operator:
    """The operator at work on what belongs to no project."""
    return Operator(cast(User, request.user), request.META.get("REMOTE_ADDR", ""))


def operator_in(request: HttpRequest, project: Project) -> Actor:
    """The operator as an administrator of a project."""
    operator = operator_of(request)
    return Actor(operator.user, project, Role.ADMINISTRATOR, operator.address)


def _actor_for(request: HttpRequest, row: Any) -> Actor | Operator:
    project = getattr(row, "project", None)
    return operator_in(request, project) if project else operator_of(request)


class ServiceAdmin(admin.ModelAdmin[Any]):
    """Rows to look at. `added_by`, `changed_by` (field → service) and `deleted_by` say what can be changed.

    A field that is not in `changed_by` is read-only. Who names services calls them in `save_model` and
    `delete_model`; `tests/house/test_admin.py` holds everybody to it.
    """

    added_by: ClassVar[tuple[Service, ...]] = ()
    changed_by: ClassVar[Mapping[str, Service]] = {}
    deleted_by: ClassVar[tuple[Service, ...]] = ()
    add_fieldsets: ClassVar[Any] = ()
    list_per_page = MOST_AT_ONCE
    save_on_top = False

    # who may

    def has_add_permission(self, request: HttpRequest) -> bool:
        return bool(self.added_by) and super().has_add_permission(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(self.changed_by) and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(self.deleted_by) and super().has_delete_permission(request, obj)

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """One that names no permission of its own needs that to change rows, or who may look could act."""
        found: dict[str, Any] = super().get_actions(request)
        if request.user.has_perm(f"{self.opts.app_label}.change_{self.opts.model_name}"):
            return found
        return {name: each for name, each in found.items() if hasattr(each[0], "allowed_permissions")}

    # what is shown

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[LongList]:
        return LongList

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        return self.fieldsets if obj or not self.add_fieldsets else self.add_fieldsets

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        if obj is None:
            return self.readonly_fields
        return [
            name
            for name in flatten_fieldsets(self.get_fieldsets(request, obj))
            if name not in self.changed_by
        ]

    def get_search_results(self, request: HttpRequest, queryset: "QuerySet[Any]", search_term: str) -> Any:
        """A whole ID is found as one, however the database writes it."""
        fields = [self.opts.get_field(name) for name in self.search_fields if "__" not in name]
        if (key := id_of(search_term)) and (ids := [each for each in fields if isinstance(each, UUIDField)]):
            return queryset.filter(reduce(or_, (Q(**{each.name: key}) for each in ids))), False
        return super().get_search_results(request, queryset, search_term)

    def links_of(self, obj: Any) -> Iterable[tuple[str, str]]:
        """(title, address) of what belongs to a row on other pages of the admin."""
        return ()

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> Any:
        obj = kwargs.get("obj")
        context["links"] = list(self.links_of(obj)) if obj else []
        context["console_url"] = console_url(request, obj) if obj else ""
        return super().render_change_form(request, context, *args, **kwargs)

    def get_view_on_site_url(self, obj: Any = None) -> None:
        """The way into the console is `console_url`, which knows who asks."""

    # what is changed

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Call the service, and take over the key of what it returns."""
        raise NotImplementedError

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Nothing: the service has written what belongs to the row."""

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        """Call the service."""
        raise NotImplementedError

    @retried
    @transaction.atomic
    def delete_queryset(self, request: HttpRequest, queryset: "QuerySet[Any]") -> None:
        """All of them or, when the service refuses one, none."""
        objs = list(queryset.order_by("pk"))
        self.lock(self.model._default_manager.filter(pk__in=[obj.pk for obj in objs]))
        for obj in objs:
            self.delete_model(request, obj)

    def lock(self, rows: "QuerySet[Any]") -> None:
        """Lock for all of them what the service locks for each, in the one order (`core.locks`)."""
        if self.opts.label in ORDER:
            locked_all(rows)

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """What is asked about before it is deleted; whether it can be, the service knows."""
        rows = list(objs)
        return [str(row) for row in rows], {model_ngettext(self.opts, len(rows)): len(rows)}, set(), []

    # the trail: the service's row is the only one

    def construct_change_message(self, *args: Any, **kwargs: Any) -> Any:
        return []

    def log_addition(self, *args: Any, **kwargs: Any) -> Any:
        return None

    def log_change(self, *args: Any, **kwargs: Any) -> Any:
        return None

    def log_deletions(self, *args: Any, **kwargs: Any) -> Any:
        return None

    def history_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> Any:
        return redirect(trail_of(self.opts.model_name, object_id))

    # actions

    def ask_then(
        self,
        request: HttpRequest,
        rows: "QuerySet[Any]",
        *,
        question: str,
        rule: Callable[[Any, Any], Verdict],
        call: Callable[[Any, Any], Model],
        asks_why: bool = False,
    ) -> HttpResponse | None:
        """First a page that names the rows with each one's verdict; once confirmed, `call(row, actor)` for each.

        `asks_why`: the page has a field for a reason, which comes as `reason` with what is posted.
        """
        if rows.count() > MOST_AT_ONCE:
            self.message_user(request, _("Choose at most %d at once.") % MOST_AT_ONCE, messages.ERROR)
            return None
        if "confirmed" not in request.POST:
            lines = [(row, rule(row, _actor_for(request, row))) for row in rows]
            return self._question(request, question, lines, asks_why)
        outcome = do_each(rows, lambda row: call(row, _actor_for(request, row)))
        for line in outcome.lines:
            if line.error:  # said, and left in the trail
                self.message_user(request, f"{line.thing}: {line.reason}", messages.ERROR)
                actor, action = _actor_for(request, line.thing), request.POST["action"]
                record(action, actor, [refused(line.thing, line.error)])
        if done := [line.thing for line in outcome.done]:
            said = ngettext("Done for %(count)d: %(names)s.", "Done for %(count)d: %(names)s.", len(done))
            self.message_user(request, said % {"count": len(done), "names": ", ".join(map(str, done))})
        return None

    def _question(
        self, request: HttpRequest, question: str, lines: list[tuple[Any, Verdict]], asks_why: bool
    ) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),
            "title": question,
            "opts": self.opts,
            "action": request.POST["action"],
            "lines": lines,
            "allowed": [row for row, verdict in lines if verdict],
            "asks_why": asks_why,
        }
        return TemplateResponse(request, "admin/confirm_action.html", context)


def count_of(rows: "QuerySet[Any]", relation: str) -> Coalesce:
    """How many of `rows` refer by `relation` to the row that is annotated. A query of its own: joins multiply."""
    mine = rows.filter(**{relation: OuterRef("pk")}).order_by().values(relation)
    return Coalesce(Subquery(mine.annotate(n=Count("pk")).values("n")), 0)


def sum_of(rows: Any, relation: str, field: str) -> Coalesce:
    """As `count_of`: the sum of a field."""
    mine = rows.filter(**{relation: OuterRef("pk")}).order_by().values(relation)
    return Coalesce(Subquery(mine.annotate(n=Sum(field)).values("n")), 0)


class ByZone(admin.RelatedFieldListFilter):
    """AZs are called alike in every region, so theirs is said as well."""

    def field_choices(self, field: Any, request: HttpRequest, model_admin: Any) -> list[tuple[Any, Any]]:
        zones = AvailabilityZone.objects.select_related("region").order_by("region__name", "name")
        return [(zone.pk, f"{zone.region} {zone}") for zone in zones]


class ReadOnlyInline(admin.TabularInline[Any, Any]):
    """Rows that belong to another, to look at."""

    extra = 0
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


def trail_of(model_name: str | None, key: object) -> str:
    """The address of the trail of one row."""
    return f"{reverse('admin:audit_event_changelist')}?resource_type={model_name}&resource_id={key}"


def console_url(request: HttpRequest, obj: Any) -> str:
    """The page of a row in the console, for an operator who is in its project; else empty."""
    actor = getattr(request, "actor", None)
    if actor is None or not hasattr(obj, "get_absolute_url"):
        return ""
    is_there = getattr(obj, "project", None) in (actor.project, None)
    return in_project(actor.project.pk, obj.get_absolute_url()) if is_there else ""
