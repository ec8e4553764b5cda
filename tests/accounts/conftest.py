"""What this room's tests share."""

from types import SimpleNamespace

import pytest
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value, yield_hotp_counters_from_time

from imsconsole.accounts import links
from imsconsole.accounts.actor import Actor
from imsconsole.accounts.models import Invitation, Membership, Project, Role, User
from imsconsole.accounts.services.invitations import invite_member
from imsconsole.audit.models import Event
from tests import factories

PASSWORD = "a long enough phrase 7"


@pytest.fixture
def east(people: SimpleNamespace) -> Project:
    """A second project of alice's account, in another region."""
    region = factories.RegionFactory(code="cn-east-3", name="CN East-Shanghai1")
    return factories.ProjectFactory(account=people.alice.account, region=region, name="acme-east")


@pytest.fixture
def erin(people: SimpleNamespace) -> User:
    """Somebody with a password."""
    user = User.objects.create_user("erin", password=PASSWORD)
    people.alice.account.memberships.create(user=user, role="full-access")
    return user


def code_for(secret: str) -> str:
    """What an authenticator app shows now."""
    return format_hotp_value(hotp_value(secret, next(yield_hotp_counters_from_time())))


def membership_of(actor: Actor) -> Membership:
    return Membership.objects.get(user=actor.user, account=actor.account)


def invited(actor: Actor, role: str = Role.FULL_ACCESS, **more: object) -> tuple[str, Invitation]:
    """An open invitation and the secret of its link."""
    secret = links.new_secret()
    return secret, invite_member(secret=secret, role=role, actor=actor, **more)


def actions() -> list[str]:
    """What the trail tells, oldest first."""
    return list(Event.objects.order_by("pk").values_list("action", flat=True))
