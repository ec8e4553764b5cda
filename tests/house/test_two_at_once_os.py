"""Two people at once on one system disk: change, reinstall, undo, delete the kept disk, resize, and many by one order."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from images.change_os.services import change_os, reinstall_os
from images.models import Image
from images.resize.services import resize_server
from imsconsole.accounts.models import Draft
from imsconsole.cloud.models import Disk, Server
from imsconsole.cloud.servers.services import delete_server, start_server
from imsconsole.cloud.system_disk.services import delete_kept_disk, undo_change_os
from imsconsole.jobs.models import Job
from tests import factories
from tests.images.change_os.many.test_change_os_many import change_each, kept_order
from tests.support.at_once import DONE, at_once

pytestmark = [
    pytest.mark.slow(reason="each pair meets several times"),
    pytest.mark.django_db(transaction=True),
]
ROUNDS = 4
Verb = Callable[..., Any]


def a_server(people: SimpleNamespace, name: str = "web") -> Server:
    """A stopped server with a former system disk."""
    flavor = factories.FlavorFactory(name="t6-tiny-1", series="t6", memory_mb=1)
    server = factories.ServerFactory(
        project=people.bob.project, name=name, image=image_of(people), flavor=flavor, ref="there"
    )
    factories.DiskFactory(server=server, image=server.image, ref="present")
    factories.DiskFactory(
        server=server, image=server.image, ref="former", beside=True, status="kept",
        kept_until="2100-01-01T00:00Z",
    )  # fmt: skip
    return server


def image_of(people: SimpleNamespace) -> Image:
    image = factories.ImageFactory(project=people.bob.project, os_version=None)
    factories.ImageDiskFactory(image=image)
    return image


def kept(server: Server) -> Disk:
    return server.disks.get(beside=True, ref="former")


def change(server: Server, *, actor: Any) -> Server:
    return change_os(server, image=server.image, user_data="#!", actor=actor)


def reinstall(server: Server, *, actor: Any) -> Server:
    return reinstall_os(server, user_data="#!", actor=actor)


def undo(server: Server, *, actor: Any) -> Server:
    return undo_change_os(kept(server), actor=actor)


def resize(server: Server, *, actor: Any) -> Server:
    return resize_server(server, flavor=factories.FlavorFactory(name="t6-other"), actor=actor)


def forget(server: Server, *, actor: Any) -> Disk:
    return delete_kept_disk(kept(server), actor=actor)


def drop(server: Server, *, actor: Any) -> Server:
    return delete_server(server, delete_disks=True, actor=actor)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (change, change),
        (change, reinstall),
        (reinstall, reinstall),
        (change, undo),
        (undo, undo),
        (change, start_server),
        (undo, start_server),
        (change, drop),
        (undo, drop),
        (resize, resize),
        (resize, start_server),
        (resize, change),
        (resize, drop),
    ],
)
def test_of_two_who_exchange_a_system_one_wins(people: SimpleNamespace, first: Verb, second: Verb) -> None:
    """R130. Whoever loses has left no disk behind."""
    for _ in range(ROUNDS):
        server = a_server(people)
        outcomes = at_once(
            lambda server=server: first(server, actor=people.alice),
            lambda server=server: second(server, actor=people.bob),
        )
        assert sorted(outcomes) == [DONE, "server-busy"]
        assert Job.objects.live().about(server.pk).count() == 1
        has_new_disk = {first, second}.intersection({change, reinstall}) and server.disks.filter(
            status="creating"
        ).exists()
        assert server.disks.count() == (3 if has_new_disk else 2)


def test_of_two_who_delete_a_kept_disk_one_wins(people: SimpleNamespace) -> None:
    for _ in range(ROUNDS):
        server = a_server(people)
        outcomes = at_once(
            lambda server=server: forget(server, actor=people.alice),
            lambda server=server: forget(server, actor=people.bob),
        )
        assert sorted(outcomes) == ["disk-deleting", DONE]
        assert Job.objects.about(kept(server).pk).count() == 1


def test_a_kept_disk_comes_back_or_is_deleted(people: SimpleNamespace) -> None:
    for _ in range(ROUNDS):
        server = a_server(people)
        outcomes = at_once(
            lambda server=server: undo(server, actor=people.alice),
            lambda server=server: forget(server, actor=people.bob),
        )
        assert outcomes in ([DONE, "server-busy"], ["disk-deleting", DONE])


def test_a_kept_disk_is_deleted_before_a_change_or_not_at_all(people: SimpleNamespace) -> None:
    for _ in range(ROUNDS):
        server = a_server(people)
        changed, deleted = at_once(
            lambda server=server: change(server, actor=people.alice),
            lambda server=server: forget(server, actor=people.bob),
        )
        assert (changed, deleted) in ((DONE, DONE), (DONE, "server-busy"))
        assert kept(server).status == ("deleting" if deleted == DONE else "kept")


# many by one order -----------------------------------------------------------------------------------


def codes_of(draft: Draft) -> list[str]:
    draft.refresh_from_db()
    return [draft.data["outcomes"][pk].get("code", "") for pk, _name in draft.data["servers"]]


def test_two_orders_for_the_same_servers_change_each_once(people: SimpleNamespace) -> None:
    for _ in range(ROUNDS):
        servers, image = [a_server(people, f"web-{n}") for n in range(3)], image_of(people)
        drafts = [kept_order(actor, servers, image) for actor in (people.alice, people.bob)]
        assert at_once(
            lambda drafts=drafts: change_each(drafts[0], people.alice),
            lambda drafts=drafts: change_each(drafts[1], people.bob),
        ) == [DONE, DONE]  # fmt: skip
        for pair in zip(codes_of(drafts[0]), codes_of(drafts[1]), strict=True):
            assert sorted(pair) == ["", "server-busy"]
        assert Job.objects.live().filter(subject_id__in=[server.pk for server in servers]).count() == 3


def test_an_order_that_is_sent_twice_changes_each_once(people: SimpleNamespace) -> None:
    for _ in range(ROUNDS):
        servers = [a_server(people, f"web-{n}") for n in range(3)]
        draft = kept_order(people.bob, servers, image_of(people))
        assert at_once(*[lambda draft=draft: change_each(draft, people.bob)] * 2) == [DONE, DONE]
        assert codes_of(draft) == ["", "", ""]
        assert Job.objects.live().filter(subject_id__in=[server.pk for server in servers]).count() == 3


def test_one_of_many_may_start_meanwhile(people: SimpleNamespace) -> None:
    for _ in range(ROUNDS):
        servers = [a_server(people, f"web-{n}") for n in range(2)]
        draft = kept_order(people.bob, servers, image_of(people))
        ordered, started = at_once(
            lambda draft=draft: change_each(draft, people.bob),
            lambda servers=servers: start_server(servers[1], actor=people.alice),
        )
        assert ordered == DONE
        assert (started, codes_of(draft)) in (
            (DONE, ["", "server-busy"]),
            ("server-busy", ["", ""]),
        )
