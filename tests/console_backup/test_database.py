"""Rows go from one kind of database to another and back, each as it was."""

import os
import tempfile
from pathlib import Path

import pytest

from tests.bench.databases import cluster
from tests.console_backup.hosts import bare_host, empty_host, rows_here, tables_that_differ
from tests.console_backup.making import backed_up, filled

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.slow(reason="two hosts are restored, and a PostgreSQL is made")
def test_rows_go_to_postgresql_and_back(people, engine, tmp_path) -> None:
    filled(people)
    backed_up(tmp_path / "first")
    here = rows_here()
    place = Path(tempfile.mkdtemp(dir=os.environ["IMS_TEST_DIR"]))
    place.chmod(0o755)
    with (
        cluster(place / "pg") as port,
        bare_host(
            f"postgres://postgres@127.0.0.1:{port}/postgres?options=-c%20synchronous_commit%3Doff"
        ) as there,
    ):
        assert "no difference" in there.does("restore", str(tmp_path / "first"))
        assert tables_that_differ(here, there.rows()) == set()
        there.python("from imsconsole.accounts.models import User; User.objects.create(username='later')")
        rows = there.rows()
        there.does("backup", str(tmp_path / "second"))
        with empty_host() as back:
            assert "no difference" in back.does("restore", str(tmp_path / "second"))
            assert tables_that_differ(rows, back.rows()) == set()
