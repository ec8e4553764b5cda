"""The whole console in memory, for processes that fork."""

import gc

from django.db import connection
from django.urls import get_resolver

from imsconsole.core.rooms import drawers


def load_console() -> None:
    """Load all that a process may need, so that what is forked from now on shares it and is ready at once."""
    get_resolver().reverse_dict  # noqa: B018 - imports all views, and with them services and jobs
    drawers("clock")
    connection.ops.compiler("SQLCompiler")  # would be imported with the first query of each
    # what is there now stays for ever: no collection has to look at it, and no process copies its pages for that
    gc.collect()
    gc.freeze()
