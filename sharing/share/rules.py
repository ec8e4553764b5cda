"""With whom may an image be shared? Whether it may be at all, says `images.product`. (ims-facts §2.14)"""

from dataclasses import dataclass
from uuid import UUID

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from images.fields.encryption import keys_of
from images.models import Image
from images.product.rules import can_share
from imsconsole.accounts.actor import Actor
from imsconsole.accounts.models import Project
from imsconsole.accounts.rules import may_write
from imsconsole.cloud.keys.rules import can_grant_key, can_use_key, no_such_project
from imsconsole.cloud.models import Key, KeyGrant
from imsconsole.core.rules import ALLOWED, Verdict, first_refusal, refuse
from sharing.models import Recipient, Share

MOST_IDS = 100  # R53


@dataclass(frozen=True)
class Members:
    """With whom an image is shared, and to whom its keys are granted: asked once for many projects."""

    projects: frozenset[UUID]
    granted: frozenset[tuple[UUID, UUID]]  # key and grantee
    accepted: int


def members_of_image(image: Image) -> Members:
    """Those of now, in two queries. Hard only while the image's row is locked."""
    rows = Share.objects.filter(image=image, ended_at=None).values_list("project", "status")
    granted = KeyGrant.objects.filter(key__in=keys_of(image)).values_list("key", "grantee")
    return Members(
        projects=frozenset(project for project, _status in rows),
        granted=frozenset(granted),
        accepted=sum(status == Share.Status.ACCEPTED for _project, status in rows),
    )


def limit_of(image: Image) -> int:
    """How many projects may have accepted an image (R44, C1)."""
    return settings.IMS_SHARES_FULL if image.type == Image.Type.FULL else settings.IMS_SHARES


def can_share_with(
    image: Image,
    project: Project | None,
    actor: Actor,
    *,
    grants_key: bool = False,
    members: Members | None = None,
) -> Verdict:
    """The image, then the project: known here (R15, R56), not one's own (R49), not a member yet, its
    keys granted to it (R46, R47) unless that is done with the share, and the limit of the image (R44).
    """
    if not (verdict := can_share(image, actor)):
        return verdict
    if project is None or project.region_id != image.region_id:
        return no_such_project()
    if project.pk == image.project_id:
        return refuse(
            "own-project",
            _("This is the ID of the image's own project, which has it anyway. Remove this ID."),
        )
    members = members or members_of_image(image)
    if project.pk in members.projects:
        return refuse("member-already", _("The image is shared with this project already."))
    reached = _keys_reach(image, project, members, actor, grants_key=grants_key)
    return reached and fits_limit(image, members.accepted)


def can_forget_recipient(_recipient: Recipient, actor: Actor) -> Verdict:
    """The address book is everybody's who may share."""
    return may_write(actor)


def keys_to_grant(image: Image, project: Project, members: Members) -> list[Key]:
    """Those of its disks that the receiver may not use yet."""
    lacking = (key for key in keys_of(image) if key.project_id != project.pk)
    return [key for key in lacking if (key.pk, project.pk) not in members.granted]


def _keys_reach(
    image: Image, project: Project, members: Members, actor: Actor, *, grants_key: bool
) -> Verdict:
    """Whether the receiver can decrypt every disk, or will when the grants are made with the share."""
    keys = keys_to_grant(image, project, members)
    if not (verdict := first_refusal(_is_grantable(key, image, actor) for key in keys)):
        return verdict
    if grants_key or not keys:
        return ALLOWED
    if len(keys) == 1:
        reason = _(
            "The image is encrypted with the key “%(keys)s”, which this project may not use yet. Grant the key "
            "together with the share."
        )
    else:
        reason = _(
            "Disks of the image are encrypted with the keys %(keys)s, which this project may not use yet. Grant the "
            "keys together with the share."
        )
    return refuse("receiver-needs-key", reason, keys=", ".join(sorted(key.name for key in keys)))


def _is_grantable(key: Key, image: Image, actor: Actor) -> Verdict:
    """Only the project of a key can grant it, and only while the key can be used (R90)."""
    if key.project_id == actor.project.pk:
        return can_grant_key(key, actor)
    if not (verdict := can_use_key(key, actor)):
        return verdict
    if image.type == Image.Type.FULL:  # which is not copied in its region
        return refuse(
            "key-of-others",
            _(
                "A disk of the image is encrypted with a key of another project, which only that project can grant. "
                "Make a full-ECS image of a server whose disks have keys of your own, or none."
            ),
        )
    return refuse(
        "key-of-others",
        _(
            "The image is encrypted with a key of another project, which only that project can grant. Copy the "
            "image with a key of your own."
        ),
    )


def fits_limit(image: Image, accepted: int) -> Verdict:
    limit = limit_of(image)
    if accepted < limit:
        return ALLOWED
    return refuse(
        "share-limit",
        _(
            "%(limit)s projects have accepted this image, and it cannot have more. Its owner has to stop sharing it "
            "with one of them first."
        ),
        limit=limit,
    )
