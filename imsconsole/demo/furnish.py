"""Furnishing the demo: regions, accounts, people, flavors. May be repeated; changes nothing that is there."""

import os
import secrets
from pathlib import Path
from typing import Any

from django.conf import settings

from images.public.platform import PLATFORM
from imsconsole.accounts.models import Account, AvailabilityZone, Membership, Project, Region, Role, User
from imsconsole.cloud.models import Flavor

REGIONS = (
    ("cn-north-4", "CN North-Beijing4", "华北-北京四"),
    ("cn-east-3", "CN East-Shanghai1", "华东-上海一"),
)
ACCOUNTS = ("Acme", "Globex")
PEOPLE = (  # user name, shown name, account, role
    ("alice", "Alice", "Acme", Role.ADMINISTRATOR),
    ("bob", "Bob", "Acme", Role.FULL_ACCESS),
    ("dave", "Dave", "Acme", Role.READ_ONLY),
    ("carol", "Carol", "Globex", Role.ADMINISTRATOR),
)
FLAVORS: tuple[
    tuple[str, str, int, int, dict[str, Any]], ...
] = (  # name, series, vCPUs, memory in MB, what differs
    ("t6-small-1", "t6", 1, 256, {}),
    ("t6-medium-1", "t6", 1, 512, {}),
    ("s6-small-1", "s6", 1, 1024, {}),
    ("s6-medium-2", "s6", 1, 2048, {}),
    ("s6-large-2", "s6", 2, 4096, {}),
    ("c6-xlarge-2", "c6", 4, 8192, {}),
    ("m6-xlarge-8", "m6", 4, 32768, {}),
    ("p2s-2xlarge-8", "p2s", 8, 65536, {"device": "gpu"}),
    ("ai1s-large-4", "ai1s", 2, 8192, {"device": "npu"}),
    ("e1v-xlarge-2", "e1v", 4, 8192, {"device": "encoder"}),
    ("kc1-large-2", "kc1", 2, 4096, {"architecture": "arm"}),
    ("physical-s3-large", "physical", 48, 196608, {"bare_metal": True}),
)


def furnish_places() -> None:
    """Two regions with two availability zones each."""
    for code, name, name_zh in REGIONS:
        region, _ = Region.objects.get_or_create(code=code, defaults={"name": name, "name_zh": name_zh})
        for letter, number in (("a", 1), ("b", 2)):
            AvailabilityZone.objects.get_or_create(
                code=f"{code}{letter}", defaults={"region": region, "name": f"AZ{number}"}
            )


def furnish_people(password: str) -> None:
    """Two accounts with a project in each region and their people; the operator with the platform's."""
    for name in (*ACCOUNTS, PLATFORM):
        account, _ = Account.objects.get_or_create(name=name)
        for code, _name, _name_zh in REGIONS:
            Project.objects.get_or_create(account=account, region_id=code, name=f"{name.lower()}-{code}")
    for username, shown, account_name, role in PEOPLE:
        _member(_user(username, shown, password), account_name, role)
    operator = _user("admin", "Operator", password, is_staff=True, is_superuser=True)
    _member(operator, PLATFORM, Role.ADMINISTRATOR)


def _member(user: User, account_name: str, role: str) -> None:
    account = Account.objects.get(name=account_name)
    Membership.objects.get_or_create(user=user, account=account, defaults={"role": role})


def _user(username: str, shown: str, password: str, **flags: bool) -> User:
    user, new = User.objects.get_or_create(username=username, defaults={"display_name": shown, **flags})
    if new or (settings.IMS_DEMO_PASSWORD and not user.check_password(password)):
        user.set_password(password)
        user.save(update_fields=["password"])
    return user


def furnish_flavors() -> None:
    """Flavors of every kind; those this host cannot run are there to be refused by name."""
    for name, series, vcpus, memory_mb, differs in FLAVORS:
        Flavor.objects.get_or_create(
            name=name, defaults={"series": series, "vcpus": vcpus, "memory_mb": memory_mb, **differs}
        )


def demo_password() -> str:
    """The password of all demo users: the setting, else a random one that is kept in the data folder."""
    if settings.IMS_DEMO_PASSWORD:
        return str(settings.IMS_DEMO_PASSWORD)
    path = Path(settings.DATA_DIR) / "demo_password"
    if not path.exists():
        with os.fdopen(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600), "w") as file:
            file.write(secrets.token_urlsafe(9))
    return path.read_text()
