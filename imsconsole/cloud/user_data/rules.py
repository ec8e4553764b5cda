"""May user data be saved, changed and deleted? Which text is it?"""

from django.utils.translation import gettext_lazy as _

from imsconsole.accounts.actor import Actor
from imsconsole.accounts.rules import may_write
from imsconsole.cloud.models import UserData
from imsconsole.core.rules import ALLOWED, Verdict, refuse

USER_DATA_BYTES = 32 * 1024
MOST_OF_A_PROJECT = 100  # one chooses from all of them


def can_create_user_data(actor: Actor) -> Verdict:
    """A hundred of a project. Hard only after `lock_project`."""
    if not (verdict := may_write(actor)):
        return verdict
    if UserData.objects.visible_to(actor).count() >= MOST_OF_A_PROJECT:
        return refuse(
            "user-data-count",
            _("A project saves at most %(limit)s pieces of user data. Delete one that is not needed."),
            limit=MOST_OF_A_PROJECT,
        )
    return ALLOWED


def can_edit_user_data(user_data: UserData, actor: Actor) -> Verdict:
    """Servers that were made with it stay as they are. Its text is read by those only who may change it."""
    return may_write(actor)


def can_delete_user_data(user_data: UserData, actor: Actor) -> Verdict:
    """It can always be deleted: servers and images have the text itself."""
    return may_write(actor)


def is_free_user_data_name(name: str, actor: Actor, user_data: UserData | None = None) -> Verdict:
    """Names of user data are unique in a project; `user_data` is what is to have it."""
    others = UserData.objects.visible_to(actor).filter(name=name)
    if (others.exclude(pk=user_data.pk) if user_data else others).exists():
        return refuse("user-data-name", _("User data of this name exists already. Choose another name."))
    return ALLOWED


def is_user_data(text: str) -> Verdict:
    """What is saved, or sent to a server: at most 32 KB (R139)."""
    if len(text.encode()) > USER_DATA_BYTES:
        return refuse("user-data-size", _("User data may have at most 32 KB."))
    return ALLOWED
