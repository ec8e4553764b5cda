"""A command looks for garbage seldom, and not once more when it ends."""

import atexit
import gc
import runpy
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings

from imsconsole.core.collecting import NEW
from imsconsole.processes.command_line import main

COMMAND = """
from imsconsole.core.collecting import collect_seldom
class Round:
    def __init__(self): self.me = self
    def __del__(self): print("looked at")
Round()
{}
"""


@pytest.mark.parametrize(("calls", "said"), [("collect_seldom()", ""), ("", "looked at\n")])
def test_what_goes_round_stays_where_it_is_when_a_command_ends(calls: str, said: str) -> None:
    asked = [sys.executable, "-c", COMMAND.format(calls)]
    ended = subprocess.run(asked, cwd=settings.BASE_DIR, capture_output=True, text=True, check=True)
    assert ended.stdout == said


@pytest.mark.parametrize(
    "begin", [main, lambda: runpy.run_path(str(Path(settings.BASE_DIR, "manage.py")), run_name="__main__")]
)
def test_every_command_is_one(
    begin, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["ims-console", "version"])
    monkeypatch.setattr("django.setup", lambda: None)  # the log would go on into what is captured here alone
    usual = gc.get_threshold()
    try:
        begin()
        assert gc.get_threshold()[0] == NEW > usual[0]
        assert capsys.readouterr().out
    finally:
        gc.set_threshold(*usual)
        atexit.unregister(gc.freeze)
