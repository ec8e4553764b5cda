"""Backups in S3: what is new is brought, old ones go, and a host is restored from there."""

import pytest

from imsconsole.console_backup.begin import begin_backup
from imsconsole.console_backup.manifest import check_lists, read_manifest
from imsconsole.console_backup.restore import require_files
from imsconsole.console_backup.where import place_at
from imsconsole.engine.types import Unwatched
from tests.console_backup.hosts import empty_host, rows_here, tables_that_differ
from tests.console_backup.making import an_image, backed_up
from tests.support.s3 import KEY, REGION, SECRET, S3Server, bucket_of
from tests.support.workers import finish

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow(reason="an S3 server is started")]


def test_backups_lie_in_s3_and_a_host_is_restored_from_there(
    people, engine, s3_server: S3Server, settings
) -> None:
    settings.IMS_S3 = {
        "endpoint_url": s3_server.url, "region_name": REGION, "access_key": KEY, "secret_key": SECRET,
    }  # fmt: skip
    with bucket_of(s3_server) as bucket:
        to = f"s3://{bucket.name}/of/ims"
        gone, stays = an_image(people), an_image(people)
        first = backed_up(to).results["back_up"]
        assert first["new_bytes"] == first["size_bytes"] > 0
        assert backed_up(to).results["back_up"]["new_bytes"] == 0
        stored = gone.disks.get().stored
        gone.disks.update(stored=None)
        engine.delete(stored.ref, work=Unwatched())
        stored.delete()
        last = backed_up(to, keep=1).results["back_up"]

        assert all(name.startswith("of/ims/") for name in bucket.names())
        place = place_at(to)
        assert place.backups() == [last["name"]]
        assert list(place.objects()) == [stays.disks.get().checksum]
        manifest = read_manifest(place, last["name"])
        check_lists(place, last["name"], manifest)
        require_files(place, last["name"], manifest)
        access = {
            "IMS_S3_ENDPOINT": s3_server.url, "IMS_S3_REGION": REGION,
            "IMS_S3_ACCESS_KEY": KEY, "IMS_S3_SECRET_KEY": SECRET,
        }  # fmt: skip
        here = rows_here()
        with empty_host() as host:
            assert "no difference" in host.run("restore", to, **access).stdout
            assert tables_that_differ(here, host.rows()) == set()


def test_an_s3_that_is_away_is_said(people, engine, settings) -> None:
    settings.IMS_S3 = {
        "endpoint_url": "http://127.0.0.1:9", "region_name": REGION, "access_key": KEY, "secret_key": SECRET,
    }  # fmt: skip
    job = finish(begin_backup("s3://nowhere/ims", 0))
    assert (job.state, job.error_code) == ("failed", "console-backup-s3")
