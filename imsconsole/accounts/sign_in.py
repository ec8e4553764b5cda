"""Who must wait before signing in is tried again: the longer, the more often it has failed. Nobody is locked out.

What fails is counted by name *and* address: who guesses a name's password slows down neither its owner elsewhere nor
others at that address. Against guessing from many addresses, and of many names from one, both are counted alone as
well, with short waits. A browser in which somebody has signed in before carries a signed cookie, as OWASP describes
(device cookies), and is counted by itself: none of that reaches its owner. Codes of a second factor are counted by
their user, wherever and in how many sessions they are tried.

A try counts as failed before it is made, so that of many at once none is free; it is taken back when it succeeds.
"""

import math
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import reduce
from operator import or_

from django.conf import settings
from django.core import signing
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import F, Q
from django.http import HttpRequest, HttpResponse
from django.utils.translation import ngettext

from imsconsole.accounts.metrics import SIGN_INS
from imsconsole.accounts.models import SlowedSignIn, User
from imsconsole.core.contention import retried
from imsconsole.core.counting import count
from imsconsole.core.locks import locked_all
from imsconsole.core.now import now
from imsconsole.core.proxies import household_of

Kind = SlowedSignIn.Kind
COOKIE = "known_browser"
COOKIE_DAYS = 365
NAMES_PER_BROWSER = 8
FIRST_WAIT_S = 5
KEPT = timedelta(days=1)


@dataclass(frozen=True)
class Pace:
    """`free` failures cost nothing; then one waits 5 s, 10 s, 20 s … up to `longest`. Forgotten `after` so long without another."""

    free: int
    longest: timedelta
    after: timedelta = KEPT

    def wait(self, failures: int) -> timedelta:
        if failures < self.free:
            return timedelta(0)
        return min(self.longest, timedelta(seconds=FIRST_WAIT_S * 2 ** min(failures - self.free, 16)))


def _pace(row: SlowedSignIn) -> Pace:
    tries = settings.IMS_SIGN_IN_TRIES
    if row.kind == Kind.CODE:
        return Pace(tries, timedelta(hours=1))
    if not row.name:
        return Pace(6 * tries, timedelta(minutes=1), after=timedelta(minutes=10))
    if not row.source:
        return Pace(10 * tries, timedelta(minutes=1))
    return Pace(tries, timedelta(minutes=15))


@dataclass(frozen=True)
class Attempt:
    """A try that was counted. `before`: until when one had to wait before it."""

    rows: list[SlowedSignIn]
    before: dict[int, datetime]


@retried
def counted(request: HttpRequest, kind: Kind, user_name: str) -> Attempt:
    """Count a try as failed. Raises ValidationError, with how long to wait, when it is too early."""
    keys = _keys(request, kind, canonical(user_name))
    rows = SlowedSignIn.objects.filter(
        reduce(or_, (Q(name=name, source=source) for name, source in keys)), kind=kind
    )
    _refuse_those_who_wait(kind, rows)  # without a lock: most of a flood ends here
    with transaction.atomic():
        missing = [SlowedSignIn(kind=kind, name=name, source=source) for name, source in keys]
        SlowedSignIn.objects.bulk_create(missing, ignore_conflicts=True)
        held = locked_all(rows)
        _refuse_those_who_wait(kind, held)
        attempt = Attempt(held, {row.pk: row.until for row in held})
        for row in held:
            _fail(row)
        SlowedSignIn.objects.bulk_update(held, ["failures", "last_at", "until"])
    count(SIGN_INS, kind, "tried")
    return attempt


def taken_back(attempt: Attempt) -> None:
    """It has succeeded. What an address or a name from anywhere has failed before stays: an attacker may have a password of their own."""
    count(SIGN_INS, attempt.rows[0].kind, "succeeded")
    own = [row.pk for row in attempt.rows if row.kind == Kind.CODE or (row.name and row.source)]
    SlowedSignIn.objects.filter(pk__in=own).delete()
    for row in attempt.rows:
        if row.pk not in own:
            unchanged = SlowedSignIn.objects.filter(pk=row.pk, until=row.until, failures__gt=0)
            unchanged.update(failures=F("failures") - 1, until=attempt.before[row.pk])
    SlowedSignIn.objects.filter(pk__in=attempt.before, failures=0).delete()


def _keys(request: HttpRequest, kind: Kind, name: str) -> list[tuple[str, str]]:
    """(name, source) of what a try is counted by; empty is any."""
    browser, names = _browser(request)
    if name in names:
        return [(name, f"browser {browser}")]
    if kind == Kind.CODE:
        return [(name, "")]
    household = household_of(request.META.get("REMOTE_ADDR", ""))
    return [(name, household), ("", household), (name, "")]


def _fail(row: SlowedSignIn) -> None:
    pace, at = _pace(row), now()
    row.failures = 1 if at - row.last_at > pace.after else row.failures + 1
    row.last_at, row.until = at, at + pace.wait(row.failures)


def wait_of(row: SlowedSignIn) -> timedelta:
    """How long one must wait yet. What is further away than the longest wait comes from a clock that was wrong."""
    left = row.until - now()
    return left if timedelta(0) < left <= _pace(row).longest else timedelta(0)


def _refuse_those_who_wait(kind: Kind, rows: Iterable[SlowedSignIn]) -> None:
    left = max((wait_of(row) for row in rows), default=timedelta(0))
    if left:
        count(SIGN_INS, kind, "too-early")
        raise ValidationError(_sentence(math.ceil(left.total_seconds())), code="must_wait")


def _sentence(seconds: int) -> str:
    if seconds < 120:
        said = ngettext(
            "Signing in has failed too often. Try again in %(n)d second.",
            "Signing in has failed too often. Try again in %(n)d seconds.",
            seconds,
        )
        return said % {"n": seconds}
    minutes = math.ceil(seconds / 60)
    said = ngettext(
        "Signing in has failed too often. Try again in %(n)d minute.",
        "Signing in has failed too often. Try again in %(n)d minutes.",
        minutes,
    )
    return said % {"n": minutes}


def canonical(user_name: str) -> str:
    """One spelling for all that the database takes for the same name, which compares capitals (`ı` is an `i` there)."""
    return user_name.strip().upper().lower()[:150]


# the browsers in which somebody has signed in before


def _browser(request: HttpRequest) -> tuple[str, list[str]]:
    """What a browser is called, and who has signed in with it before, the latest first; nobody when it shows no cookie of ours."""
    try:
        found = signing.loads(
            request.COOKIES.get(COOKIE, ""), salt=COOKIE, max_age=timedelta(days=COOKIE_DAYS)
        )
    except signing.BadSignature:
        return "", []
    return str(found["id"]), list(found["names"])


def remember_browser(request: HttpRequest, response: HttpResponse, user: User) -> None:
    """From now on this browser is known to be one of the user's."""
    browser, names = _browser(request)
    name = canonical(user.username)
    kept = [name, *(each for each in names if each != name)][:NAMES_PER_BROWSER]
    response.set_cookie(
        COOKIE,
        signing.dumps({"id": browser or secrets.token_hex(8), "names": kept}, salt=COOKIE),
        max_age=timedelta(days=COOKIE_DAYS),
        path="/accounts/",
        secure=settings.IMS_HTTPS,
        httponly=True,
        samesite="Lax",
    )


# for the operator


def waiting() -> list[SlowedSignIn]:
    """Those who must wait now."""
    return [row for row in SlowedSignIn.objects.filter(until__gt=now()) if wait_of(row)]


def locked_out(users: Iterable[User]) -> list[User]:
    """Those of `users` whose name must wait somewhere."""
    names = {row.name for row in waiting()}
    return [user for user in users if canonical(user.username) in names]


def forgive(user: User) -> None:
    """Forget the failed sign-ins of a user, wherever."""
    SlowedSignIn.objects.filter(name=canonical(user.username)).delete()


def forget_old() -> None:
    """What counts no more."""
    SlowedSignIn.objects.filter(last_at__lt=now() - KEPT).delete()
