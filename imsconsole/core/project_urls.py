"""Where one is stands in the address: `/p/<project>/…`; what is of no project has an address without it.

The middleware makes that the script prefix of a request, so that every address that is reversed stays in its project.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any
from uuid import UUID

from django.urls import get_script_prefix, get_urlconf, reverse, set_script_prefix
from django.utils.http import url_has_allowed_host_and_scheme

NAMED = re.compile(r"(?P<base>[^?#]*?)/p/(?P<project>[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})(?=/|$)")


def bare(address: str) -> str:
    """The address without its project."""
    named = NAMED.match(address)
    return named["base"] + address[named.end() :] if named else address


def bare_url(name: str, *args: Any) -> str:
    """As `reverse`, for what is of no project: signing in and out, the administration, links for anybody."""
    return bare(reverse(name, args=args))


def address_of(name: str, pk: object) -> str:
    """As `reverse`, for a thing with that key: a list asks it some hundred times, and only the key differs."""
    if not isinstance(pk, UUID):
        return reverse(name, args=[pk])
    return _of_stand_in(name, get_script_prefix(), get_urlconf()).replace(str(STAND_IN), str(pk))


STAND_IN = UUID(int=0)


@lru_cache(maxsize=4096)
def _of_stand_in(name: str, _prefix: str, _urlconf: str | None) -> str:
    return reverse(name, args=[STAND_IN])


def project_here() -> str:
    """The ID of the project in which addresses are reversed now, if it is in one."""
    named = NAMED.match(get_script_prefix())
    return named["project"] if named else ""


@contextmanager
def reversing_at(prefix: str) -> Iterator[None]:
    """What is reversed inside begins with `prefix`."""
    before = get_script_prefix()
    set_script_prefix(prefix)
    try:
        yield
    finally:
        set_script_prefix(before)


def prefix_of(project: UUID | str) -> str:
    """What every address of that project begins with."""
    return f"{bare(get_script_prefix())}p/{project}/"


def in_project(project: UUID | str, address: str) -> str:
    """The same page in that project; no address stays none."""
    base = bare(get_script_prefix())
    return prefix_of(project) + bare(address).removeprefix(base) if address else ""


def is_path_here(url: str) -> bool:
    """Whether an address that somebody sent to be led to is a path of this console, and of no other host."""
    return url.startswith("/") and url_has_allowed_host_and_scheme(url, None)
