from django.apps import AppConfig
from django.core import checks
from django.utils.translation import gettext_lazy as _

from imsconsole.jobs.hosts import check_hosts, check_stopped


class JobsConfig(AppConfig):
    name = "imsconsole.jobs"
    label = "jobs"
    verbose_name = _("Jobs")

    def ready(self) -> None:
        checks.register(check_hosts, checks.Tags.database)
        checks.register(check_stopped, checks.Tags.database)
