"""What `restore` refuses before it changes anything, and what it takes back when it cannot go on."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from django.core.files.base import ContentFile

from imsconsole.cloud.buckets.store import storage, stored_name
from imsconsole.cloud.keys.wrap import new_master
from imsconsole.console_backup.places import DATABASE, FILES, MANIFEST
from tests import factories
from tests.cloud.servers.machines import REGION
from tests.console_backup.hosts import empty_host, newest, refusal, rewrite
from tests.console_backup.making import an_image, backed_up

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.slow(reason="commands run in processes of their own"),
]
USER = "from imsconsole.accounts.models import User; User.objects.create(username='somebody')"
RUNS = "from imsconsole.jobs.hosts import note_host; note_host()"
OBJECT = b"object" * 1000
COUNTED = "from imsconsole.accounts.models import User; print(User.objects.count())"


def told(backup: Path, **changes: Any) -> None:
    """A manifest that says something else."""
    path = backup / MANIFEST
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def test_a_host_on_which_there_is_something_is_left_alone(people, engine, tmp_path) -> None:
    an_image(people)
    backed_up(tmp_path)
    for place in ("regions/cn-north-4/images/some.qcow2", "buckets/objects/ab/cd"):
        with empty_host() as host:
            stands = host.data / place
            stands.parent.mkdir(parents=True)
            stands.write_text("")
            assert f"This host is not empty: {stands}" in refusal(host, tmp_path)
            assert not (host.data / "restoring").exists()
            (host.data / "restoring").write_text("20200101T000000Z-000000")  # another one was
            assert f"This host is not empty: {stands}" in refusal(host, tmp_path)
    with empty_host() as host:
        host.python(RUNS)
        assert "The console is running here" in refusal(host, tmp_path)
        host.python("from imsconsole.jobs.hosts import leave; leave()")
        host.python(USER)
        assert "This host is not empty: users" in refusal(host, tmp_path)


def test_rows_and_bytes_that_do_not_fit_are_refused(people, engine, tmp_path, settings) -> None:
    settings.IMS_MASTER_KEY, settings.MASTER_KEY_FILE = "", tmp_path / "key"
    an_image(people)
    factories.KeyFactory(project=people.bob.project)
    item = factories.BucketObjectFactory(bucket__project=people.bob.project)
    storage().save(stored_name(item.pk), ContentFile(OBJECT))
    backed_up(tmp_path)
    backup = newest(tmp_path)
    kept = {path: path.read_bytes() for path in backup.iterdir()}

    def mended() -> None:
        for path, content in kept.items():
            path.write_bytes(content)

    with empty_host() as host:
        rewrite(backup, DATABASE, lambda lines: lines[:-1])
        (backup / MANIFEST).write_bytes(kept[backup / MANIFEST])
        assert "database.jsonl.gz is damaged" in refusal(host, tmp_path)
        mended()
        told(backup, regions={REGION: "openstack"})
        assert f"The region {REGION} of this backup lay on the host" in refusal(host, tmp_path)
        mended()
        for line in (
            ["../x"],
            ["here", 1],
            [REGION, "images/x", ["sha256:"], 1, ""],
            [REGION, "images/x", "md5:0", 1, ""],
        ):
            rewrite(backup, FILES, lambda lines, line=line: [line])
            assert "is damaged or missing" in refusal(host, tmp_path)
            mended()
        told(backup, regions={"..": "local"})
        rewrite(backup, FILES, lambda lines: [["..", *lines[0][1:]]])
        assert "is damaged or missing" in refusal(host, tmp_path)
        mended()
        assert not (host.data / "restoring").exists()

        for change in (without_accounts, with_a_table_that_never_was):
            rewrite(backup, DATABASE, change)
            assert "database.jsonl.gz is damaged" in refusal(host, tmp_path)
            assert host.python(COUNTED) == "0\n", "all rows or none"
            mended()
        digits = hashlib.sha256(OBJECT).hexdigest()
        damaged = tmp_path / "objects/sha256" / digits[:2] / digits
        damaged.unlink()  # it may be a link of the object itself
        damaged.write_bytes(OBJECT[::-1])
        assert f"buckets/{stored_name(item.pk)} is damaged" in refusal(host, tmp_path)
        damaged.write_bytes(OBJECT)

        done = host.run("restore", str(tmp_path), IMS_MASTER_KEY="")
        assert done.returncode == 0, done.stderr
        assert "The master key that wraps the keys of this backup is not here" in done.stderr
        assert (host.data / "buckets/objects" / stored_name(item.pk)).read_bytes() == OBJECT


def without_accounts(lines: list[Any]) -> list[Any]:
    """Rows that others name are missing."""
    at = next(
        n for n, line in enumerate(lines) if isinstance(line, dict) and line["table"] == "accounts.Account"
    )
    end = next(n for n, line in enumerate(lines) if isinstance(line, dict) and n > at)
    return lines[: at + 1] + lines[end:]


def with_a_table_that_never_was(lines: list[Any]) -> list[Any]:
    return [*lines, {"table": "images.Never", "columns": ["id"]}, [1]]


def test_a_master_key_that_is_not_the_backups_is_refused_and_the_right_one_comes_beside_others(
    people, engine, tmp_path, settings
) -> None:
    settings.IMS_MASTER_KEY, settings.MASTER_KEY_FILE = "", tmp_path / "here"
    factories.KeyFactory(project=people.bob.project)
    backed_up(tmp_path / "b")
    wrong = tmp_path / "wrong"
    wrong.write_text(f"{new_master().text}\n")
    with empty_host() as host:
        there, right = host.data / "master_key", settings.MASTER_KEY_FILE
        named = ("restore", str(tmp_path / "b"), "--master-key")
        assert "has not the master key of this backup" in refusal(
            host, tmp_path / "b", "--master-key", str(wrong), IMS_MASTER_KEY=""
        )
        assert not there.exists()
        there.write_text(wrong.read_text())
        done = host.run(*named, str(right), IMS_MASTER_KEY="")
        assert (done.returncode, done.stderr) == (0, "")
        assert there.read_text() == wrong.read_text() + right.read_text()
        assert there.stat().st_mode & 0o077 == 0
