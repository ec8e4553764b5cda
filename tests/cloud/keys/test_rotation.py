"""rotate_master_key: every key is wrapped anew, wherever the command is killed, and whatever else happens."""

import os
import stat
from contextlib import contextmanager
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection

from imsconsole.cloud.keys.material import material_of
from imsconsole.cloud.keys.rotation import rotate
from imsconsole.cloud.keys.services import create_key
from imsconsole.cloud.keys.wrap import new_master
from imsconsole.cloud.models import Key, MasterKey
from imsconsole.core.now import now
from tests.factories import KeyFactory
from tests.support.at_once import DONE, at_once

pytestmark = pytest.mark.django_db


class Killed(BaseException):
    """The process dies here."""


def materials() -> dict:
    return {key.pk: material_of(key.pk, key.project_id) for key in Key.objects.filter(state="enabled")}


def rotated() -> str:
    out = StringIO()
    call_command("rotate_master_key", stdout=out)
    return out.getvalue()


def test_all_are_wrapped_anew_and_stay_the_same(master_file: Path) -> None:
    keys = [KeyFactory() for _ in range(3)]
    KeyFactory(state="deleted")
    KeyFactory(state="disabled")
    KeyFactory(state="pending-deletion", delete_at=now())
    before, wrapped = materials(), {bytes(key.wrapped) for key in keys}
    old_file = master_file.read_text()

    assert rotated() == (
        "Master key 2 is in use; 5 key(s) were wrapped anew, 1 old master key(s) forgotten.\n"
    )
    assert materials() == before
    assert set(Key.objects.existing().values_list("master", flat=True)) == {2}
    assert not wrapped & {bytes(each) for each in Key.objects.existing().values_list("wrapped", flat=True)}
    assert old_file.strip() not in master_file.read_text()
    assert len(master_file.read_text().split()) == 1
    assert KeyFactory().master_id == 2


@pytest.mark.slow(reason="some twenty rotations, each followed by another")
def test_it_may_be_killed_before_and_after_each_thing_it_does_and_repeated(
    master_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its steps are what it asks of the file system and of the database: each is the last one once."""
    KeyFactory(), KeyFactory()
    before, steps = materials(), 0
    while True:
        with killed_after(steps, monkeypatch) as counted:
            try:
                rotate()
            except Killed:
                pass
            else:
                break
        assert counted[0] > steps
        assert materials() == before, f"after step {steps}"
        done = rotate()
        assert materials() == before, f"repeated after step {steps}"
        assert Key.objects.exclude(master=done.version).count() == 0
        assert len(master_file.read_text().split()) == 1, f"repeated after step {steps}"
        assert os.listdir(master_file.parent) == [master_file.name]
        steps += 1
    assert steps > 12


@contextmanager
def killed_after(steps: int, monkeypatch: pytest.MonkeyPatch):
    """Let that many steps happen, and die at the next one; yields how many were begun.

    The dead removes no files any more; its transaction is rolled back, as the database does.
    """
    counted = [0]

    def step() -> None:
        counted[0] += 1
        if counted[0] == steps + 1:
            raise Killed

    def counting(function):
        def call(*args, **kwargs):
            step()
            return function(*args, **kwargs)

        return call

    def unlink(path: Path, missing_ok: bool = False) -> None:
        if counted[0] <= steps:
            os.unlink(path) if path.exists() or not missing_ok else None

    with monkeypatch.context() as patch:
        patch.setattr(Path, "unlink", unlink)
        for name in ("fsync", "open", "replace"):
            patch.setattr(f"os.{name}", counting(getattr(os, name)))
        with connection.execute_wrapper(lambda execute, *args: counting(execute)(*args)):
            yield counted


def test_a_run_that_was_killed_goes_on_with_the_master_key_it_made(
    master_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    KeyFactory()
    master_file.with_name(f".{master_file.name}.new").touch(0o644)  # of one that was killed earlier
    monkeypatch.setattr("imsconsole.cloud.keys.rotation._wrap_all", _die)
    with pytest.raises(Killed):
        rotate()
    assert stat.S_IMODE(master_file.stat().st_mode) == 0o600
    made = master_file.read_text().split()[-1]
    monkeypatch.undo()
    rotate()
    assert master_file.read_text().split() == [made]


def _die(*_args):
    raise Killed


def test_from_the_file_to_the_setting_and_to_another_one(settings, master_file: Path) -> None:
    KeyFactory()
    before = materials()
    first, second = new_master(), new_master()
    settings.IMS_MASTER_KEY = first.text
    assert materials() == before
    assert rotated().startswith("Master key 2 is in use; 1 key(s) were wrapped anew, 1 ")
    assert not master_file.exists()
    assert materials() == before

    assert rotated().startswith("Master key 2 is in use; 0 key(s)"), "the same setting, nothing to do"
    settings.IMS_MASTER_KEY, settings.IMS_MASTER_KEY_OLD = second.text, first.text
    assert KeyFactory().master_id == 2, "the old one is in use until the command has run"
    before = materials()
    assert rotated().startswith("Master key 3 is in use; 2 key(s)")
    settings.IMS_MASTER_KEY_OLD = ""
    assert materials() == before

    settings.IMS_MASTER_KEY, settings.IMS_MASTER_KEY_OLD = "", second.text
    assert rotated().startswith("Master key 4 is in use; 2 key(s)")
    settings.IMS_MASTER_KEY_OLD = ""
    assert master_file.exists()
    assert materials() == before


def test_without_the_old_one_nothing_is_changed(settings, master_file: Path) -> None:
    key = KeyFactory()
    kept = master_file.read_bytes()
    settings.IMS_MASTER_KEY = new_master().text
    master_file.unlink()
    with pytest.raises(CommandError, match="master key number 1"):
        rotated()
    settings.IMS_MASTER_KEY = ""
    master_file.write_bytes(kept)
    assert len(material_of(key.pk, key.project_id)) == 32
    assert MasterKey.objects.count() == 1


def test_a_key_that_is_damaged_stops_it_and_keeps_the_others(master_file: Path) -> None:
    good, bad = KeyFactory(), KeyFactory()
    before = material_of(good.pk, good.project_id)
    Key.objects.filter(pk=bad.pk).update(wrapped=b"x" * 60)
    with pytest.raises(CommandError, match="is damaged"):
        rotated()
    assert material_of(good.pk, good.project_id) == before
    assert MasterKey.objects.count() == 1


@pytest.mark.slow(reason="several rounds of real threads")
@pytest.mark.django_db(transaction=True)
def test_keys_are_made_used_and_rotated_by_several_at_once(people, master_file: Path) -> None:
    key = KeyFactory(project=people.alice.project)
    before = material_of(key.pk, key.project_id)

    def read() -> None:
        assert material_of(key.pk, key.project_id) == before

    def make(name: str) -> None:
        create_key(name=name, actor=people.alice)

    for n in range(5):
        names = [f"a-{n}", f"b-{n}", f"c-{n}"]
        calls = [lambda name=name: make(name) for name in names]
        assert at_once(rotate, *calls, read, rotate, read) == [DONE] * 7
    known = set(materials().values())
    assert len(known) == 16
    assert before in known
    assert len(master_file.read_text().split()) == 1
