from django.apps import AppConfig
from django.core import checks

from imsconsole.core.checks import check_age_of_database, check_durability, check_proxies, check_spool


class CoreConfig(AppConfig):
    name = "imsconsole.core"
    label = "core"

    def ready(self) -> None:
        checks.register(check_proxies)
        checks.register(check_spool)
        checks.register(check_age_of_database, checks.Tags.database)
        checks.register(check_durability, checks.Tags.database)
