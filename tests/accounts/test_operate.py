"""What operators do with people, accounts and places; and that nobody else does it."""

from datetime import timedelta
from functools import partial

import pytest
from allauth.mfa.models import Authenticator
from django.test import Client

from imsconsole.accounts.actor import Operator
from imsconsole.accounts.models import Account, Invitation, Project, Region, SlowedSignIn, User
from imsconsole.accounts.services import accounts, places, projects, users
from imsconsole.audit.models import Event
from imsconsole.cloud.flavors.services import hide_flavor
from imsconsole.cloud.models import Flavor
from imsconsole.core.now import now
from imsconsole.core.rules import Refused
from tests import factories
from tests.accounts.conftest import actions, membership_of
from tests.conftest import client_of
from tests.support.at_once import DONE, at_once

USERS = "/admin/accounts/user/"


@pytest.fixture
def admin(operator) -> Client:
    client = Client()
    client.force_login(operator)
    return client


def change(admin, user, **given):
    data = {"is_active": "on", "theme": "auto"} | ({"is_staff": "on"} if user.is_staff else {}) | given
    return admin.post(f"{USERS}{user.pk}/change/", {key: value for key, value in data.items() if value})


def choose(admin, action, *people, confirmed=True):
    data = {"action": action, "_selected_action": [user.pk for user in people]}
    return admin.post(USERS, data | ({"confirmed": "yes"} if confirmed else {}), follow=True)


@pytest.mark.parametrize("given", [{}, {"is_staff": "on"}])
def test_who_is_made_an_operator_may_do_all_of_one(admin, given) -> None:
    password = {"password1": "kh4Jq-oo8-wyx", "password2": "kh4Jq-oo8-wyx"}
    assert admin.post(f"{USERS}add/", {"username": "eve"} | password | given).status_code == 302
    assert User.objects.get(username="eve").is_superuser == bool(given)


@pytest.mark.parametrize("given", [{"is_staff": ""}, {"is_active": ""}])
def test_the_last_operator_stays_one(admin, operator, given) -> None:
    can = {"is_active": True, "is_staff": True, "is_superuser": True}
    for lacking in can:  # is none who could take over
        User.objects.create_user(lacking, **(can | {lacking: False}))
    assert change(admin, operator, **given).status_code == 409
    operator.refresh_from_db()
    assert (operator.is_active, operator.is_staff, operator.is_superuser) == (True, True, True)
    assert Event.objects.get().result == "warning"


def test_one_of_two_operators_may_go_and_an_operator_may_do_everything(admin, operator, people) -> None:
    bob = people.bob.user
    change(admin, bob, is_staff="on")
    bob.refresh_from_db()
    assert (bob.is_staff, bob.is_superuser) == (True, True)

    assert change(client_of(people.bob), operator, is_staff="").status_code == 302
    operator.refresh_from_db()
    assert (operator.is_staff, operator.is_superuser) == (False, False)
    assert admin.get("/admin/").status_code == 302


@pytest.mark.django_db(transaction=True)
def test_two_operators_who_dismiss_each_other_at_once_leave_one() -> None:
    def dismiss(user: User, actor: User) -> None:
        user = User.objects.get(pk=user.pk)
        user.is_staff = False
        users.change_user(user=user, actor=Operator(actor))

    for _ in range(4):
        User.objects.all().delete()
        pair = [User.objects.create_superuser(name) for name in ("one", "two")]
        outcomes = at_once(*(partial(dismiss, *each) for each in (pair, pair[::-1])))
        assert sorted(outcomes) == [DONE, "last-operator"]
        assert User.objects.filter(is_staff=True, is_superuser=True).count() == 1


def test_a_project_gets_another_name(operator, people) -> None:
    projects.rename_project(project=people.bob.project, name="acme-two", actor=Operator(operator))
    assert Project.objects.get(pk=people.bob.project.pk).name == "acme-two"


def test_a_person_is_shut_out_at_once(admin, people) -> None:
    client = client_of(people.bob)
    assert client.get("/me/").status_code == 200
    change(admin, people.bob.user, is_active="")
    assert client.get("/me/").status_code == 302


def test_a_forgotten_password_is_replaced_and_sessions_end(admin, people, operator) -> None:
    client, bob = client_of(people.bob), people.bob.user
    url = f"{USERS}{bob.pk}/password/"
    weak = admin.post(url, {"new_password1": "123", "new_password2": "123"})
    assert (weak.status_code, actions()) == (422, [])
    good = {"new_password1": "kh4Jq-oo8-wyx", "new_password2": "kh4Jq-oo8-wyx"}
    assert admin.post(url, good).status_code == 302
    assert actions() == ["resetPassword"]
    assert client.get("/me/").status_code == 302
    assert Client().login(username="bob", password="kh4Jq-oo8-wyx")


def test_who_lost_their_device_gets_in_by_password(admin, people) -> None:
    user = people.bob.user
    Authenticator.objects.create(user=user, type=Authenticator.Type.TOTP, data={"secret": "x"})
    asked = choose(admin, "remove_second_factor", user, confirmed=False)
    assert "bob" in asked.content.decode()
    assert Authenticator.objects.filter(user=user).exists()
    choose(admin, "remove_second_factor", user)
    assert not Authenticator.objects.filter(user=user).exists()
    assert actions() == ["removeSecondFactor"]


def test_who_is_locked_out_is_seen_and_let_in_again(admin, people, settings) -> None:
    settings.IMS_SIGN_IN_TRIES = 2
    bob = people.bob.user
    bob.set_password("right-password-1")
    bob.save()

    def sign_in(password):
        client = Client()
        client.post("/accounts/login/", {"login": "bob", "password": password})
        return "_auth_user_id" in client.session

    assert "must wait" not in admin.get("/admin/").content.decode()
    assert [sign_in("wrong"), sign_in("wrong"), sign_in("right-password-1")] == [False, False, False]
    assert "1 person must wait after too many failed sign-ins: bob." in admin.get("/admin/").content.decode()
    found = admin.get(USERS, {"sign_in": "locked"}).context["cl"].queryset
    assert list(found) == [bob]

    choose(admin, "unlock", bob)
    assert not admin.get(USERS, {"sign_in": "locked"}).context["cl"].queryset.exists()
    assert sign_in("right-password-1")


def test_a_project_to_which_somebody_is_kept_alone_is_not_deleted(admin, people) -> None:
    project = factories.ProjectFactory(account=people.alice.account, region=people.alice.region)
    membership_of(people.dave).projects.set([project])
    url = f"/admin/accounts/project/{project.pk}/delete/"
    refused = admin.post(url, {"post": "yes"})
    assert (refused.status_code, Event.objects.get().code) == (409, "project-has-members")
    membership_of(people.dave).projects.clear()
    invited = Invitation.objects.create(account=project.account, secret_sha256="0" * 64, expires_at=now())
    invited.projects.set([project])
    assert admin.post(url, {"post": "yes"}).status_code == 409
    invited.projects.set([people.alice.project])
    assert admin.post(url, {"post": "yes"}).status_code == 302


@pytest.mark.parametrize(
    ("url", "code"), [("region/cn-north-4", "still-in-use"), ("account/{account}", "account-has-projects")]
)
def test_what_is_used_is_not_deleted(admin, people, url, code) -> None:
    url = url.format(account=people.alice.account.pk)
    assert admin.post(f"/admin/accounts/{url}/delete/", {"post": "yes"}).status_code == 409
    assert Event.objects.get().code == code
    assert Region.objects.filter(pk="cn-north-4").exists()
    assert Account.objects.filter(pk=people.alice.account.pk).exists()


def test_of_several_deletions_all_are_done_or_none(admin, people) -> None:
    free = factories.AccountFactory(name="a-free")
    data = {
        "action": "delete_selected",
        "post": "yes",
        "_selected_action": [free.pk, people.alice.account.pk],
    }
    assert admin.post("/admin/accounts/account/", data).status_code == 409
    assert Account.objects.filter(pk=free.pk).exists()


def of_two_accounts(make) -> list:
    return [make(account=factories.ProjectFactory().account) for _ in range(2)]


def open_invitation(account) -> Invitation:
    until = now() + timedelta(days=1)
    return Invitation.objects.create(account=account, secret_sha256=account.pk.hex, expires_at=until)


@pytest.mark.parametrize(
    "two",
    [
        lambda: factories.AccountFactory.create_batch(2),
        lambda: factories.ProjectFactory.create_batch(2),
        lambda: factories.RegionFactory.create_batch(2),
        lambda: factories.ZoneFactory.create_batch(2),
        lambda: factories.FlavorFactory.create_batch(2),
        lambda: factories.OsVersionFactory.create_batch(2),
        lambda: of_two_accounts(factories.MembershipFactory),
        lambda: of_two_accounts(open_invitation),
    ],
    ids=["account", "project", "region", "zone", "flavor", "os", "membership", "invitation"],
)
def test_several_are_deleted_at_once(admin, two) -> None:
    """And all rows they need are held in order, as for every transaction of every test."""
    first, second = two()
    url = f"/admin/{first._meta.app_label}/{first._meta.model_name}/"
    data = {"action": "delete_selected", "post": "yes", "_selected_action": [first.pk, second.pk]}
    assert admin.post(url, data).status_code == 302
    assert not type(first).objects.filter(pk__in=[first.pk, second.pk]).exists()


def test_a_whole_id_is_found_as_it_is_written(admin, people) -> None:
    found = admin.get("/admin/accounts/project/", {"q": str(people.alice.project.pk)}).context["cl"].queryset
    assert [project.pk for project in found] == [people.alice.project.pk]


SERVICES = [
    lambda actor: users.create_user(user=User(username="eve", is_staff=True), actor=actor),
    lambda actor: users.change_user(user=actor.user, actor=actor),
    lambda actor: users.reset_password(user=actor.user, password="x", actor=actor),
    lambda actor: users.remove_second_factor(user=actor.user, actor=actor),
    lambda actor: users.unlock_user(user=actor.user, actor=actor),
    lambda actor: users.forget_failed_sign_ins(slowed=SlowedSignIn(), actor=actor),
    lambda actor: accounts.create_account(account=Account(name="x"), actor=actor),
    lambda actor: accounts.rename_account(account=Account.objects.first(), actor=actor),
    lambda actor: accounts.delete_account(account=Account(name="x"), actor=actor),
    lambda actor: projects.delete_project(project=Project.objects.first(), actor=actor),
    lambda actor: projects.rename_project(project=Project.objects.first(), name="x", actor=actor),
    lambda actor: places.create_region(region=Region(code="x"), actor=actor),
    lambda actor: hide_flavor(flavor=Flavor(), hidden=True, actor=actor),
    lambda actor: places.delete_region(region=Region.objects.first(), actor=actor),
]


@pytest.mark.parametrize("number", range(len(SERVICES)))
@pytest.mark.parametrize("name", ["alice", "bob", "dave", "carol"])
def test_members_are_refused_by_the_services(people, name, number) -> None:
    with pytest.raises(Refused) as refused:
        SERVICES[number](Operator(getattr(people, name).user))
    assert refused.value.code == "operators-only"
    assert not Event.objects.exists()
