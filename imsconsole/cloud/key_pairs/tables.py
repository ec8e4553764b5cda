"""The list of key pairs, and the columns of its file."""

from typing import ClassVar

import django_tables2 as tables
from django.utils.translation import gettext_lazy as _

from imsconsole.cloud.key_pairs.actions import KEY_PAIR_ACTIONS
from imsconsole.cloud.models import KeyPair
from imsconsole.core.csv import Columns, moment
from imsconsole.core.tables import ActionsColumn, Empty, ImsTable, TimeColumn

COLUMNS: Columns = (
    (_("Name"), lambda pair: pair.name),
    ("ID", lambda pair: pair.pk),
    (_("Fingerprint"), lambda pair: pair.fingerprint),
    (_("Public key"), lambda pair: pair.public_key),
    (_("Created at"), lambda pair: moment(pair.created_at)),
)


class KeyPairTable(ImsTable):
    choosable: ClassVar[dict[str, bool]] = {"fingerprint": True, "created_at": True}

    name = tables.Column()
    fingerprint = tables.Column(attrs={"td": {"class": "mono"}})
    created_at = TimeColumn("created_at", verbose_name=_("Created"))
    actions = ActionsColumn(KEY_PAIR_ACTIONS)

    caption = _("Key pairs")
    empty = Empty(
        _("No key pairs yet"),
        _(
            "A key pair lets you sign in to a server without a password: import your public key, or create a new pair."
        ),
        icon="key",
    )

    class Meta(ImsTable.Meta):
        model = KeyPair
        fields = ("name", "fingerprint", "created_at", "actions")
        order_by = "name"
