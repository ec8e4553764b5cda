"""`ims-console`: all commands of an installed console, in the words that people type."""

import os
import sys
from collections.abc import Sequence

import django
from django.core.management import execute_from_command_line, get_commands, load_command_class

from imsconsole.core.collecting import collect_seldom

OURS = ("imsconsole.", "images", "sharing", "market")  # apps whose commands are the product's
MEANT = {
    "clock": "run_clock",
    "create-operator": "createsuperuser",
    "screens": "run_screens",
    "web": "run_web",
    "worker": "run_worker",
}
TOLD = {  # Django's, in our words
    "migrate": "Bring the database up to this version.",
    "create-operator": "Make a user who may use the administration.",
}


def main(arguments: Sequence[str] | None = None) -> None:
    """Run what is asked for: a command in words with hyphens, or one of Django's as Django calls it."""
    collect_seldom()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "imsconsole.settings")
    asked = list(sys.argv[1:] if arguments is None else arguments)
    if not asked or (asked[0] in ("help", "--help", "-h") and len(asked) == 1):
        sys.stdout.write(_all())
        return
    at = 1 if asked[0] == "help" else 0
    asked[at] = MEANT.get(asked[at], asked[at] if asked[at].startswith("-") else asked[at].replace("-", "_"))
    execute_from_command_line(["ims-console", *asked])


def commands() -> dict[str, str]:
    """What each does, by what people type."""
    django.setup()
    typed = {name: words for words, name in MEANT.items()}
    told = {
        typed.get(name, name.replace("_", "-")): str(load_command_class(app, name).help)
        for name, app in get_commands().items()
        if isinstance(app, str) and app.startswith(OURS)
    }
    return dict(sorted({**told, **TOLD}.items()))


def _all() -> str:
    lines = [f"  {name:<22}{' '.join(told.split())}" for name, told in commands().items()]
    return "\n".join(["ims-console COMMAND [--help]", "", *lines, ""])
