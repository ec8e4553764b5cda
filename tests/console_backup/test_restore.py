"""`restore` takes an empty host and a whole backup, and says why not otherwise; what was interrupted is begun again."""

import json
import os

import pytest

from images.models import Upload
from imsconsole.console_backup.places import FILES
from imsconsole.core.now import now
from imsconsole.engine.types import Unwatched
from imsconsole.jobs.models import Job
from tests import factories
from tests.cloud.servers.machines import order
from tests.console_backup.hosts import empty_host, newest, refusal, rewrite
from tests.console_backup.making import an_image, backed_up
from tests.support.workers import finish

pytestmark = pytest.mark.django_db(transaction=True)
ENDED = """
from imsconsole.cloud.models import Server
from imsconsole.core.now import now
from imsconsole.engine.types import Unwatched
from imsconsole.jobs.models import Job
from images.models import Download, Image, Upload
print([(job.kind, job.state, job.error_code) for job in Job.objects.order_by("created_at")])
print([image.status for image in Image.objects.order_by("created_at")], [server.status for server in Server.objects.all()], Upload.objects.count() + Download.objects.count())
"""


@pytest.mark.slow(reason="a restore is begun again and again")
def test_a_backup_that_is_not_whole_is_refused_and_a_restore_is_begun_again(people, engine, tmp_path) -> None:
    an_image(people), an_image(people)
    backed_up(tmp_path)
    backup = newest(tmp_path)
    kept = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}

    def mended() -> None:
        for path, content in kept.items():
            path.unlink(missing_ok=True)
            path.write_bytes(content)

    with empty_host() as host:
        assert "There is no whole backup" in refusal(host, tmp_path / "nothing")
        assert "There is no whole backup x" in refusal(host, tmp_path, "--backup", "x")
        assert "holds no master key" in refusal(host, tmp_path, "--master-key", os.devnull)

        manifest = json.loads((backup / "manifest.json").read_text())
        for change, said in (
            ({"form": 2, "version": "9.9"}, "by the newer version 9.9"),
            ({"migrations": [*manifest["migrations"], ["images", "9999_later"]]}, "by the newer version"),
        ):
            (backup / "manifest.json").write_text(json.dumps(manifest | change))
            assert said in refusal(host, tmp_path)
        (backup / "manifest.json").write_bytes(kept[backup / "manifest.json"][:-9])
        assert "manifest.json is damaged" in refusal(host, tmp_path)
        mended()

        (backup / "database.jsonl.gz").write_bytes(kept[backup / "database.jsonl.gz"][:-9])
        assert "database.jsonl.gz is damaged" in refusal(host, tmp_path)
        mended()

        rewrite(backup, FILES, lambda lines: [[lines[0][0], "../../../etc/x", *lines[0][2:]]])
        assert "../../../etc/x is damaged" in refusal(host, tmp_path)
        mended()
        rewrite(backup, FILES, lambda lines: [[lines[0][0], "images/x", *lines[0][2:]]])
        assert "is no place of a stored file" in refusal(host, tmp_path)
        mended()

        one = next(path for path in kept if "objects" in path.parts)
        one.unlink()
        assert "1 stored file(s) of this backup are missing or cut" in refusal(host, tmp_path)
        one.write_bytes(kept[one][:-1])
        assert "1 stored file(s) of this backup are missing or cut" in refusal(host, tmp_path)
        one.write_bytes(kept[one][:-1] + bytes([kept[one][-1] ^ 1]))
        assert "is damaged or missing" in refusal(host, tmp_path)
        mended()

        assert "no difference" in host.does("restore", str(tmp_path))
        assert "This host is not empty" in refusal(host, tmp_path)


@pytest.mark.slow(reason="a host is restored")
def test_what_went_on_has_ended(people, engine, tmp_path) -> None:
    order(people.bob, an_image(people))  # its job waits
    (server,) = order(people.bob, an_image(people))
    finish(Job.objects.about(server.pk).get())
    server.refresh_from_db()
    engine.stop(server.ref, graceful_s=0, work=Unwatched())
    factories.UploadFactory(project=people.bob.project, state=Upload.State.COMPLETE, expires_at=now())
    job = backed_up(tmp_path)
    with empty_host() as host:
        assert "no difference" in host.does("restore", str(tmp_path))
        jobs, states = host.python(ENDED).strip().splitlines()
        assert eval(jobs) == [
            ("server.create", "failed", "restored"), ("server.create", "done", ""), ("console.backup", "done", ""),
        ]  # fmt: skip
        assert states.startswith("['active', 'active'] ")
        assert sorted(eval(states[len("['active', 'active'] ") : -2])) == ["failed", "stopped"]
        assert states.endswith(" 0")
    assert job.state == "done"


@pytest.mark.slow(reason="a host is restored")
def test_a_backup_of_an_older_version_is_brought_up_to_this_one(people, engine, tmp_path) -> None:
    an_image(people)
    backed_up(tmp_path)
    manifest = newest(tmp_path) / "manifest.json"
    told, last = json.loads(manifest.read_text()), ["market", "0007_checksums_of_checks"]
    told["migrations"].remove(last)
    manifest.write_text(json.dumps(told))
    with empty_host() as host:
        assert "made by the older version" in refusal(host, tmp_path)
        host.does("migrate", "market", "0006", "-v", "0")
        assert "no difference" in host.does("restore", str(tmp_path))
        assert f"[X] {last[1]}" in host.does("showmigrations", "market")
