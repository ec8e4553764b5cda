"""manage.py fetch_public_image: an official cloud image into the catalogue of every region."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from images.public.catalogue import entries
from images.public.platform import platform_actor
from images.public.services import fetch_public_image
from imsconsole.core.errors import ImsError
from imsconsole.core.sentences import sentence_of
from imsconsole.jobs.models import Job
from imsconsole.jobs.runner import run_job


class Command(BaseCommand):
    help = (
        "Fetch (or build) an image of the catalogue for every region. Without a key: list the catalogue. "
        "The workers do it; with --now this process does."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("key", nargs="?")
        parser.add_argument("--boot-mode", action="append", choices=["bios", "uefi"], default=[])
        parser.add_argument("--now", action="store_true", help="do it in this process, and wait")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            if options["key"]:
                self._fetch(options["key"], options["boot_mode"], now=options["now"])
            else:
                self._list()
        except ImsError as error:
            raise CommandError(sentence_of(error)) from error

    def _list(self) -> None:
        for entry in entries():
            checked = entry.checked_on or ("built here" if entry.is_built else "not checked")
            modes = "+".join(entry.boot_modes)
            self.stdout.write(f"{entry.key:20} {entry.name:28} {entry.architecture:4} {modes:10} {checked}")

    def _fetch(self, key: str, boot_modes: list[str], *, now: bool) -> None:
        source = fetch_public_image(key=key, boot_modes=boot_modes, actor=platform_actor())
        job = Job.objects.live().about(source.pk).get()
        if not now:
            self.stdout.write(f"The workers fetch {key}: job {job.pk}.")
            return
        run_job(str(job.pk), holder="fetch_public_image")
        job.refresh_from_db()
        if job.state != Job.State.DONE:
            raise CommandError(job.error_sentence or job.status_label)
        self.stdout.write(f"{key} is in the catalogue of every region.")
