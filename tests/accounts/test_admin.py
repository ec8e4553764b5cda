"""The operator's pages."""

import re
from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client

from imsconsole.accounts.actor import service_actor
from imsconsole.accounts.models import Account, Membership, Project, Role, User
from imsconsole.accounts.services.projects import change_quotas
from imsconsole.audit.models import Event
from imsconsole.core.rules import Refused
from imsconsole.jobs.models import Job
from tests import factories
from tests.accounts.conftest import actions, invited, membership_of
from tests.conftest import client_of
from tests.support.plans import sorts


@pytest.fixture
def admin(operator) -> Client:
    client = Client()
    client.force_login(operator)
    return client


def test_members_of_accounts_do_not_get_in(people) -> None:
    assert client_of(people.alice).get("/admin/").status_code == 302
    assert client_of(people.alice).get("/admin/accounts/user/").status_code == 302


@pytest.mark.parametrize(
    "model", ["user", "account", "project", "membership", "region", "availabilityzone", "invitation"]
)
def test_every_list_opens(admin, people, model) -> None:
    invited(people.alice)
    assert admin.get(f"/admin/accounts/{model}/").status_code == 200


@pytest.mark.parametrize("model", ["user", "account", "project", "membership", "region", "availabilityzone"])
def test_every_form_opens(admin, people, model) -> None:
    assert admin.get(f"/admin/accounts/{model}/add/").status_code == 200


def test_an_operator_makes_an_account_with_a_project_and_its_first_administrator(admin, people) -> None:
    account = Account.objects.create(name="initech")
    project = factories.ProjectFactory(account=account)
    data = {"user": people.bob.user.pk, "account": account.pk, "role": "administrator"}
    assert admin.post("/admin/accounts/membership/add/", data).status_code == 302
    member = Membership.objects.get(account=account)
    assert (member.user, member.role) == (people.bob.user, Role.ADMINISTRATOR)
    event = Event.objects.get(action="addAccountMember")
    assert (event.user.username, event.project) == ("admin", project)


def test_an_account_without_a_project_says_what_to_do_first(admin, people) -> None:
    account = Account.objects.create(name="initech")
    data = {"user": people.bob.user.pk, "account": account.pk, "role": "administrator"}
    response = admin.post("/admin/accounts/membership/add/", data)
    assert "Create a project of this account first." in response.content.decode()


def test_a_role_is_changed_by_the_service(admin, people) -> None:
    url = f"/admin/accounts/membership/{membership_of(people.dave).pk}/change/"
    assert admin.post(url, {"role": "full-access"}).status_code == 302
    assert membership_of(people.dave).role == "full-access"
    assert actions() == ["updateAccountMember"]


def test_even_the_operator_does_not_remove_the_last_administrator(admin, people) -> None:
    alice = membership_of(people.alice)
    changed = admin.post(f"/admin/accounts/membership/{alice.pk}/change/", {"role": "read-only"})
    removed = admin.post(f"/admin/accounts/membership/{alice.pk}/delete/", {"post": "yes"})
    assert (changed.status_code, removed.status_code) == (409, 409)
    assert membership_of(people.alice).role == Role.ADMINISTRATOR


def test_people_are_deactivated_not_deleted(admin, people) -> None:
    assert (
        admin.post(f"/admin/accounts/user/{people.bob.user.pk}/delete/", {"post": "yes"}).status_code == 403
    )
    assert User.objects.filter(username="bob").exists()


def change_project(admin, project, **given):
    return admin.post(f"/admin/accounts/project/{project.pk}/change/", {"name": project.name, **given})


def test_limits_are_fields_that_say_what_holds_when_they_are_empty(admin, people) -> None:
    people.alice.project.quotas = {"servers": 7, "store_bytes": 3 * 1024**3}
    people.alice.project.save()
    page = admin.get(f"/admin/accounts/project/{people.alice.project.pk}/change/").content.decode()
    assert "Empty: 100, as everywhere." in page
    assert "Empty: 1024, as everywhere." in page
    assert 'name="quota_servers" value="7"' in page
    assert 'name="quota_store_gb" value="3.000"' in page


def test_a_limit_is_changed_by_the_service_and_emptied_again(admin, people, operator) -> None:
    project = people.alice.project
    assert change_project(admin, project, quota_images="3", quota_store_gb="1.5").status_code == 302
    project.refresh_from_db()
    assert project.quotas == {"images": 3, "store_bytes": 3 * 1024**3 // 2}
    assert (project.quota("images"), project.quota("servers")) == (3, 100)
    event = Event.objects.get(action="updateProjectQuotas")
    assert (event.user, event.project, event.resource_id) == (operator, project, str(project.pk))

    assert change_project(admin, project, quota_store_gb="1.5").status_code == 302
    project.refresh_from_db()
    assert project.quotas == {"store_bytes": 3 * 1024**3 // 2}


def test_what_is_not_touched_keeps_its_every_byte_and_leaves_no_trace(admin, people) -> None:
    project = people.alice.project
    project.quotas = {"store_bytes": 5000, "images": 0}
    project.save()
    shown = admin.get(f"/admin/accounts/project/{project.pk}/change/").context["adminform"].form
    given = {name: shown[name].value() for name in ("quota_store_gb", "quota_images")}
    assert change_project(admin, project, **given).status_code == 302
    assert Project.objects.get(pk=project.pk).quotas == {"store_bytes": 5000, "images": 0}
    assert not Event.objects.exists()


@pytest.mark.parametrize(
    "given", [{"quota_images": "-1"}, {"quota_images": "1.5"}, {"quota_store_gb": "many"}]
)
def test_limits_are_checked(admin, people, given) -> None:
    assert change_project(admin, people.alice.project, **given).status_code == 200
    assert Project.objects.get(pk=people.alice.project.pk).quotas == {}


def test_a_new_project_may_have_its_own_limits_at_once(admin, people) -> None:
    account = people.alice.account
    data = {"account": account.pk, "region": "cn-north-4", "name": "acme-lab", "quota_vcpus": "4"}
    assert admin.post("/admin/accounts/project/add/", data).status_code == 302
    assert Project.objects.get(name="acme-lab").quotas == {"vcpus": 4}


@pytest.mark.parametrize("name", ["alice", "bob", "dave", "carol"])
def test_members_do_not_change_limits(people, name) -> None:
    with pytest.raises(Refused) as refused:
        change_quotas(project=people.alice.project, quotas={"images": 10**6}, actor=getattr(people, name))
    assert refused.value.code == "operators-only"


@pytest.mark.parametrize("quotas", [{"imagse": 3}, {"images": -1}, {"images": True}, {"images": 1.5}])
def test_the_service_takes_only_limits_of_known_resources(people, quotas) -> None:
    with pytest.raises(Refused) as refused:
        change_quotas(project=people.alice.project, quotas=quotas, actor=service_actor(people.alice.project))
    assert refused.value.code == "bad-limit"


def test_a_limit_may_be_zero(people) -> None:
    project = people.alice.project
    changed = change_quotas(project=project, quotas={"images": 0}, actor=service_actor(project))
    assert changed.quotas == {"images": 0}


def test_invitations_are_looked_at_and_withdrawn_by_the_service(admin, people, operator) -> None:
    _secret, invitation = invited(people.alice)
    page = admin.get(f"/admin/accounts/invitation/{invitation.pk}/change/").content.decode()
    assert invitation.secret_sha256 not in page
    assert 'name="_save"' not in page
    assert admin.get("/admin/accounts/invitation/add/").status_code == 403
    assert (
        admin.post(f"/admin/accounts/invitation/{invitation.pk}/delete/", {"post": "yes"}).status_code == 302
    )
    event = Event.objects.get(action="withdrawInvitation")
    assert (event.user, event.resource_id) == (operator, str(invitation.pk))


def test_a_long_list_tells_all_dates_between_its_first_and_its_last_row(admin) -> None:
    """Which of them have rows would take reading all rows."""
    for year, month, day in ((2024, 11, 30), (2025, 2, 27), (2025, 5, 2), (2026, 1, 1)):
        Event.objects.create(at=datetime(year, month, day, 12, tzinfo=UTC), action="x")

    def choices(**asked: int) -> list[str]:
        page = admin.get("/admin/audit/event/", {f"at__{kind}": value for kind, value in asked.items()})
        bar = re.search(r'<nav class="toplinks">(.*?)</nav>', page.content.decode(), re.DOTALL)
        return re.findall(r'<a href="[^"]*">([^<]*)</a>', bar[1]) if bar else []

    assert choices() == ["2024", "2025", "2026"]
    assert choices(year=2025) == ["February 2025", "March 2025", "April 2025", "May 2025"]
    assert choices(year=2025, month=5) == ["May 2"]
    Event.objects.create(at=datetime(2025, 5, 4, 12, tzinfo=UTC), action="x")
    assert choices(year=2025, month=5) == ["May 2", "May 3", "May 4"]
    assert choices(year=2023) == []
    page = admin.get("/admin/audit/event/", {"q": "x"}).content.decode()
    assert "toplinks" not in page, "the first and the last found are in no index"


@pytest.mark.parametrize(
    ("asked", "is_offered"), [({}, False), ({"q": "x"}, True), ({"at__year": 2024}, True)]
)
def test_a_long_list_offers_all_where_it_does_not_show_all(
    admin, asked: dict[str, Any], is_offered: bool
) -> None:
    Event.objects.create(at=datetime(2025, 2, 27, 12, tzinfo=UTC), action="x")
    assert ("Show all" in admin.get("/admin/audit/event/", asked).content.decode()) == is_offered


@pytest.mark.sqlite
@pytest.mark.parametrize(
    ("table", "path"),
    [
        ("images_image", "images/image"),
        ("jobs_job", "jobs/job"),
        ("audit_event", "audit/event"),
        ("sharing_share", "sharing/share"),
    ],
)
def test_lists_of_what_there_may_be_millions_of_are_read_along_an_index(
    admin, people, table: str, path: str
) -> None:
    image = factories.ImageFactory(project=people.bob.project)
    factories.ShareFactory(image=image, owner=people.bob.project, project=people.carol.project)
    Job.objects.create(
        kind="image.import", path="images.create.jobs.ImportImage", queue="bulk", project=people.bob.project,
        subject_kind="image", subject_id=image.pk, subject_name="x", state="done",
    )  # fmt: skip
    with sorts(table) as found:
        assert admin.get(f"/admin/{path}/").status_code == 200
    assert found == []
