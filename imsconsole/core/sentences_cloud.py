"""Sentences about servers, key pairs and objects: why a server is in its state, why a key is refused."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

CLOUD_SENTENCES: Mapping[str, Any] = {
    "machine-missing": _("The server's files are missing on the host. Please tell the operator."),
    "image-bytes-gone": _(
        "The image %(name)s was deleted before the server was made from it. Choose another image."
    ),
    "disks-moved-on": _(
        "The server or a disk this image was to be made of has been deleted, detached or changed since. Create "
        "the image anew."
    ),
    "backup-differs": _(
        "What was read from the backup's copy of the disk %(name)s is not what was written. Make another backup; if "
        "it happens again, tell the operator."
    ),
    "server-moved-on": _(
        "The server this backup is of has been deleted, or has other disks since. Make another backup."
    ),
    "backup-bytes-gone": _("The bytes of the backup are gone. Choose another backup."),
    "boot-awaited": _("The system is starting. It has not written anything to its serial console yet."),
    "boot-seen": _("The system has started: it has written to its serial console."),
    "no-sign-of-life": _(
        "The system has not written anything to its serial console within %(seconds)s seconds of its start."
    ),
    "object-bytes-gone": _(
        "The bytes of “%(name)s” are missing in the storage of the service. Please tell the operator."
    ),
    "object-exists": _(
        "The bucket “%(bucket)s” has an object “%(key)s” already, or one is on its way there. Choose another name "
        "or folder, or delete that object first."
    ),
    "bucket-gone": _("The bucket no longer exists. Please choose another one."),
    "bucket-quota-reached": _(
        "The file turned out larger than expected, and the quota of the project for objects in buckets has no room "
        "for it. Delete objects that are no longer needed, or ask the operator for more."
    ),
    "image-damaged": _(
        "The file of the image “%(name)s” is no longer what was once stored, so it was not handed out. Please tell "
        "the operator."
    ),
    "link-over": _(
        "This link does not work, or does not work any more: its time is over, or the object was replaced or "
        "deleted. Ask whoever sent it for a new one."
    ),
    "bad-key": _(
        "This is not an SSH public key. Paste one line that begins with its kind, such as ssh-ed25519."
    ),
    "key-is-private": _(
        "This is a private key. Keep it to yourself and paste its public half, the file that ends with .pub."
    ),
    "key-too-short": _(
        "This RSA key has %(bits)s bits and is too short. Use one of at least %(needed)s bits, or Ed25519."
    ),
    "key-kind": _("Keys of this kind are not accepted. Use Ed25519, ECDSA, or RSA of at least 2048 bits."),
}
