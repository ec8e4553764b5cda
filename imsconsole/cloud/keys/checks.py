"""`manage.py check`: whether the master keys can be read, and by nobody else."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning

from imsconsole.cloud.keys.master import known_masters
from imsconsole.core.errors import Unavailable
from imsconsole.core.sentences import sentence_of


def check_master_keys(**_options: Any) -> list[CheckMessage]:
    """Only what is at hand; whether it is the right one, the database knows (`material.is_master_at_hand`)."""
    try:
        known_masters()
    except Unavailable as error:
        return [Error(sentence_of(error), id="ims.E001")]
    path = settings.MASTER_KEY_FILE
    if path.exists() and path.stat().st_mode & 0o077:
        return [
            Warning(f"{path} can be read by others than its owner.", hint=f"chmod 600 {path}", id="ims.W001")
        ]
    return []
