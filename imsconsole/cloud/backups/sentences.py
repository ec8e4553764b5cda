"""What is said about backups."""

from django.utils.translation import gettext_lazy as _

from imsconsole.core.sentences import Sentences

SENTENCES: Sentences = {
    "backup-differs": _(
        "What was read from the backup's copy of the disk %(name)s is not what was written. Make another backup; if "
        "it happens again, tell the operator."
    ),
    "server-moved-on": _(
        "The server this backup is of has been deleted, or has other disks since. Make another backup."
    ),
    "backup-bytes-gone": _("The bytes of the backup are gone. Choose another backup."),
    "backup-damaged": _(
        "The stored bytes of the backup %(name)s are no longer what they were: nothing can be restored from it. The "
        "operator has been told. As long as its server is there, make another backup."
    ),
    "backup-mended": _("The stored bytes of the backup %(name)s are right again: it can be used as before."),
}
