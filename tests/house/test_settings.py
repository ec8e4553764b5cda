"""Every setting has its line in `docs/operate/settings.md`, which names no other."""

import re
from pathlib import Path

from django.conf import settings

NAME = re.compile(r"\bIMS_[A-Z_]+\b")


def test_every_setting_has_its_line() -> None:
    source = (Path(settings.BASE_DIR) / "imsconsole" / "settings.py").read_text()
    read = set(re.findall(r'env\.\w+\(\s*"(IMS_[A-Z_]+)"', source))
    table = Path(settings.BASE_DIR) / "imsconsole" / "docs" / "operate" / "settings.md"
    assert read == set(NAME.findall(table.read_text()))


def test_no_other_module_reads_a_setting_from_the_environment() -> None:
    rooms = ("imsconsole", "images", "sharing", "market")
    found = [
        str(path)
        for room in rooms
        for path in (Path(settings.BASE_DIR) / room).rglob("*.py")
        if path.name != "settings.py" and re.search(r"""["']IMS_[A-Z_]+["']""", path.read_text())
    ]
    assert found == []
