"""The administration: every page opens for operators only, at a flat cost; every change goes by a service."""

import re
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from django import forms
from django.contrib import admin
from django.contrib.admin.helpers import AdminReadonlyField
from django.contrib.admin.templatetags.admin_list import result_headers
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import ImproperlyConfigured
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.utils import translation

from images.models import ImageDisk
from imsconsole.accounts.models import AvailabilityZone, Region, User
from imsconsole.accounts.service_admin import ServiceAdmin
from imsconsole.audit.models import Event
from tests.conftest import client_of
from tests.house.test_waiting import asked  # noqa: F401
from tests.support.admin_rows import ADDED, CHANGED, ROWS
from tests.support.engines import UnreachableEngine, engine_of_region
from tests.support.walks import stop

pytestmark = pytest.mark.django_db
PANELS = sorted(admin.site._registry.values(), key=lambda panel: panel.opts.label)
AT_ONCE = {
    "hide",
    "show",
    "release",
    "withhold",
    "protect",
    "unprotect",
    "undeprecate",
    "verify",
}  # done without asking, as they can be undone
MANY = 6  # less than a page of any list, so that each row is drawn


def label(value: Any) -> str:
    return str(value.opts.label) if isinstance(value, admin.ModelAdmin) else str(value)


def at(panel: ServiceAdmin, view: str, *args: Any) -> str:
    return reverse(f"admin:{panel.opts.app_label}_{panel.opts.model_name}_{view}", args=args)


def one(panel: ServiceAdmin, people: SimpleNamespace) -> Any:
    """A row of the page that nothing else refers to."""
    rows = panel.model._default_manager
    before = list(rows.values_list("pk", flat=True))
    ROWS[label(panel)](range(1), people)
    return rows.exclude(pk__in=before).first()


@pytest.fixture
def operators(operator: User) -> Client:
    client = Client()
    client.force_login(operator)
    ContentType.objects.get_for_models(*[panel.model for panel in PANELS])  # kept by each process once asked
    return client


# by services only ------------------------------------------------------------------------------------


def test_only_pages_that_change_rows_by_services_are_taken() -> None:
    assert all(isinstance(panel, ServiceAdmin) for panel in PANELS)

    class Careless(admin.ModelAdmin):
        __module__ = "images.admin"

    with pytest.raises(ImproperlyConfigured):
        admin.site.register(ImageDisk, Careless)


def assert_fields_are_read_only_or_name_an_audited_service(panel: ServiceAdmin, context: Any) -> None:
    services = [*panel.added_by, *panel.changed_by.values(), *panel.deleted_by]
    assert all(service.audit_action for service in services)
    assert panel.fieldsets, "fields are grouped"
    assert not panel.list_editable, "a list has no form of its own"
    assert set(context["adminform"].form.fields) <= set(panel.changed_by)
    for formset in context["inline_admin_formsets"]:
        allowed = (formset.has_add_permission, formset.has_change_permission, formset.has_delete_permission)
        assert not any(allowed)


def assert_titles_are_chinese(listed: Any, context: Any) -> None:
    titles = [str(title) for title in (*titles_of(listed), *labels_of(context))]
    assert [title for title in titles if re.search(r"[a-z]{3}", title) and title.isascii()] == []


def titles_of(listed: Any) -> Iterator[Any]:
    """The headings and filters of a list; one that is drawn by its own template has neither."""
    if listed is not None:
        yield from (heading["text"] for heading in result_headers(listed))
        yield from (spec.title for spec in listed.filter_specs)


def labels_of(context: Any) -> Iterator[Any]:
    fields = (field for part in context["adminform"] for line in part for field in line)
    yield from (field.field["label"] for field in fields if isinstance(field, AdminReadonlyField))
    for inline in context["inline_admin_formsets"]:
        yield from (field["label"] for field in inline.fields())


def assert_choices_can_be_told_apart(listed: Any) -> None:
    for spec in listed.filter_specs if listed else ():
        shown = [str(choice["display"]) for choice in spec.choices(listed)]
        assert len(shown) == len(set(shown)), spec.title


@pytest.mark.parametrize("panel", [panel for panel in PANELS if panel.changed_by], ids=label)
def test_every_change_leaves_a_row_of_its_service(
    panel: ServiceAdmin,
    people: SimpleNamespace,
    operators: Client,
    operator: User,
    subtests: pytest.Subtests,
) -> None:
    row = one(panel, people)
    url = at(panel, "change", row.pk)
    context = operators.get(url).context
    data = untouched(context)
    for name, service in panel.changed_by.items():
        with stop(subtests, name):
            answer = operators.post(url, changed(data, panel, name, context["adminform"].form, people))
            assert answer.status_code == 302, answer.context["errors"]
            event = Event.objects.get()
            assert (event.action, event.user) == (service.audit_action, operator)
            assert event.resource_id == str(row.pk)


def untouched(context: Any) -> dict[str, Any]:
    """What a browser sends of a page on which nothing was changed."""
    forms = [context["adminform"].form]
    forms += [inline.formset.management_form for inline in context["inline_admin_formsets"]]
    values = {bound.html_name: bound.value() for form in forms for bound in form}
    return {
        name: "on" if value is True else value
        for name, value in values.items()
        if value is not None and value is not False
    }


def changed(
    data: dict[str, Any], panel: ServiceAdmin, name: str, form: Any, people: SimpleNamespace
) -> dict[str, Any]:
    """`data` with another value of one field."""
    if data.get(name) == "on":
        return {key: value for key, value in data.items() if key != name}
    usual = "other"
    for kind, value in (
        (forms.BooleanField, "on"),
        (forms.DecimalField, "7"),
        (forms.ModelMultipleChoiceField, [str(people.alice.project.pk)]),
    ):
        usual = value if isinstance(form.fields[name], kind) else usual
    return data | {name: CHANGED.get((label(panel), name), usual)}


@pytest.mark.parametrize("panel", [panel for panel in PANELS if panel.added_by], ids=label)
def test_every_addition_leaves_rows_of_its_services(
    panel: ServiceAdmin, people: SimpleNamespace, operators: Client, operator: User
) -> None:
    ROWS[label(panel)](range(1), people)  # it is not the first
    assert operators.get(at(panel, "add")).status_code == 200
    data = {"account": people.alice.account.pk, "user": people.carol.user.pk} | ADDED[label(panel)]
    answer = operators.post(at(panel, "add"), data)
    assert answer.status_code == 302, answer.context["errors"]
    events = Event.objects.order_by("pk")
    assert [event.action for event in events] == [service.audit_action for service in panel.added_by]
    assert {event.user for event in events} == {operator}
    assert panel.model._default_manager.filter(pk=events[0].resource_id).exists()


@pytest.mark.parametrize("panel", [panel for panel in PANELS if panel.deleted_by], ids=label)
@pytest.mark.parametrize("how", ["one", "selected"])
def test_every_deletion_leaves_a_row_of_its_service(
    panel: ServiceAdmin, how: str, people: SimpleNamespace, operators: Client, operator: User
) -> None:
    key = one(panel, people).pk
    url, data = at(panel, "delete", key), {"post": "yes"}
    if how == "selected":
        url, data = at(panel, "changelist"), data | {"action": "delete_selected", "_selected_action": key}
    assert operators.get(at(panel, "delete", key)).status_code == 200
    assert operators.post(url, data).status_code == 302
    assert not panel.model._default_manager.filter(pk=key).exists()
    event = Event.objects.get()
    assert (event.action, event.user) == (panel.deleted_by[0].audit_action, operator)
    assert event.resource_id == str(key)


# every page opens, for operators, at a flat cost -------------------------------------------------------


def addresses() -> list[tuple[str, tuple[str, ...]]]:
    """Every address of the administration that has a name, with its places."""

    def walk(resolver: URLResolver) -> Iterator[tuple[str, tuple[str, ...]]]:
        for entry in resolver.url_patterns:
            if isinstance(entry, URLResolver):
                yield from walk(entry)
            elif isinstance(entry, URLPattern) and entry.name:
                yield entry.name, tuple(entry.pattern.regex.groupindex)

    found = get_resolver().url_patterns
    return sorted(walk(next(each for each in found if getattr(each, "namespace", "") == "admin")))


OPEN = {"login", "logout", "jsi18n"}  # the door, and Django's words for its scripts
GIVEN = {
    "object_id": "1",
    "user_id": "1",
    "app_label": "accounts",
    "content_type_id": "1",
    "url": "x",
    "code": "x",
}


@pytest.mark.pages
@pytest.mark.slow(reason="every page of the administration is asked for")
def test_nobody_but_operators_gets_in(people: SimpleNamespace) -> None:
    found = [(name, places) for name, places in addresses() if name not in OPEN]
    assert len(found) > 5 * len(PANELS)
    clients = client_of(None), client_of(people.alice)
    for number, (name, places) in enumerate(found):
        url = reverse(f"admin:{name}", kwargs={place: GIVEN[place] for place in places})
        reader, writer = clients if number % 2 else reversed(clients)  # by turns: the door is the same
        answers = reader.get(url), writer.post(url, {"post": "yes"})
        assert {answer.status_code for answer in answers} == {302}, url
        assert all(answer["Location"].startswith("/admin/login/") for answer in answers), url
    assert clients[1].get("/admin/login/?next=/admin/").status_code == 403
    assert not Event.objects.filter(result="normal").exists()


def drawn(client: Client, url: str, data: dict[str, Any] | None = None) -> tuple[Any, int]:
    """A page that opens, and its queries."""
    with CaptureQueriesContext(connection) as captured:
        answer = client.get(url) if data is None else client.post(url, data)
    assert answer.status_code == 200, url
    return answer, len(captured)


def pages_of(panel: ServiceAdmin, client: Client, key: Any) -> tuple[list[Any], list[int]]:
    """The list and the page of one, then those that are much like them; and what each costs."""
    rows = at(panel, "changelist")
    urls = [rows, at(panel, "change", key), f"{rows}?q=a", *([at(panel, "add")] if panel.added_by else [])]
    pages = [drawn(client, url) for url in urls]
    return [page for page, _cost in pages], [cost for _page, cost in pages]


def costs_of_actions(panel: ServiceAdmin, client: Client) -> dict[str, int]:
    rows, chosen = at(panel, "changelist"), keys(panel)
    asking = [action for action in panel.actions if action not in AT_ONCE]
    events = Event.objects.count()
    costs = {
        action: drawn(client, rows, {"action": action, "_selected_action": chosen})[1] for action in asking
    }
    assert Event.objects.count() == events, "nothing was done yet"
    return costs


@pytest.mark.slow(reason="every page of the administration is drawn twice")
def test_pages_are_of_services_in_the_reader_s_language_cost_the_same_with_many_rows_and_wait_for_no_region(
    people: SimpleNamespace,
    operators: Client,
    operator: User,
    asked: list[str],  # noqa: F811
    subtests: pytest.Subtests,
) -> None:
    """Their actions, too, which ask first. The region of all that is there does not answer, and nobody asks it."""
    unreachable = UnreachableEngine()
    User.objects.filter(pk=operator.pk).update(language="zh-hans")
    for region in (people.alice.region, Region.objects.create(code="elsewhere", name="Elsewhere")):
        AvailabilityZone.objects.create(region=region, code=f"{region.code}z", name="AZ1")
    operators.get(reverse("admin:index"))  # what is kept after the first page: the session, the content types
    for panel in PANELS:
        with stop(subtests, label(panel)), engine_of_region(people.alice.region.code, unreachable):
            key = one(panel, people).pk
            ROWS[label(panel)](range(1, 2), people)
            (rows, page, *_others), few = pages_of(panel, operators, key)
            of_actions = costs_of_actions(panel, operators)
            assert_fields_are_read_only_or_name_an_audited_service(panel, page.context)
            with translation.override("zh-hans"):
                assert_titles_are_chinese(rows.context.get("cl"), page.context)
                assert_choices_can_be_told_apart(rows.context.get("cl"))
            ROWS[label(panel)](range(2, MANY), people)
            assert (pages_of(panel, operators, key)[1], costs_of_actions(panel, operators)) == (
                few, of_actions,
            )  # fmt: skip
            assert max(few) < 25
            assert unreachable.asked == asked == []


def keys(panel: ServiceAdmin) -> list[Any]:
    return list(panel.model._default_manager.values_list("pk", flat=True))


def test_the_start_page_costs_the_same_with_much_of_everything(
    people: SimpleNamespace, operators: Client
) -> None:
    def start_page() -> int:
        return drawn(operators, reverse("admin:index"))[1]

    start_page()  # what is kept after the first one
    type(people.bob.project).objects.update(quotas={"images": 9})  # one at least is looked at

    for make in ("accounts.Project", "accounts.User", "jobs.Job", "cloud.Usage", "images.Upload"):
        ROWS[make](range(1), people)
    few = start_page()
    for make in ("accounts.Project", "accounts.User", "jobs.Job", "cloud.Usage", "images.Upload"):
        ROWS[make](range(1, MANY), people)
    assert start_page() == few
