"""What journeys about something else begin with: asked of the console's services in its own process, done by its workers."""

from pathlib import Path

from tests.support.console import Console, wait_for
from tests.support.visitor import Visitor

AS = """
from pathlib import Path
from images.launch.services import create_servers
from images.models import Image, OsVersion
from imsconsole.accounts.actor import actor_for, projects_of
from imsconsole.accounts.models import User
from imsconsole.cloud.models import Flavor, Server
from tests.images.create.importing import imported
alice = User.objects.get(username="alice")
alice = actor_for(alice, projects_of(alice)[0])
"""


def imported(console: Console, file: Path, name: str, *, type: str = "system") -> str:
    """The ID of an image of Alice's of that file, once it is Normal."""
    system = "OsVersion.objects.first()" if type == "iso" else None  # is to be told
    order = f"name={name!r}, type={type!r}, os_version={system}"
    image = console.python(f"{AS}print(imported(alice, Path({str(file)!r}), {order}).image.pk)").strip()
    _becomes(console, "Image", image, "active")
    return image


def launched(console: Console, image: str, name: str) -> str:
    """The ID of a server of Alice's from an image, once it is running."""
    order = f"actor=alice, image=Image.objects.get(pk={image!r}), flavor=Flavor.objects.get(name='t6-small-1'), name={name!r}, user_data='#!/bin/sh'"
    server = console.python(f"{AS}print(create_servers({order})[0].pk)").strip()
    _becomes(console, "Server", server, "running")
    return server


def _becomes(console: Console, model: str, thing: str, status: str) -> None:
    asked = f"{AS}print({model}.objects.get(pk={thing!r}).status)"
    wait_for(lambda: console.python(asked).strip() == status, f"{model} {thing} does not become {status}")


def says(visitor: Visitor, server: str, word: str) -> str:
    """The whole console log, once that stands in it: what a guest that does nothing else says; no page is left open."""
    url, page = f"{visitor.url}/servers/{server}/console.txt", visitor.page
    page.goto("about:blank")

    def said() -> str:
        text = page.request.get(url, max_retries=3).text()
        return text if word in text else ""

    return str(wait_for(said, f"the guest does not say {word}"))
