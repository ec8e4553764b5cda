"""Who is locked out after too many failed sign-ins. allauth counts them in the cache, by host and user name."""

import time
from collections.abc import Iterable

from allauth.account import app_settings
from allauth.core.internal import ratelimit
from django.core.cache import cache

from imsconsole.accounts.models import User


def locked_out(users: Iterable[User], host: str) -> list[User]:
    """Those of `users` who must wait before they may try again at `host`. One query to the cache."""
    keys = {(user, rate): _key(user, host, rate) for user in users for rate in _rates()}
    tries = cache.get_many(keys.values())
    now = time.time()
    found = (
        user
        for (user, rate), key in keys.items()
        if not ratelimit.apply_rate(list(tries.get(key, [])), now, rate, dry_run=True)[0]
    )
    return list(dict.fromkeys(found))


def forgive(user: User, host: str) -> None:
    """Forget the failed sign-ins of a user at `host`."""
    cache.delete_many([_key(user, host, rate) for rate in _rates()])


def _rates() -> list[ratelimit.Rate]:
    """The limits that count per person; those per address hit whoever is behind it."""
    rates = ratelimit.parse_rates(app_settings.RATE_LIMITS.get("login_failed"))
    return [rate for rate in rates if rate.per == "key"]


def _key(user: User, host: str, rate: ratelimit.Rate) -> str:
    key = f"{host}:{user.username.lower()}"  # as allauth's adapter names who tries
    found: str = ratelimit.get_cache_key(
        None, app="allauth.account", action="login_failed", rate=rate, key=key
    )
    return found
