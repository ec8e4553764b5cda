"""manage.py backup: back the whole console up while it runs."""

import os
import time
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from imsconsole.cloud.keys.master import first_master, known_masters
from imsconsole.console_backup.begin import begin_backup
from imsconsole.core.errors import ImsError
from imsconsole.core.sentences import sentence, sentence_of
from imsconsole.core.text import size
from imsconsole.jobs.models import Job
from imsconsole.jobs.runner import run_job


class Command(BaseCommand):
    help = "Back the whole console up while it runs: database and stored files, into a folder or S3. The master key is not in it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "to", nargs="?", default=settings.IMS_BACKUP_TO, help="a folder, or s3://bucket/prefix"
        )
        parser.add_argument(
            "--keep", type=int, default=settings.IMS_BACKUP_KEEP, help="how many stay; 0: all"
        )
        parser.add_argument(
            "--with-master-key",
            metavar="FILE",
            help="write the master key to this new file; keep it elsewhere",
        )

    def handle(self, *args: Any, to: str, keep: int, with_master_key: str | None, **options: Any) -> None:
        if not to:
            raise CommandError("Say where to: a folder, s3://bucket/prefix, or IMS_BACKUP_TO.")
        try:
            job = begin_backup(to if to.startswith("s3://") else str(Path(to).absolute()), keep)
            if with_master_key:
                _write_master(Path(with_master_key))
        except ImsError as error:
            raise CommandError(sentence_of(error)) from error
        run_job(str(job.pk), f"backup-{os.getpid()}")
        job.refresh_from_db()
        while job.is_live:  # a worker was quicker
            time.sleep(1)
            job.refresh_from_db()
        self._tell(job)

    def _tell(self, job: Job) -> None:
        if job.state != Job.State.DONE:
            raise CommandError(job.error_sentence or str(job.status_label))
        made = job.results["back_up"]
        for warning in made["warnings"]:
            self.stderr.write(f"Warning: {sentence(warning['code'], warning['values'])}")
        self.stdout.write(
            f"Backup {made['name']}: {made['rows']} rows, {made['files']} files with {size(made['size_bytes'])}, of which "
            f"{size(made['new_bytes'])} are new there."
        )


def _write_master(path: Path) -> None:
    """All that are at hand; of a console that never needed one, that which it will need. Raises CommandError, Unavailable."""
    first_master()
    text = "".join(f"{master.text}\n" for master in reversed(known_masters()))
    try:
        with os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as file:
            file.write(text)
    except OSError as error:
        raise CommandError(f"{path}: {error.strerror}") from error
