"""What came from the legacy CSBS: its backups, and servers that it backed up or that were restored from such a backup."""

from django.db.models import Exists, OuterRef, Q

from imsconsole.cloud.models import Backup, Server


def is_of_csbs(*, backup: str, server: str, at: str) -> Q:
    """For a queryset whose rows name, in these fields, a backup, the ID of a server and a time (R17, R41, R42).

    Whether the backup is one of CSBS, or CSBS had made one of the server by that time, or the server was restored
    from one. A backup that failed was not made; one that was deleted was.
    """
    legacy = Backup.objects.filter(kind=Backup.Kind.CSBS)
    restored = Server.objects.filter(restored_from__kind=Backup.Kind.CSBS)
    return (
        Q(Exists(legacy.filter(pk=OuterRef(backup))))
        | Q(Exists(legacy.filter(server_id=OuterRef(server), taken_at__lt=OuterRef(at))))
        | Q(Exists(restored.filter(pk=OuterRef(server))))
    )
