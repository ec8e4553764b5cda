import json

import pytest
from django.contrib.staticfiles import finders
from django.contrib.staticfiles.storage import staticfiles_storage
from django.core.management import call_command
from django.test import override_settings

from imsconsole.core.static import LenientManifestStorage

NEEDED = ("bootstrap/css/bootstrap.min.css", "css/console.css", "js/menus.js", "img/favicon.svg")


def test_what_the_frame_links_to_is_there():
    assert all(finders.find(name) for name in NEEDED)


def test_a_file_that_was_not_collected_keeps_its_name():
    assert staticfiles_storage.url("css/no-such.css") == "/static/css/no-such.css"


@pytest.mark.slow(reason="all static files are collected")
def test_collected_files_are_named_by_their_content(tmp_path):
    with override_settings(STATIC_ROOT=str(tmp_path)):
        call_command("collectstatic", interactive=False, verbosity=0)
        names = json.loads((tmp_path / "staticfiles.json").read_text())["paths"]
        assert all(names[name] != name for name in NEEDED)
        url = LenientManifestStorage().url("css/console.css")
    assert url == f"/static/{names['css/console.css']}"
