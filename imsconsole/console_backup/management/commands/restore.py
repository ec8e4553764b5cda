"""manage.py restore: a backup of the console into an empty host."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import connection

from images.verify.store_check import differences
from imsconsole.cloud.keys.material import is_master_at_hand
from imsconsole.cloud.keys.wrap import Master, masters_in
from imsconsole.console_backup.places import BackupError, Place
from imsconsole.console_backup.restore import restore
from imsconsole.console_backup.where import place_at
from imsconsole.core.errors import ImsError
from imsconsole.core.sentences import sentence, sentence_of
from imsconsole.jobs.hosts import hosts_seen
from imsconsole.jobs.models import KnownHost


class Command(BaseCommand):
    help = "Restore a backup of the console into an empty database and an empty data folder; compare all. Servers come back stopped."
    requires_system_checks: list[str] = []  # there may be no tables yet

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("place", help="a folder, or s3://bucket/prefix")
        parser.add_argument("--backup", metavar="NAME", help="which one; the newest if not given")
        parser.add_argument("--list", action="store_true", help="only list the backups there")
        parser.add_argument(
            "--master-key",
            metavar="FILE",
            help="the file that has the master key, which is put into the data folder",
        )

    def handle(
        self, *args: Any, place: str, backup: str | None, list: bool, master_key: str | None, **options: Any
    ) -> None:
        try:
            there = place_at(place if place.startswith("s3://") else str(Path(place).absolute()))
            names = there.backups()
            if list:
                self.stdout.write("\n".join(names))
                return
            if not names:
                raise CommandError(sentence_of(BackupError("console-backup-none", place=place)))
            self._restore(there, backup or names[-1], master_key)
        except ImsError as error:
            raise CommandError(sentence_of(error)) from error

    def _restore(self, place: Place, name: str, master_key: str | None) -> None:
        _require_stopped()
        masters = _masters(Path(master_key)) if master_key else []
        manifest = restore(place, name, self.stdout.write, masters)
        for warning in manifest.warnings:
            self.stderr.write(f"Warning: {sentence(warning['code'], warning['values'])}")
        if not is_master_at_hand():
            self.stderr.write(f"Warning: {sentence_of(BackupError('console-backup-no-master'))}")
        left = [difference.what for difference in differences()]
        for what in left:
            self.stderr.write(what)
        if left:
            raise CommandError(
                f"Backup {name} of {manifest.taken_at} is restored, but for {len(left)} difference(s)."
            )
        self.stdout.write(
            f"Backup {name} of {manifest.taken_at} is restored; check_store finds no difference."
        )


def _require_stopped() -> None:
    if KnownHost._meta.db_table not in connection.introspection.table_names():
        return
    if names := sorted(hosts_seen().values_list("name", flat=True)):
        raise CommandError(sentence_of(BackupError("console-backup-running", hosts=", ".join(names))))


def _masters(source: Path) -> list[Master]:
    """Raises CommandError."""
    try:
        masters = masters_in(source.read_text(errors="replace"))
    except OSError as error:
        raise CommandError(f"{source}: {error.strerror}") from error
    if not masters:
        raise CommandError(f"{source} holds no master key, or something else besides.")
    return masters
