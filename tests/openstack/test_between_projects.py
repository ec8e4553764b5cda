"""What goes from one project of a cloud to another: images that are lent, volumes that are handed over; and whoever is killed at it."""

from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from imsconsole.core.errors import NotFound
from imsconsole.engine.openstack import OpenStackEngine
from imsconsole.engine.openstack.cinder import OFFERED
from imsconsole.engine.openstack.marks import parts_of
from imsconsole.engine.types import GIB, DiskSpec, Inventory
from tests.engine.guests import TestWork, stored_image
from tests.openstack.conftest import as_user
from tests.openstack.interruptions import killed_at, points_of
from tests.openstack.seen import marked_by

pytestmark = [pytest.mark.cloud, pytest.mark.slow(reason="a cloud is asked, and one waits for it")]


class Died(BaseException):
    """A worker was killed."""


@pytest.fixture
def engine(account_engine: OpenStackEngine) -> OpenStackEngine:
    return account_engine


def test_an_image_is_lent_as_long_as_a_volume_is_made_of_it(engine: OpenStackEngine, place: Path) -> None:
    image = stored_image(engine, place)
    asked: list[str] = []
    engine._images.glance.remove_member = lambda image, project: asked.append(project)  # type: ignore[method-assign]
    engine.create_disk(uuid4(), GIB, image_ref=image.ref, work=TestWork())
    other = as_user("other")
    assert other.image.get(f"/images/{parts_of(image.ref)[1]}").ok, "lent"
    assert asked == [other.current_project_id]

    del engine._images.glance.remove_member  # type: ignore[misc]
    engine.create_disk(uuid4(), GIB, image_ref=image.ref, work=TestWork())
    assert other.image.get(f"/images/{parts_of(image.ref)[1]}").status_code == 404, "taken back"


def test_what_another_has_taken_back_is_lent_again(engine: OpenStackEngine, place: Path) -> None:
    image, glance, lent = stored_image(engine, place), engine._images.glance, list[str]()
    usual = glance.add_member

    def add_member(image_id: str, project: str) -> None:
        lent.append(project)
        if len(lent) > 1:
            usual(image_id, project)

    glance.add_member = add_member  # type: ignore[method-assign]
    ref = engine.create_disk(uuid4(), GIB, image_ref=image.ref, work=TestWork())
    assert len(lent) == 2
    assert engine.inventory().disks == {ref}


def test_what_a_killed_worker_has_borrowed_is_taken_back_when_its_work_is_undone(
    engine: OpenStackEngine, place: Path
) -> None:
    """Not what others have lent to that project, whatever it is made of."""
    image, other = stored_image(engine, place), as_user("other")
    theirs = lent_by_others(image.ref, other.current_project_id)

    def is_lent(image_id: str) -> bool:
        return bool(other.image.get(f"/images/{image_id}").ok)

    disk_id = uuid4()
    points = points_of(lambda work: engine.create_disk(disk_id, GIB, image_ref=image.ref, work=work))
    engine.discard([disk_id], "t", work=TestWork())
    for point in points:
        killed_at(lambda work: engine.create_disk(disk_id, GIB, image_ref=image.ref, work=work), point)
        assert is_lent(parts_of(image.ref)[1]), point
        engine.discard([disk_id], "t", work=TestWork())
        assert not is_lent(parts_of(image.ref)[1]), point
        assert engine.inventory().disks == frozenset()
    assert is_lent(theirs)


def lent_by_others(ref: str, project: str) -> str:
    """An image made of that of a stored disk, with all of its marks, for that project."""
    demo = as_user("demo")
    marks = {
        name: value
        for name, value in demo.image.get(f"/images/{parts_of(ref)[1]}").json().items()
        if name.startswith("ims_")
    }
    options = {"name": "made of it", "disk_format": "raw", "container_format": "bare", "visibility": "shared"}
    made: str = demo.image.post("/images", json={**options, **marks}).json()["id"]
    demo.image.post(f"/images/{made}/members", json={"member": project}).raise_for_status()
    return made


@pytest.mark.parametrize("goes_on", [True, False])
def test_who_dies_while_a_volume_is_handed_over_leaves_nothing(
    engine: OpenStackEngine, goes_on: bool
) -> None:
    """It is offered then, and can be neither used nor deleted: the next attempt, or the sweep, takes the offer back."""
    disk_id, stored, work = uuid4(), uuid4(), TestWork()
    disk = DiskSpec(disk_id, engine.create_disk(disk_id, GIB, work=work), 0, GIB)
    there, usual = engine._captures._there, engine._captures._there._ask

    def ask(verb: str, path: str, *args: Any, **more: Any) -> Any:
        if path.endswith("/accept"):
            raise Died
        return usual(verb, path, *args, **more)

    there._ask = ask  # type: ignore[assignment]
    with pytest.raises(Died):
        engine.capture(None, {stored: disk}, work=work)
    there._ask = usual
    console = engine.cloud.settings.console
    assert OFFERED in {volume.status for volume in marked_by(console, "lab-other")["volumes"]}

    if goes_on:
        made = engine.capture(None, {stored: disk}, work=TestWork())[stored]
        assert made.virtual_size_bytes == GIB
        engine.delete(made.ref, work=TestWork())
    else:
        engine.sweep(work.token)
    engine.delete_disk(disk.ref, work=TestWork())
    assert engine.inventory() == Inventory()
    for cloud in ("lab-demo", "lab-other"):
        assert not any(marked_by(console, cloud).values())


def test_a_disk_of_one_place_is_nothing_to_another(
    engine: OpenStackEngine, cloud_engine: OpenStackEngine
) -> None:
    ref = engine.create_disk(uuid4(), GIB, work=TestWork())
    with pytest.raises(NotFound):
        cloud_engine.capture_bytes([DiskSpec(parts_of(ref)[0], ref, 0, GIB)])
    assert cloud_engine.inventory() == Inventory()
    assert engine.inventory().disks == {ref}
