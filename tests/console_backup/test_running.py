"""Disks of a guest that runs: copied at one instant, and only those that were written to since the last backup."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.conf import settings

from imsconsole.console_backup.manifest import files_of
from imsconsole.console_backup.where import place_at
from imsconsole.engine.local.capture import Captures
from tests.cloud.servers.machines import REGION, running_server, stored_image
from tests.console_backup.making import backed_up
from tests.engine.guests import COUNTED, counters, counting_disk, wait_until

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.guest,
    pytest.mark.slow(reason="four backups of a guest that runs"),
]


@pytest.fixture
def copied(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[set[UUID]]]:
    """Which disks QEMU was asked to copy, each time."""
    asked: list[set[UUID]] = []
    layers: Callable[..., Any] = Captures.layers

    def noted(self: Captures, server: Any, disks: Any, *rest: Any) -> Any:
        asked.append({disk.id for disk in disks})
        return layers(self, server, disks, *rest)

    monkeypatch.setattr(Captures, "layers", noted)
    return asked


def kept(folder: Path, name: str) -> str:
    """The checksum that the newest backup has of a file."""
    place = place_at(str(folder))
    return next(file.checksum for file in files_of(place, place.backups()[-1]) if file.name == name)


def test_a_disk_is_copied_again_once_its_guest_has_written_to_it(
    people, engine, tmp_path, copied, monkeypatch
) -> None:
    server = running_server(
        people.bob, image=stored_image(people.bob, counting_disk(tmp_path / "disk.raw")), data_disks_gb=(1, 1)
    )
    system, data, idle = (disk.pk for disk in server.disks.order_by("index"))
    name = f"disks/{server.disks.get(pk=idle).ref}"
    path = Path(settings.DATA_DIR, "regions", REGION, name)
    busy = Path(settings.DATA_DIR, "regions", REGION, "disks", server.disks.get(pk=data).ref)

    def counts() -> None:
        before = counters(busy, COUNTED[2])[0]
        wait_until(lambda: counters(busy, COUNTED[2])[0] > before)

    def backs_up() -> None:
        counts()
        assert backed_up(tmp_path / "b").results["back_up"]["warnings"] == []

    os.utime(path, (1, 1))  # long ago
    backs_up()
    first = kept(tmp_path / "b", name)
    backs_up()
    assert copied == [{system, data, idle}, {system, data}]
    assert kept(tmp_path / "b", name) == first

    path.touch()
    backs_up()
    assert copied[2:] == [{system, data, idle}]

    os.utime(path, (2, 2))
    backs_up()
    layers: Callable[..., Any] = Captures.layers

    def meanwhile(*words: Any) -> Any:
        os.utime(path, (3, 3))
        return layers(*words)

    monkeypatch.setattr(Captures, "layers", meanwhile)
    backs_up()
    assert copied[3:] == [{system, data, idle}, {system, data}, {system, data, idle}]
