"""The tree: rooms by verb, drawers by their names, arrows that go down. `docs/architecture.md` draws it."""

import ast
import sys
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import FrameType, SimpleNamespace

import pytest

from imsconsole.jobs.models import Job
from tests.cloud.servers.machines import bootable_image
from tests.conftest import client_of
from tests.images.copy.test_copy import begun, confirmed, target
from tests.support.workers import finish

ROOT = Path(__file__).parents[2]
APPS = ("images", "imsconsole/cloud", "market", "sharing")
DRAWERS = {
    "actions", "admin", "clock", "filters", "forms", "jobs", "messages", "metrics", "models", "quotas", "rules", "sentences",
    "services", "tables", "urls", "views",
}  # fmt: skip
ROOT_OF_IMAGES = {"__init__", "admin", "apps", "quotas", "urls"}
MOST_AT_THE_ROOT = 12
MOST_LINES = {"room": 1800, "drawer": 400}
MOST_FLOORS = 8
LEAST_PERCENT_INSIDE = 55
NO_ROOMS = {"management", "migrations", "templatetags"}
# shared by all rooms of an app: its rows, its addresses and what Django wants at the root
SHARED = {"models", *ROOT_OF_IMAGES}
MOST_FILES_OF_A_COPY = 14


@cache
def modules(app: str) -> dict[str, Path]:
    """By their dotted names."""
    paths = [path for path in (ROOT / app).rglob("*.py") if not NO_ROOMS & set(path.parts)]
    return {
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
        for path in paths
    }


def room_of(app: str, module: str) -> str:
    """The first name below the app; empty for the app itself."""
    return module.removeprefix(app.replace("/", ".")).strip(".").partition(".")[0]


@cache
def imports(app: str) -> frozenset[tuple[str, str]]:
    """Which module of the app imports which other one of it."""
    known = modules(app)
    return frozenset(
        (name, found)
        for name, path in known.items()
        for found in _imported(ast.parse(path.read_text()), known)
        if found != name
    )


def _imported(tree: ast.Module, known: dict[str, Path]) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                full = f"{node.module}.{alias.name}"
                if full in known or node.module in known:
                    yield full if full in known else node.module


def arrows(app: str) -> dict[str, set[str]]:
    """From room to room."""
    found: dict[str, set[str]] = defaultdict(set)
    for one, other in imports(app):
        here, there = room_of(app, one), room_of(app, other)
        if here and here != there:
            found[here].add(there)
    return found


def floors(app: str) -> dict[str, int]:
    """Each room above all that it imports; the ground is 1. Raises ValueError for a circle."""
    below, found = arrows(app), {}

    def floor(room: str, above: tuple[str, ...] = ()) -> int:
        if room in above:
            raise ValueError(f"a circle: {' → '.join([*above[above.index(room) :], room])}")
        if room not in found:
            found[room] = 1 + max((floor(each, (*above, room)) for each in below[room]), default=0)
        return found[room]

    for room in {room_of(app, module) for module in modules(app)}:
        floor(room)
    return found


@pytest.mark.parametrize("app", APPS)
def test_rooms_stand_above_what_they_import(app: str) -> None:
    assert max(floors(app).values()) > 1


def test_images_has_few_floors_and_little_at_its_root() -> None:
    rooms = {room: floor for room, floor in floors("images").items() if room not in ROOT_OF_IMAGES}
    assert max(rooms.values()) <= MOST_FLOORS
    assert len(list((ROOT / "images").glob("*.py"))) <= MOST_AT_THE_ROOT
    assert {path.stem for path in (ROOT / "images").glob("*.py")} == ROOT_OF_IMAGES


def test_most_imports_of_images_stay_in_their_room() -> None:
    """Of those between modules; what all rooms share (the rows) is not counted."""
    counted = [
        (room_of("images", one), room_of("images", other))
        for one, other in imports("images")
        if not SHARED & {room_of("images", one), room_of("images", other)} and room_of("images", one)
    ]
    inside = sum(one == other for one, other in counted)
    assert 100 * inside / len(counted) >= LEAST_PERCENT_INSIDE, f"{inside} of {len(counted)}"


@pytest.mark.parametrize("app", APPS)
def test_drawers_are_called_by_their_names(app: str) -> None:
    """`views.py`, not `views_2.py`: what is too much for a drawer becomes a room in the room, or says what it is."""
    odd = [
        name
        for name in modules(app)
        for drawer in DRAWERS
        if name.rpartition(".")[2].startswith(f"{drawer}_") and name not in NAMED_BY_WHAT_THEY_ARE
    ]
    assert odd == []


# two kinds of long work in one room, each with steps enough for a file of its own
NAMED_BY_WHAT_THEY_ARE = {
    "images.copy.jobs_across",
    "imsconsole.cloud.backups.jobs_create",
    "imsconsole.cloud.backups.jobs_restore",
}


@pytest.mark.parametrize("app", APPS)
def test_no_room_and_no_drawer_is_too_large(app: str) -> None:
    lines: dict[str, int] = defaultdict(int)
    for name, path in modules(app).items():
        count = len(path.read_text().splitlines())
        assert count <= MOST_LINES["drawer"], path
        lines[room_of(app, name)] += count
    assert {room: count for room, count in lines.items() if room and count > MOST_LINES["room"]} == {}


@pytest.mark.parametrize(
    ("app", "templates"), [("images", "images"), ("imsconsole/cloud", "cloud"), ("sharing", "sharing")]
)
def test_templates_lie_in_the_folders_of_rooms(app: str, templates: str) -> None:
    folders = {
        path.parent.relative_to(ROOT / "imsconsole/templates" / templates)
        for path in (ROOT / "imsconsole/templates" / templates).rglob("*.html")
    }
    assert [str(folder) for folder in folders if not (ROOT / app / folder / "__init__.py").exists()] == []
    assert len(folders) > 2


@pytest.mark.parametrize(
    ("app", "tests"),
    [("images", "images"), ("imsconsole/cloud", "cloud"), ("sharing", "sharing"), ("market", "market")],
)
def test_tests_lie_in_the_folders_of_rooms(app: str, tests: str) -> None:
    folders = {
        path.parent.relative_to(ROOT / "tests" / tests)
        for path in (ROOT / "tests" / tests).rglob("test_*.py")
    }
    assert [str(folder) for folder in folders if not (ROOT / app / folder / "__init__.py").exists()] == []
    assert len(folders) > 2


def test_every_room_says_what_it_is_for() -> None:
    mute = [
        name
        for app in APPS
        for name, path in modules(app).items()
        if path.name == "__init__.py" and not ast.get_docstring(ast.parse(path.read_text()))
    ]
    assert mute == []


@pytest.mark.django_db
@pytest.mark.slow(reason="an image is copied, from its page to the end of its job")
def test_a_copy_passes_few_files_of_images(people: SimpleNamespace) -> None:
    source = bootable_image(people.bob)
    client = client_of(people.bob)
    client.get(source.get_absolute_url())  # what is run when it is first imported is no part of the way
    passed: set[str] = set()

    def note(frame: FrameType, event: str, _arg: object) -> None:
        if event == "call" and frame.f_code.co_name != "<module>":
            passed.add(frame.f_code.co_filename)

    sys.setprofile(note)
    try:
        at = begun(client, source)
        client.post(at, target(**{"name-0": "copy", "key": ""}))
        confirmed(client, at)
        job = finish(Job.objects.get(kind="image.copy"))
    finally:
        sys.setprofile(None)
    assert job.state == Job.State.DONE
    files = [path for path in passed if Path(path).is_relative_to(ROOT / "images")]
    assert 5 < len(files) <= MOST_FILES_OF_A_COPY, sorted(files)
