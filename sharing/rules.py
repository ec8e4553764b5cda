"""May an image be shared, with whom, and what may owner and receiver do with a share? (ims-facts §2.14)"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from images.fields.encryption import keys_of
from images.models import Image
from images.product.rules import can_share, is_to_stay
from imsconsole.accounts.actor import Actor
from imsconsole.accounts.models import Project
from imsconsole.accounts.rules import may_write
from imsconsole.cloud.keys.rules import can_grant_key, can_use_key, no_such_project
from imsconsole.cloud.models import Key, KeyGrant, Vault
from imsconsole.core.now import now
from imsconsole.core.rules import ALLOWED, Verdict, first_refusal, refuse
from imsconsole.core.text import size
from sharing.models import Share

MOST_IDS = 100  # R53
LONGEST_NOTICE = timedelta(days=365)


@dataclass(frozen=True)
class Members:
    """With whom an image is shared, and to whom its keys are granted: asked once for many projects."""

    projects: frozenset[UUID]
    granted: frozenset[tuple[UUID, UUID]]  # key and grantee
    accepted: int


def members_of_image(image: Image) -> Members:
    """Those of now, in two queries. Hard only while the image's row is held."""
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
    return first_refusal(
        _keys_reach(image, project, members, actor, grants_key=grants_key),
        _fits_limit(image, members.accepted),
    )


def can_stop_sharing(share: Share, actor: Actor) -> Verdict:
    """The owner may stop at any time, whatever the receiver answered (R18)."""
    return may_write(actor) and _gives(share, actor)


def can_give_notice(share: Share, actor: Actor) -> Verdict:
    """A day can be named to a receiver that has accepted; the others have nothing to lose."""
    if not (verdict := can_stop_sharing(share, actor)):
        return verdict
    if share.status != Share.Status.ACCEPTED:
        return refuse(
            "not-accepted",
            _("This project has not accepted the image, so it needs no notice. Stop sharing now."),
        )
    return ALLOWED


def can_withdraw_notice(share: Share, actor: Actor) -> Verdict:
    """As long as the day has not come, and the image is not going to be deleted then."""
    if not (verdict := can_stop_sharing(share, actor)):
        return verdict
    if share.ends_at is None:
        return refuse("no-notice", _("No day was named on which this share ends."))
    return is_to_stay(share.image)


def is_day_of_notice(day: datetime) -> Verdict:
    """Between now and a year from now."""
    if now() < day <= now() + LONGEST_NOTICE:
        return ALLOWED
    return refuse("notice-day", _("Choose a time in the future, at most a year from now."))


def can_accept(share: Share, actor: Actor) -> Verdict:
    """What is offered, and what was rejected before (R14, R57), while the image's limit has room (R44).

    Receiving is unlimited and costs no quota (R52). `share` comes from `with_facts`.
    """
    if not (verdict := may_write(actor) and _receives(share, actor)):
        return verdict
    if share.status == Share.Status.ACCEPTED:
        return refuse("accepted-already", _("Your project has accepted this image already."))
    return first_refusal(
        _is_not_going(share.image), _fits_limit(share.image, share.accepted_count), has_vault(share, actor)
    )


def vaults_for(share: Share, actor: Actor) -> list[Vault]:
    """The vaults of the project with room for all disks of a full-ECS image (R55)."""
    vaults = Vault.objects.visible_to(actor).existing().with_facts()
    return [vault for vault in vaults if vault.capacity_bytes - vault.used_bytes >= needed_bytes(share)]


def needed_bytes(share: Share) -> int:
    """What the disks of the image take."""
    return sum(share.image.disks.values_list("size_bytes", flat=True))


def has_vault(share: Share, actor: Actor) -> Verdict:
    """A full-ECS image is received only where a vault has room for it (R55)."""
    if share.image.type != Image.Type.FULL or vaults_for(share, actor):
        return ALLOWED
    return refuse(
        "full-ecs-vault",
        _(
            "A full-ECS image is received only with a vault that has room for all its disks (%(size)s), and no vault of "
            "this project has. Create or enlarge one."
        )
        % {"size": size(needed_bytes(share))},
    )


def fits_vault(share: Share, vault: Vault | None, actor: Actor) -> Verdict:
    """Whether this vault was chosen rightly: one for a full-ECS image, none for others (R55)."""
    if share.image.type != Image.Type.FULL or vault in vaults_for(share, actor):
        return ALLOWED
    return refuse(
        "vault-needed", _("Choose a vault with room for a full-ECS image: accept it on its own page.")
    )


def can_reject(share: Share, actor: Actor) -> Verdict:
    """What is offered, and what was accepted before; servers and disks made from it stay (R103)."""
    if not (verdict := may_write(actor) and _receives(share, actor)):
        return verdict
    if share.status == Share.Status.REJECTED:
        return refuse("rejected-already", _("Your project has rejected this image already."))
    return ALLOWED


def can_answer_all(shares: Sequence[Share], actor: Actor) -> Verdict:
    """Whether there is anything to be accepted at once."""
    if not (verdict := may_write(actor)):
        return verdict
    return ALLOWED if shares else refuse("nothing-pending", _("No offer waits for an answer."))


def keys_to_grant(image: Image, project: Project, members: Members) -> list[Key]:
    """Those of its disks that the receiver may not use yet."""
    lacking = (key for key in keys_of(image) if key.project_id != project.pk)
    return [key for key in lacking if (key.pk, project.pk) not in members.granted]


def _keys_reach(
    image: Image, project: Project, members: Members, actor: Actor, *, grants_key: bool
) -> Verdict:
    """Whether the receiver can decrypt every disk, or will when the grants are made with the share."""
    keys = keys_to_grant(image, project, members)
    if not (verdict := first_refusal(*(_is_grantable(key, image, actor) for key in keys))):
        return verdict
    if grants_key or not keys:
        return ALLOWED
    reason = ngettext(
        "The image is encrypted with the key “%(keys)s”, which this project may not use yet. Grant the key together "
        "with the share.",
        "Disks of the image are encrypted with the keys %(keys)s, which this project may not use yet. Grant the keys "
        "together with the share.",
        len(keys),
    )
    return refuse("receiver-needs-key", reason % {"keys": ", ".join(sorted(key.name for key in keys))})


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


def _fits_limit(image: Image, accepted: int) -> Verdict:
    limit = limit_of(image)
    if accepted < limit:
        return ALLOWED
    return refuse(
        "share-limit",
        _(
            "%(limit)s projects have accepted this image, and it cannot have more. Its owner has to stop sharing it "
            "with one of them first."
        )
        % {"limit": limit},
    )


def _is_not_going(image: Image) -> Verdict:
    if image.delete_at is None:
        return ALLOWED
    return refuse(
        "image-going", _("Its owner is about to delete the image, so it cannot be accepted any more.")
    )


def _gives(share: Share, actor: Actor) -> Verdict:
    if share.owner_id != actor.project.pk:
        return refuse("not-owner", _("Only the owner of an image decides with whom it is shared."))
    return _lives(share)


def _receives(share: Share, actor: Actor) -> Verdict:
    if share.project_id != actor.project.pk:
        return refuse("not-receiver", _("The image is not offered to this project."))
    return _lives(share)


def _lives(share: Share) -> Verdict:
    gone = (Image.Status.DELETED, Image.Status.TRASHED)
    is_over = share.ended_at or (share.ends_at and share.ends_at <= now())
    if not is_over and share.image.status not in gone:
        return ALLOWED
    return refuse("share-ended", _("The image is not shared any more."))
