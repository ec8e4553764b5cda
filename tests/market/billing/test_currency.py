"""The currency of the market is the operator's choice (`IMS_CURRENCY`)."""

import os
import subprocess
import sys

import pytest
from django.conf import settings


@pytest.mark.slow(reason="a process of its own: the currency is read once, when it starts")
def test_another_currency_asks_for_no_migration():
    made = subprocess.run(
        [sys.executable, "manage.py", "makemigrations", "market", "--check", "--dry-run"],
        cwd=settings.BASE_DIR,
        env=os.environ | {"IMS_CURRENCY": "USD"},
        capture_output=True,
        text=True,
    )
    assert made.returncode == 0, made.stdout + made.stderr
