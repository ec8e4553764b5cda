"""Staff who are no superusers: the administration does for them what their permissions say, page by page and action by action."""

from types import SimpleNamespace
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.db.models import QuerySet
from django.test import Client
from django.urls import reverse

from imsconsole.accounts.models import User
from imsconsole.accounts.service_admin import ServiceAdmin
from imsconsole.audit.models import Event
from imsconsole.jobs.models import Job
from tests.house.test_admin import GIVEN, PANELS, addresses, at, label, one
from tests.support.sweep import some
from tests.support.walks import stop

pytestmark = [pytest.mark.django_db, pytest.mark.pages]
FRAME = {"index", "login", "logout", "jsi18n", "password_change", "password_change_done", "view_on_site"}
FORMS = ("changelist", "add", "change", "delete")
TRAIL = "/admin/audit/event/"
CHANGED = [panel for panel in PANELS if panel.changed_by and panel.actions]


def staff(*verbs: str, model: str = "") -> Client:
    """Signed in, with these permissions on all models or on that one (app.model)."""
    user = User.objects.create_user("staff", is_staff=True)
    user.user_permissions.set(permissions(*verbs, model=model))
    client = Client()
    client.force_login(user)
    return client


def permissions(*verbs: str, model: str = "") -> "QuerySet[Permission]":
    found = (
        Permission.objects.filter(codename__regex=f"^({'|'.join(verbs)})_")
        if verbs
        else Permission.objects.none()
    )
    if model:
        app, name = model.lower().split(".")
        found = found.filter(content_type__app_label=app, content_type__model=name)
    return found


def changes(panel: ServiceAdmin) -> tuple[Any, ...]:
    """What would be otherwise if something had been done."""
    rows = panel.model._default_manager.order_by("pk")
    if panel.model is Event:  # what is refused is added
        rows = rows.filter(result="normal")
    return list(rows.values()), Event.objects.filter(result="normal").count(), Job.objects.count()


def act(client: Client, panel: ServiceAdmin, action: str, key: Any) -> int:
    data = {"action": action, "_selected_action": key, "confirmed": "1", "post": "yes", "reason": "x"}
    return client.post(at(panel, "changelist"), data).status_code


@pytest.mark.slow(reason="every page of the administration is asked for")
def test_without_a_permission_only_the_frame_is_shown(people: SimpleNamespace) -> None:
    """Forms of panels are sent by who may at least look at them: below."""
    client = staff()
    forms = {f"{panel.opts.app_label}_{panel.opts.model_name}_{form}" for panel in PANELS for form in FORMS}
    for name, places in addresses():
        if name in FRAME:
            continue
        url = reverse(f"admin:{name}", kwargs={place: GIVEN[place] for place in places})
        for answer in (client.get(url), *([] if name in forms else [client.post(url, {"post": "yes"})])):
            if answer.status_code == 302:  # a row's history is the trail's page, which refuses
                assert answer["Location"].startswith(TRAIL), url
            else:
                assert answer.status_code in (403, 404, 405), url
    assert client.get(TRAIL).status_code == 403
    assert not Event.objects.filter(result="normal").exists()


def test_the_start_page_tells_what_needs_the_operator_to_operators_alone(
    people: SimpleNamespace, operator: User
) -> None:
    page = staff().get("/admin/").content.decode()
    assert "No worker has been seen" not in page
    client = Client()
    client.force_login(operator)
    assert "No worker has been seen" in client.get("/admin/").content.decode()


@pytest.mark.slow(reason="every page of the administration is asked for")
def test_who_may_look_changes_nothing_and_who_may_change_one_kind_changes_no_other(
    people: SimpleNamespace, subtests: pytest.Subtests
) -> None:
    """One who may look at all, and at each kind one who may change that, too."""
    client = staff("view")
    looks = User.objects.get(username="staff")
    for panel in PANELS:
        with stop(subtests, label(panel)):
            key = one(panel, people).pk
            assert client.get(at(panel, "changelist")).status_code == 200
            assert client.get(at(panel, "change", key)).status_code == 200
            before = changes(panel)
            refused = [
                client.post(at(panel, "add"), {"name": "x"}),
                client.post(at(panel, "change", key), {"name": "x"}),
                client.post(at(panel, "delete", key), {"post": "yes"}),
            ]
            assert {answer.status_code for answer in refused} == {403}
            for action in (*panel.actions, "delete_selected"):
                act(client, panel, action, key)
            assert changes(panel) == before

            looks.user_permissions.add(*permissions("change", model=panel.opts.label))
            assert client.get(at(panel, "change", key)).status_code == 200
            for answer in (
                client.post(at(panel, "delete", key), {"post": "yes"}),
                client.post(at(panel, "add"), {"name": "x"}),
            ):
                assert answer.status_code == 403
            assert changes(panel) == before
            if panel in some(PANELS, 6):
                assert_another_is_not_changed(
                    client, next(each for each in CHANGED if each is not panel), people
                )


def assert_another_is_not_changed(client: Client, other: ServiceAdmin, people: SimpleNamespace) -> None:
    key = one(other, people).pk
    before = changes(other)
    assert client.post(at(other, "change", key), {"name": "x"}).status_code == 403
    for action in (*other.actions, "delete_selected"):
        act(client, other, action, key)
    assert changes(other) == before


def test_nobody_becomes_an_operator_by_changing_users(people: SimpleNamespace) -> None:
    """Neither themselves nor others; nor do they take over who is one."""
    client = staff("view", "change", "add", model="accounts.User")
    boss = User.objects.create_superuser("boss", password="boss-password-1")
    own = User.objects.get(username="staff")
    for user in (own, people.bob.user):
        client.post(f"/admin/accounts/user/{user.pk}/change/", {"is_active": "on", "is_staff": "on"})
    client.post("/admin/accounts/user/add/", {"username": "eve", "password1": "kh4Jq-oo8-wyx", "password2": "kh4Jq-oo8-wyx", "is_staff": "on"})  # fmt: skip
    new = {"new_password1": "kh4Jq-oo8-wyx", "new_password2": "kh4Jq-oo8-wyx"}
    client.post(f"/admin/accounts/user/{boss.pk}/password/", new)
    assert list(User.objects.filter(is_superuser=True)) == [boss]
    boss.refresh_from_db()
    assert boss.check_password("boss-password-1")


def test_who_may_change_users_gives_one_who_is_no_operator_another_password(people: SimpleNamespace) -> None:
    client, new = staff("view", "change", model="accounts.User"), "kh4Jq-oo8-wyx"
    url = f"/admin/accounts/user/{people.bob.user.pk}/password/"
    assert client.post(url, {"new_password1": new, "new_password2": new}).status_code == 302
    assert Client().login(username="bob", password=new)
