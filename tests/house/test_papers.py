"""The papers of operators are true: commands take these options, settings exist, every alert leads to what one does.

Their blocks of commands are run as they are written by `tests/deploy`, on a host of their own.
"""

import re
import shlex
from argparse import ArgumentError
from pathlib import Path

import yaml
from django.conf import settings
from django.core.management import get_commands, load_command_class
from django.core.management.base import BaseCommand, CommandError

from imsconsole.processes.command_line import MEANT, commands

BASE = Path(settings.BASE_DIR)
FOLDER = BASE / "imsconsole" / "docs" / "operate"
PAPERS = sorted(FOLDER.glob("*.md"))
TYPED = re.compile(r"(?:^|[\s`(])ims-console ((?!COMMAND)[a-z][^`\n|&;)#>]*)", flags=re.MULTILINE)
SETTING = re.compile(r"\bIMS_[A-Z][A-Z_]*[A-Z]\b")


def test_commands_take_what_is_typed() -> None:
    known = commands()
    wrong = [
        f"{paper.name}: ims-console {typed.strip()}"
        for paper in PAPERS
        for typed in TYPED.findall(paper.read_text())
        if shlex.split(typed)[0] not in known or not is_taken(shlex.split(typed))
    ]
    assert wrong == []


def is_taken(typed: list[str]) -> bool:
    """Whether the command's own parser takes these words."""
    name = MEANT.get(typed[0], typed[0].replace("-", "_"))
    app = get_commands()[name]
    command = app if isinstance(app, BaseCommand) else load_command_class(app, name)
    command._called_from_command_line = False  # it raises then, and does not exit
    try:
        command.create_parser("ims-console", name).parse_args(typed[1:])
    except (ArgumentError, CommandError):
        return False
    return True


def test_settings_that_are_named_exist() -> None:
    known = set(SETTING.findall((FOLDER / "settings.md").read_text()))
    wrong = [
        f"{paper.name}: {name}"
        for paper in PAPERS
        for name in set(SETTING.findall(paper.read_text())) - known
    ]
    assert wrong == []


def test_every_alert_leads_to_what_one_does() -> None:
    rules = yaml.safe_load((BASE / "deploy" / "prometheus" / "ims.rules.yml").read_text())
    alerts = {rule["alert"] for group in rules["groups"] for rule in group["rules"]}
    assert set(re.findall(r"`(Ims\w+)`", (FOLDER / "troubleshoot.md").read_text())) == alerts


def test_the_index_leads_to_every_paper() -> None:
    index = (FOLDER / "README.md").read_text()
    assert [
        paper.name for paper in PAPERS if f"({paper.name})" not in index and paper.name != "README.md"
    ] == []
