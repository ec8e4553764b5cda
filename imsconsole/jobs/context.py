"""What every page's frame says of the workers."""

from collections.abc import Callable

from django.http import HttpRequest

from imsconsole.jobs.periodic import is_worker_alive


def workers(request: HttpRequest) -> dict[str, Callable[[], bool]]:
    """`is_worker_alive`, asked only where a page shows it: one query on the few rows of the clock.

    It is not kept longer: the cache is in the database too, so asking it would cost the same.
    """
    return {"is_worker_alive": is_worker_alive}
