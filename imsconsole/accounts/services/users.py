"""Users as operators keep them. What people change about themselves is on their own page."""

from allauth.mfa.models import Authenticator
from django.db.models import Q

from imsconsole.accounts import rules
from imsconsole.accounts.actor import Operator
from imsconsole.accounts.log import service
from imsconsole.accounts.models import SlowedSignIn, User
from imsconsole.accounts.rows import drop_row
from imsconsole.accounts.sign_in import forgive
from imsconsole.core.locks import locked_all

EDITABLE = (
    "display_name",
    "email",
    "language",
    "time_zone",
    "theme",
    "is_active",
    "is_staff",
    "is_superuser",
)


@service("createUser")
def create_user(*, user: User, actor: Operator) -> User:
    """Make a user, with the password already set in `user`. Without a membership they can enter no project."""
    rules.may_keep_user(user, actor).require()
    user.is_superuser = user.is_staff
    user.save()
    return user


@service("updateUser")
def change_user(*, user: User, actor: Operator) -> User:
    """Write what is `EDITABLE`. Who is an operator may do all an operator may; one of them must remain."""
    operators = Q(is_active=True, is_staff=True, is_superuser=True)
    locked_all(User.objects.filter(operators | Q(pk=user.pk)))  # or two of them could dismiss each other
    rules.can_change_user(user, actor, operates=user.is_active and user.is_staff).require()
    user.is_superuser = user.is_staff
    user.save(update_fields=EDITABLE)
    return user


@service("resetPassword")
def reset_password(*, user: User, password: str, actor: Operator) -> User:
    """Give a user another password; all their sessions end with it."""
    rules.may_keep_user(user, actor).require()
    user.set_password(password)
    user.save(update_fields=["password"])
    return user


@service("removeSecondFactor")
def remove_second_factor(*, user: User, actor: Operator) -> User:
    """Let a user who lost their device sign in by password alone: authenticator, passkeys, recovery codes go."""
    rules.may_keep_user(user, actor).require()
    Authenticator.objects.filter(user=user).delete()
    return user


@service("unlockUser")
def unlock_user(*, user: User, actor: Operator) -> User:
    """Forget the failed sign-ins of a user, so that they need not wait."""
    rules.may_operate(actor).require()
    forgive(user)
    return user


@service("forgetFailedSignIns")
def forget_failed_sign_ins(*, slowed: SlowedSignIn, actor: Operator) -> SlowedSignIn:
    """The same of one name from somewhere, or of all from an address."""
    return drop_row(slowed, actor)
