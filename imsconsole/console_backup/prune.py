"""The end of backups, and of bytes that no backup has any more."""

from imsconsole.console_backup.listed import Listed, in_portions
from imsconsole.console_backup.manifest import files_of
from imsconsole.console_backup.places import Place
from imsconsole.engine.types import Work

AT_ONCE = 1000


def prune(place: Place, keep: int, work: Work) -> None:
    """Keep the newest `keep` backups (all: 0), nothing of those that were never finished, and what these need. Raises BackupError."""
    whole, partial = place.backups(), place.partial()
    old = whole[:-keep] if keep else []
    for name in [*old, *partial]:
        work.hold()
        place.remove_backup(name)
    if not (old or partial):
        return
    needed = Listed()
    for name in place.backups():
        needed.add((each.checksum, "") for each in files_of(place, name))
        work.report(0, 0)
    for checksums in in_portions((each for each in place.objects() if each not in needed), AT_ONCE):
        work.hold()
        place.remove_objects(checksums)
