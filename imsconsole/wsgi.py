"""The WSGI application: loaded before gunicorn forks, so that its processes share it and the first page is not slow."""

import os
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

from django.core.wsgi import get_wsgi_application

from imsconsole.core.loading import load_console
from imsconsole.core.stack import with_room

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "imsconsole.settings")
_answer = get_wsgi_application()
load_console()


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    return with_room(partial(_answer, environ, start_response))
