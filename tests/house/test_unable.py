"""What an engine cannot do is said before the click, and by the service to who asks all the same; every page stays whole.

The engine of these tests can do nothing at all.
"""

from collections.abc import Callable, Iterator
from dataclasses import fields
from types import SimpleNamespace
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import translation
from django.utils.html import escape

from images.create.rules import Import, can_import_file
from images.create.services import import_image
from images.export.rules import can_export_as
from images.launch.services import create_servers
from images.mount.services import mount_iso
from images.resize.services import resize_server
from imsconsole.accounts.models import User
from imsconsole.cloud.disks.services import create_disk, grow_disk
from imsconsole.cloud.hosts import LACKING, is_able
from imsconsole.cloud.models import Flavor, Server
from imsconsole.cloud.screens.services import open_screen, open_serial_console
from imsconsole.cloud.servers.services import start_server
from imsconsole.core.rules import Refused
from imsconsole.core.sentences import sentence
from imsconsole.engine.types import Capabilities
from tests import factories
from tests.conftest import HTMX, client_of
from tests.house.test_urls import ADDRESSES, text_of, things, url_of  # noqa: F401
from tests.jobs.test_quotas import complete_upload_of
from tests.support.unable import unable_engine
from tests.support.walks import stop

pytestmark = pytest.mark.django_db
SAID_OTHERWISE = {
    "secure_boot",
    "tpm",
    "architectures",
    "boot_modes",
    "devices",
    "bare_metal",
    "measures",
    "accelerator",
}


@pytest.fixture(autouse=True)
def _unable(people: SimpleNamespace) -> Iterator[None]:
    with unable_engine(people.bob.region):
        yield


def test_whatever_an_engine_may_lack_has_its_sentence_in_both_languages(people) -> None:
    facts = {"missing", "memory_mb", "isolated", "sizes", "flavors"}
    assert {field.name for field in fields(Capabilities)} - SAID_OTHERWISE - facts == set(LACKING)
    for ability, code in LACKING.items():
        said = []
        for language in ("en", "zh-hans"):
            with translation.override(language):
                verdict = is_able(ability, people.bob.region)
                said.append(str(verdict.reason))
        assert verdict.code == code
        assert code not in said
        assert said[0] != said[1]


@pytest.mark.pages
@pytest.mark.slow(reason="every page of the console is drawn")
def test_every_page_is_whole(
    things: dict[str, Any],  # noqa: F811
    people: SimpleNamespace,
    subtests: pytest.Subtests,
) -> None:
    """In Chinese: what an engine lacks is said in both languages, see above. But for the frame, which is the same around each."""
    Server.objects.update(status="running", ref="somewhere")
    client = client_of(people.alice, headers={"Accept-Language": "zh-hans"})
    for name, places in ADDRESSES:
        with stop(subtests, name):
            answer = client.get(url_of(name, places, things), headers=HTMX)
            assert answer.status_code < 500
            assert text_of(answer) or name == "servers:console-text" or answer.status_code != 200


@pytest.mark.parametrize(
    ("status", "codes"),
    [("running", ["no-screen", "no-resize", "no-trays"]), ("stopped", ["no-guests"])],
)
def test_the_buttons_of_a_server_say_why_not(people, status: str, codes: list[str]) -> None:
    server = server_of(people, status)
    disk_of(server)
    page = client_of(people.bob).get(server.get_absolute_url()).content.decode()
    assert [code for code in codes if escape(sentence(code, {})) not in page] == []


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("images:create", "no-formats"), ("servers:screen", "no-screen"), ("servers:serial", "no-serial-console"),
        ("servers:stop", "no-stop-grace"), ("servers-create", "no-instant-copy"), ("servers-create", "no-seeds"),
        ("servers-change-os", "no-seeds"), ("servers-resize", "no-resize"), ("servers-mount-iso", "no-trays"),
        ("disks:grow", "no-grow-in-use"),
    ],
)  # fmt: skip
def test_a_page_says_it_before_the_click(people, name: str, code: str) -> None:
    server = server_of(people, "running")
    of = {"disks:grow": [disk_of(server).pk], "images:create": [], "servers-create": []}
    page = client_of(people.bob).get(reverse(name, args=of.get(name, [server.pk])), follow=True)
    assert escape(sentence(code, {})) in page.content.decode()


def test_the_operator_reads_what_each_region_lacks(people, operator: User) -> None:
    client = Client()
    client.force_login(operator)
    page = client.get("/admin/").content.decode()
    assert [code for code in LACKING.values() if escape(sentence(code, {})) not in page] == []


def test_a_file_of_a_format_that_is_not_stored_makes_no_image(people) -> None:
    upload = complete_upload_of(people.bob, 1)
    upload.refresh_from_db()
    image = factories.ImageFactory(project=people.bob.project)
    with unable_engine(people.bob.region, Capabilities(formats=frozenset({"iso"}))):
        assert can_import_file(upload, "system", people.bob).code == "format-not-stored"
        verdict = can_export_as(image, "vmdk")
        assert (verdict.code, "“VMDK”" in str(verdict.reason)) == ("export-format", True)
        assert can_export_as(image, "stored")


def server_of(people: SimpleNamespace, status: str = "stopped", **fields: Any) -> Server:
    return factories.ServerFactory(project=people.bob.project, ref="somewhere", status=status, **fields)


def disk_of(server: Server) -> Any:
    return factories.DiskFactory(server=server, project=server.project, status="in-use", index=0)


def opened(service: Callable[..., Any]) -> Callable[[SimpleNamespace], Any]:
    return lambda people: service(
        server_of(people, "running"), session_key="s", origin="http://localhost", actor=people.bob
    )


POSTED: dict[str, Callable[[SimpleNamespace], Any]] = {
    "no-guests": lambda people: start_server(server_of(people), actor=people.bob),
    "no-resize": lambda people: resize_server(
        server_of(people), flavor=Flavor.objects.first() or factories.FlavorFactory(), actor=people.bob
    ),
    "no-trays": lambda people: mount_iso(
        server_of(people),
        image=factories.ImageFactory(project=people.bob.project, type="iso"),
        actor=people.bob,
    ),
    "no-screen": opened(open_screen),
    "no-serial-console": opened(open_serial_console),
    "no-grow-in-use": lambda people: grow_disk(disk_of(server_of(people)), size_gb=2000, actor=people.bob),
    "no-encryption": lambda people: create_disk(
        name="disk",
        size_gb=10,
        zone=people.bob.region.zones.get(),
        key=factories.KeyFactory(project=people.bob.project),
        actor=people.bob,
    ),
    "no-seeds": lambda people: create_servers(
        image=factories.ImageFactory(project=people.bob.project),
        flavor=factories.FlavorFactory(),
        name="server",
        system_disk_gb=40,
        password_hash="$6$salt$hash",
        actor=people.bob,
    ),
    "no-formats": lambda people: import_image(
        Import(complete_upload_of(people.bob, 1), "image", "system", 40),
        actor=people.bob,
    ),
}


@pytest.mark.parametrize("code", POSTED)
def test_what_is_asked_for_all_the_same_is_refused_in_the_same_sentence(people, code: str) -> None:
    with pytest.raises(Refused) as refusal:
        POSTED[code](people)
    assert refusal.value.code == code
