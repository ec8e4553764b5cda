"""The WSGI application: loaded before gunicorn forks, so that its processes share it and the first page is not slow."""

import os

from django.core.wsgi import get_wsgi_application

from imsconsole.core.loading import load_console

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "imsconsole.settings")
application = get_wsgi_application()
load_console()
