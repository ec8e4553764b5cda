"""manage.py rotate_master_key: wrap every encryption key by a new master key."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from imsconsole.cloud.keys.rotation import rotate
from imsconsole.core.errors import ImsError
from imsconsole.core.sentences import sentence_of


class Command(BaseCommand):
    help = (
        "Wrap every encryption key by a new master key: by IMS_MASTER_KEY when it is set (the one until now in "
        "IMS_MASTER_KEY_OLD), else by one that is made in the data folder. May be stopped and repeated."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            done = rotate()
        except ImsError as error:
            raise CommandError(sentence_of(error)) from error
        self.stdout.write(
            f"Master key {done.version} is in use; {done.rewrapped} key(s) were wrapped anew, "
            f"{done.forgotten} old master key(s) forgotten."
        )
