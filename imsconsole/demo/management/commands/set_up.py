"""manage.py set_up: everything between an installed checkout and a console that can be served."""

from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand

from imsconsole.cloud.hosts import ask_hosts
from imsconsole.demo.furnish import demo_password, furnish_flavors, furnish_people, furnish_places
from imsconsole.demo.images import furnish_images, start_debian, tidy_up
from imsconsole.demo.market import furnish_market


class Command(BaseCommand):
    help = "Migrate, collect static files and, unless IMS_DEMO=0, furnish the demo. May be repeated."

    def handle(self, *args: Any, **options: Any) -> None:
        # whoever waits for the migrations reads once, when it starts, which files there are
        call_command("collectstatic", interactive=False, verbosity=0)
        call_command("migrate", verbosity=0, skip_checks=False)
        call_command("createcachetable", verbosity=0)
        if settings.IMS_DEMO:
            furnish_places()
        ask_hosts()
        if settings.IMS_DEMO:
            self._furnish()
        self.stdout.write(f"The console is at  http://localhost:{settings.IMS_PORT}/")

    def _furnish(self) -> None:
        furnish_people(demo_password())
        furnish_flavors()
        self.stdout.write(
            "Furnishing the demo; its images are built from Debian's packages (about a minute, once) …"
        )
        for line in (*furnish_images(), *furnish_market()):
            self.stderr.write(line)
        tidy_up()
        if settings.IMS_DEMO_DEBIAN:
            self.stdout.write("Its workers build a Debian as well, in the background (some minutes, once).")
            for line in start_debian():
                self.stderr.write(line)
        self.stdout.write(
            f"Sign in as alice (administrator), bob (full access), dave (read-only), carol (another account) "
            f"or admin (operator at /admin/).  Password: {demo_password()}"
        )
