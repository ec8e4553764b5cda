"""May an image be encrypted, and with this key? (§2.25)"""

from django.utils.translation import gettext as _

from images.models import Image
from imsconsole.accounts.actor import Actor
from imsconsole.cloud.hosts import host_of
from imsconsole.cloud.keys.material import is_master_at_hand
from imsconsole.cloud.keys.rules import can_use_key
from imsconsole.cloud.models import Key
from imsconsole.core.rules import ALLOWED, Verdict, refuse


def can_encrypt(image_type: str, key: Key | None, actor: Actor, *, use: str = Image.Use.ECS) -> Verdict:
    """Neither ISO (R66) nor bare metal images (R33), where the region's host can, with a usable key (R90).

    `key` None is the project's default key, which may have to be made.
    """
    if image_type == Image.Type.ISO:
        return refuse("iso-not-encrypted", _("An ISO image cannot be encrypted. Leave “KMS encryption” out."))
    if use == Image.Use.BMS:
        return refuse(
            "bms-not-encrypted",
            _("Images for bare metal servers cannot be encrypted. Leave “KMS encryption” out."),
        )
    if not host_of(actor.region).capabilities.encryption:
        return refuse(
            "no-encryption",
            _(
                "The host of this region cannot encrypt disks. Leave “KMS encryption” out, or ask the operator."
            ),
        )
    if key is None:
        return (
            ALLOWED if Key.objects.visible_to(actor).filter(is_default=True).exists() else is_master_at_hand()
        )
    return can_use_key(key, actor)
