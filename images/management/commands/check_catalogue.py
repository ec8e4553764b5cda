"""manage.py check_catalogue: is everything still where the catalogue of public images says?"""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from images.public.catalogue import Entry, entries, note_checked
from images.public.obtain import published
from images.public.policy import image_policy
from imsconsole.core.downloads import probe
from imsconsole.core.errors import ImsError
from imsconsole.core.now import now
from imsconsole.core.sentences import sentence_of
from imsconsole.core.text import size


class Command(BaseCommand):
    help = (
        "Reach every image of the catalogue and its checksum, without downloading the image, and write the "
        "day into the catalogue's file."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            reached = {entry.key for entry in entries() if self._check(entry)}
            note_checked(reached, now().date())
        except ImsError as error:
            raise CommandError(sentence_of(error)) from error
        except OSError as error:
            raise CommandError(
                f"The catalogue cannot be written ({error}). Name a copy of your own in IMS_PUBLIC_CATALOGUE."
            ) from error
        if missing := {entry.key for entry in entries() if not entry.is_built} - reached:
            raise CommandError(f"Not reached: {', '.join(sorted(missing))}")

    def _check(self, entry: Entry) -> bool:
        """Whether both are there. Of what is built here there is nothing to reach."""
        if entry.is_built:
            return False
        try:
            bytes_there = probe(entry.url, image_policy())
            signed_by = published(entry).signed_by
        except ImsError as error:
            self.stderr.write(f"{entry.key}: {sentence_of(error)}")
            return False
        signed = f", signed by {signed_by}" if signed_by else ""
        self.stdout.write(f"{entry.key}: {size(bytes_there) if bytes_there else 'there'}{signed}")
        return True
