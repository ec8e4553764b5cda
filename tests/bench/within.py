"""What a process does on one database: `python -m tests.bench.within <task> …` fills it, or prints figures as JSON."""

import json
import os
import sys
from dataclasses import asdict

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "imsconsole.settings")

import django

django.setup()

from django.core.management import call_command  # noqa: E402

from images.models import Image  # noqa: E402
from tests.bench import capacity, csv_, fill, growth, load, pages  # noqa: E402

TABLES = {
    "pages": pages.figures,
    "load": load.figures,
    "csv": csv_.figures,
    "growth": growth.figures,
    "capacity": capacity.figures,
}


def main(task: str, argument: str) -> None:
    if task in TABLES:
        json.dump([asdict(figure) for figure in TABLES[task](argument)], sys.stdout)
        return
    call_command("migrate", verbosity=0)
    call_command("createcachetable", verbosity=0)
    call_command("collectstatic", interactive=False, verbosity=0)
    if not Image.objects.exists():
        fill.fill(int(argument))


main(*sys.argv[1:])
