"""The currency of the market is the operator's choice (`IMS_CURRENCY`)."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings


@pytest.mark.slow(reason="a process of its own: the currency is read once, when it starts")
def test_another_currency_asks_for_no_migration(tmp_path: Path) -> None:
    made = subprocess.run(
        [sys.executable, "manage.py", "makemigrations", "market", "--check", "--dry-run"],
        cwd=settings.BASE_DIR,
        env=os.environ | {"IMS_CURRENCY": "USD", "IMS_DATA_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    assert made.returncode == 0, made.stdout + made.stderr
