"""The master key: made once, read from the file or the settings, missed with a sentence, and never replaced."""

import multiprocessing
import os
import stat
from pathlib import Path

import pytest
from django.core.management import call_command
from django.core.management.base import SystemCheckError
from django.test import Client
from django.urls import reverse
from django.utils.html import escape

from imsconsole.cloud.keys.checks import check_master_keys
from imsconsole.cloud.keys.master import first_master, known_masters
from imsconsole.cloud.keys.material import engine_key, is_master_at_hand, material_of
from imsconsole.cloud.keys.rules import can_create_key
from imsconsole.cloud.keys.services import create_key
from imsconsole.cloud.keys.wrap import new_master
from imsconsole.cloud.models import Key, MasterKey
from imsconsole.core.errors import ImsError, Unavailable
from imsconsole.core.rules import Refused
from tests.conftest import client_of
from tests.factories import KeyFactory

pytestmark = pytest.mark.django_db


def test_the_file_is_made_with_the_first_key_for_its_owner_only(master_file: Path) -> None:
    assert not master_file.exists()
    assert is_master_at_hand()
    assert not master_file.exists()
    first, second = KeyFactory(), KeyFactory()
    assert stat.S_IMODE(master_file.stat().st_mode) == 0o600
    assert len(master_file.read_text().split()) == 1
    assert first.master == second.master == MasterKey.objects.get()
    assert len(engine_key(first, first.project_id).material()) == 32
    assert engine_key(first, first.project_id).material() != engine_key(second, second.project_id).material()
    assert os.listdir(master_file.parent) == [master_file.name]


def _first(path: Path, answers: "multiprocessing.SimpleQueue[str]") -> None:
    answers.put(first_master().fingerprint)


def test_processes_that_make_it_at_once_agree_on_one(master_file: Path) -> None:
    context = multiprocessing.get_context("fork")
    answers: multiprocessing.SimpleQueue[str] = context.SimpleQueue()
    others = [context.Process(target=_first, args=(master_file, answers)) for _ in range(8)]
    for other in others:
        other.start()
    for other in others:
        other.join()
    assert {answers.get() for _ in others} == {known_masters()[0].fingerprint}
    assert os.listdir(master_file.parent) == [master_file.name]


def test_the_setting_goes_before_the_file(settings, master_file: Path) -> None:
    master = new_master()
    settings.IMS_MASTER_KEY = master.text
    key = KeyFactory()
    assert key.master.fingerprint == master.fingerprint
    assert not master_file.exists()
    assert len(material_of(key.pk, key.project_id)) == 32


@pytest.mark.parametrize("loss", ["gone", "another", "nonsense", "unreadable", "bad setting"])
def test_without_it_everything_says_so_and_nothing_is_destroyed(
    loss: str, settings, master_file: Path, people, operator
) -> None:
    key = KeyFactory(project=people.alice.project)
    material, kept = material_of(key.pk, key.project_id), master_file.read_bytes()
    code = "master-key-missing"
    if loss == "gone":
        master_file.unlink()
    elif loss == "another":
        master_file.write_text(new_master().text)
    elif loss == "nonsense":
        master_file.write_bytes(b"\xff\xfenonsense")
        code = "master-key-file-bad"
    elif loss == "unreadable":
        master_file.unlink()
        master_file.mkdir()
        code = "master-key-file-bad"
    else:
        settings.IMS_MASTER_KEY = "secret"
        code = "master-key-setting-bad"

    for call in (
        lambda: material_of(key.pk, key.project_id),
        lambda: KeyFactory(project=people.alice.project),
    ):
        with pytest.raises(Unavailable) as error:
            call()
        assert error.value.code == code
    verdict = can_create_key(people.alice)
    assert verdict.code == code
    with pytest.raises(Refused):
        create_key(name="new", actor=people.alice)
    client = client_of(people.alice)
    for page in (reverse("keys:list"), key.get_absolute_url(), reverse("keys:create")):
        assert escape(str(verdict.reason)) in client.get(page).content.decode()
    assert client.post(reverse("keys:create"), {"name": "new"}).status_code == 409
    office = Client()
    office.force_login(operator)
    assert escape(str(verdict.reason)) in office.get(reverse("admin:index")).content.decode()
    with pytest.raises(Exception, match=r"master|IMS_MASTER_KEY"):
        call_command("rotate_master_key")
    assert MasterKey.objects.count() == Key.objects.count() == 1
    if loss == "gone":
        assert not master_file.exists(), "no other one was made in its place"

    settings.IMS_MASTER_KEY = ""
    if master_file.is_dir():
        master_file.rmdir()
    master_file.write_bytes(kept)
    assert material_of(key.pk, key.project_id) == material
    assert is_master_at_hand()


def test_a_damaged_row_says_so() -> None:
    key = KeyFactory()
    other = KeyFactory()
    Key.objects.filter(pk=key.pk).update(wrapped=other.wrapped)
    with pytest.raises(ImsError) as error:
        material_of(key.pk, key.project_id)
    assert error.value.code == "key-damaged"


def test_the_system_check_reads_what_is_there(settings, master_file: Path) -> None:
    assert check_master_keys() == []
    KeyFactory()
    assert check_master_keys() == []
    master_file.chmod(0o640)
    assert [each.id for each in check_master_keys()] == ["ims.W001"]
    settings.IMS_MASTER_KEY = "c2hvcnQ="
    with pytest.raises(SystemCheckError, match=r"ims\.E001"):
        call_command("check")
