"""The platform: the account that owns the work on public images."""

from imsconsole.accounts.actor import Actor
from imsconsole.accounts.models import Account, Project, Region, Role, User
from imsconsole.core.errors import NotFound

PLATFORM = "Platform"


def platform_actor(user: User | None = None, address: str = "") -> Actor:
    """An operator, or the service itself, acting for the platform in the first region. Raises NotFound: there is none."""
    account, _new = Account.objects.get_or_create(name=PLATFORM)
    region = Region.objects.order_by("code").first()
    if region is None:
        raise NotFound("no-region")
    name = f"{PLATFORM.lower()}-{region.code}"
    project, _new = Project.objects.get_or_create(account=account, region=region, defaults={"name": name})
    return Actor(user, project, Role.ADMINISTRATOR, address)
