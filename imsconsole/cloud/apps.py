from django.apps import AppConfig
from django.core import checks
from django.utils.translation import gettext_lazy as _

from imsconsole.cloud.keys.checks import check_master_keys


class CloudConfig(AppConfig):
    name = "imsconsole.cloud"
    label = "cloud"
    verbose_name = _("Cloud")

    def ready(self) -> None:
        checks.register(check_master_keys)
