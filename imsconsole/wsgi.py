"""The WSGI application: gunicorn loads it before it forks, so that its processes share it and the first page is not slow."""

import gc
import os

from django.core.wsgi import get_wsgi_application
from django.urls import get_resolver

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "imsconsole.settings")
application = get_wsgi_application()
get_resolver().reverse_dict  # noqa: B018 - imports all views
# what is there now stays for ever: no collection has to look at it, and no process copies its pages for that
gc.collect()
gc.freeze()
