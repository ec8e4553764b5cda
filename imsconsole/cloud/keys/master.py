"""Where master keys come from: the settings, or a file in the data folder that is made when first needed.

The file holds one master key a line, the newest last: more than one only while `rotate_master_key` is at work.
Nothing is kept in memory, so that a running process sees what the command did.
"""

import os
import secrets
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from django.conf import settings
from django.views.decorators.debug import sensitive_variables

from imsconsole.cloud.keys.wrap import Master, master_from, masters_in, new_master
from imsconsole.core.durable import sync
from imsconsole.core.errors import Unavailable


@sensitive_variables()
def masters_of_settings() -> list[Master]:
    """IMS_MASTER_KEY, then IMS_MASTER_KEY_OLD, as far as they are set. Raises Unavailable."""
    texts = [text for text in (settings.IMS_MASTER_KEY, settings.IMS_MASTER_KEY_OLD) if text]
    masters = [master for master in map(master_from, texts) if master]
    if len(masters) != len(texts):
        raise Unavailable("master-key-setting-bad")
    return masters


@sensitive_variables()
def masters_of_file() -> list[Master]:
    """Those of the file, the newest last; none when there is no file. Raises Unavailable."""
    try:
        masters = masters_in(settings.MASTER_KEY_FILE.read_text())
    except FileNotFoundError:
        return []
    except (OSError, UnicodeDecodeError) as error:
        raise Unavailable("master-key-file-bad") from error
    if not masters:
        raise Unavailable("master-key-file-bad")
    return masters


def known_masters() -> list[Master]:
    """All that are at hand, the one that is to be used for new keys first. Raises Unavailable."""
    return [*masters_of_settings(), *reversed(masters_of_file())]


def first_master() -> Master:
    """The master key of a console that never had one. Two processes at once agree on one. Raises Unavailable."""
    if not known_masters():
        with suppress(FileExistsError):
            _write_file([new_master()], replace=False)
    return known_masters()[0]


def add_to_file(master: Master) -> None:
    """Write one more master key, before anything is wrapped by it. The caller has taken `lock_master`."""
    _write_file([*masters_of_file(), master])


def keep_only(fingerprint: str) -> int:
    """Forget all others of the file, and the file when nothing is left in it; returns how many were forgotten.

    The caller has taken `lock_master`.
    """
    there = masters_of_file()
    kept = [master for master in there if master.fingerprint == fingerprint]
    if kept and len(kept) < len(there):
        _write_file(kept)
    elif not kept:
        settings.MASTER_KEY_FILE.unlink(missing_ok=True)
    _replacement_of(settings.MASTER_KEY_FILE).unlink(missing_ok=True)  # left by one who was killed
    return len(there) - len(kept)


@sensitive_variables()
def _write_file(masters: Iterable[Master], *, replace: bool = True) -> None:
    """The whole file or nothing, readable by its owner only; on disk when this returns. Raises FileExistsError."""
    path: Path = settings.MASTER_KEY_FILE
    # one who replaces is alone, and takes the place of what was left of one who was killed
    temporary = _replacement_of(path) if replace else path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    temporary.unlink(missing_ok=True)
    try:
        with os.fdopen(os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as file:
            file.write("".join(f"{master.text}\n" for master in masters))
            file.flush()
            os.fsync(file.fileno())
        if replace:
            temporary.replace(path)
        else:
            os.link(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
    sync(path.parent)


def _replacement_of(path: Path) -> Path:
    return path.with_name(f".{path.name}.new")
