"""The list of key pairs."""

import django_tables2 as tables
from django.utils.translation import gettext_lazy as _

from imsconsole.cloud.key_pairs.actions import KEY_PAIR_ACTIONS
from imsconsole.cloud.models import KeyPair
from imsconsole.core.tables import ActionsColumn, FragmentColumn, ImsTable


class KeyPairTable(ImsTable):
    name = tables.Column()
    fingerprint = tables.Column(attrs={"td": {"class": "mono"}})
    created_at = FragmentColumn("{{ value|ago }}", verbose_name=_("Created"))
    actions = ActionsColumn(KEY_PAIR_ACTIONS)

    caption = _("Key pairs")
    empty_template = "cloud/key_pairs/_empty.html"

    class Meta(ImsTable.Meta):
        model = KeyPair
        fields = ("name", "fingerprint", "created_at", "actions")
        order_by = "name"
