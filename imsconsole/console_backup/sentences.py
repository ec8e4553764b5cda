"""What is said about backups of the console."""

from django.utils.translation import gettext_lazy as _

from imsconsole.core.sentences import Sentences

SENTENCES: Sentences = {
    "console-backup-failed": _("The backup of the console could not be made."),
    "console-backup-relative": _(
        "%(place)s is no whole path. Name a folder from / on, or s3://bucket/prefix."
    ),
    "console-backup-no-space": _(
        "There is no room left in %(place)s, where backups lie. Make room, or keep fewer backups."
    ),
    "console-backup-folder": _(
        "The folder %(place)s of backups cannot be used (%(detail)s). Check that it is there and may be written."
    ),
    "console-backup-s3": _(
        "The storage of backups does not answer as it should (%(detail)s). Check its name, its keys and that it is up."
    ),
    "console-backup-of-another": _(
        "Backups of another console lie there. Name another folder or prefix: each console has its own."
    ),
    "console-backup-too-lively": _(
        "Stored files were deleted faster than they could be held. Try again when less is going on."
    ),
    "console-backup-missing": _("There is no whole backup %(name)s there."),
    "console-backup-none": _("There is no whole backup in %(place)s."),
    "console-backup-damaged": _(
        "This backup cannot be read: %(what)s is damaged or missing. Use another one."
    ),
    "console-backup-newer": _(
        "This backup was made by the newer version %(version)s. Install that version or a later one, and restore then."
    ),
    "console-backup-older": _(
        "This backup was made by the older version %(version)s. Give it a database without any tables: they are made as they were, and brought up to this version."
    ),
    "console-backup-bytes-missing": _(
        "%(count)s stored file(s) of this backup are missing or cut, %(what)s first. Nothing was changed here. Use another backup."
    ),
    "console-backup-not-empty": _(
        "This host is not empty: %(what)s. A backup is restored into an empty database and an empty data folder only."
    ),
    "console-backup-running": _(
        "The console is running here (%(hosts)s). Stop all its processes first, and wait a minute."
    ),
    "console-backup-region": _(
        "The region %(region)s of this backup lay on the host, and its engine here (%(engine)s) does not."
    ),
    "console-backup-no-master": _(
        "The master key that wraps the keys of this backup is not here. Put it into IMS_MASTER_KEY, or as one more line into the file master_key of the data folder."
    ),
    "console-backup-wrong-master": _(
        "The named file has not the master key of this backup, whose fingerprint is %(fingerprint)s. Nothing was changed here. Name the file that --with-master-key wrote."
    ),
    "console-backup-file-missing": _("%(name)s was not in the store; it was lost before."),
    "console-backup-file-damaged": _(
        "%(name)s is not what it was when it was stored; it is not in the backup."
    ),
    "console-backup-disk-written": _(
        "A disk of %(name)s was written to each time it was read: its bytes are of several instants."
    ),
    "console-backup-disk-failed": _(
        "The disks of the server %(name)s could not be had at one instant: their bytes are of several. %(why)s"
    ),
    "no-such-place": _("%(name)s is no place of a stored file."),
    "restored": _("The console was restored from a backup. What was going on then was ended."),
}
