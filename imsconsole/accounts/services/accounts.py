"""Tenants: opened, renamed and closed by operators."""

from imsconsole.accounts import rules
from imsconsole.accounts.actor import Operator
from imsconsole.accounts.log import service
from imsconsole.accounts.models import Account
from imsconsole.accounts.rows import drop_row, keep_row
from imsconsole.core.locks import locked_all


@service("createAccount")
def create_account(*, account: Account, actor: Operator) -> Account:
    """Open an account. It needs a project and an administrator before anybody can work in it."""
    return keep_row(account, actor)


@service("updateAccount")
def rename_account(*, account: Account, actor: Operator) -> Account:
    """Give an account another name."""
    return keep_row(account, actor)


@service("deleteAccount")
def delete_account(*, account: Account, actor: Operator) -> Account:
    """Close an account without projects; its members remain as users."""
    locked_all(Account.objects.filter(pk=account.pk))
    rules.can_delete_account(account, actor).require()
    return drop_row(account, actor)
