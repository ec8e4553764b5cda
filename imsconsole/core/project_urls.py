"""Where one is stands in the address: `/p/<project>/…`; what is of no project has an address without it.

The middleware makes that the script prefix of a request, so that every address that is reversed stays in its project.
"""

import re
from typing import Any
from uuid import UUID

from django.urls import get_script_prefix, reverse

NAMED = re.compile(r"(?P<base>[^?#]*?)/p/(?P<project>[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})(?=/|$)")


def bare(address: str) -> str:
    """The address without its project."""
    named = NAMED.match(address)
    return named["base"] + address[named.end() :] if named else address


def bare_url(name: str, *args: Any) -> str:
    """As `reverse`, for what is of no project: signing in and out, the administration, links for anybody."""
    return bare(reverse(name, args=args))


def prefix_of(project: UUID | str) -> str:
    """What every address of that project begins with."""
    return f"{bare(get_script_prefix())}p/{project}/"


def in_project(project: UUID | str, address: str) -> str:
    """The same page in that project; no address stays none."""
    base = bare(get_script_prefix())
    return prefix_of(project) + bare(address).removeprefix(base) if address else ""
