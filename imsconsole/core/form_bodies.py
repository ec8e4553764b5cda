"""What may come with a form: as much as is typed, and files only where the view says that it takes them."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.core.files.uploadhandler import FileUploadHandler
from django.http import HttpRequest, HttpResponse
from django.http.request import UnreadablePostError
from django.utils.translation import gettext as _

from imsconsole.core.middleware import BARE_SENTENCES, error_page

NOBODYS_BYTES = 64 * 1024  # of who has not signed in
FORMS = ("multipart/form-data", "application/x-www-form-urlencoded")


class FileRefusedError(Exception):
    """A form brought a file that nobody asked for."""


class NoFiles(FileUploadHandler):
    """Ends the reading of a form where a file begins."""

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        raise FileRefusedError

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        raise FileRefusedError

    def file_complete(self, file_size: int) -> None:
        raise FileRefusedError


class FormBodyMiddleware:
    """Refuses what is too large by what is announced, a file at its first byte, and a NUL; nothing is ever spooled.

    Runs before the CSRF check, which reads the form. A view takes files if its `kind` has `file_bytes`: at most so
    many, or any number (None): that one asks who is there before it reads by itself (`core.streamed`).
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Callable[..., Any], args: object, kwargs: object
    ) -> HttpResponse | None:
        if "%00" in request.META.get("QUERY_STRING", "") or "\0" in request.path_info:
            return _unreadable(request)
        file_bytes = getattr(getattr(view, "kind", None), "file_bytes", 0)
        length = announced_bytes(request)
        if not length or file_bytes is None:
            return None
        is_form, most = request.content_type in FORMS, settings.DATA_UPLOAD_MAX_MEMORY_SIZE + file_bytes
        if not request.user.is_authenticated:
            file_bytes, most = 0, NOBODYS_BYTES
        if length > most and (is_form or not request.user.is_authenticated):
            return error_page(request, 413, str(BARE_SENTENCES[413]))
        return _read(request, file_bytes) if is_form else None


def announced_bytes(request: HttpRequest) -> int:
    """The length of a request's body; 0 when it has none, or none that Django would read."""
    try:
        return int(request.META.get("CONTENT_LENGTH") or 0)
    except ValueError:
        return 0


def _read(request: HttpRequest, file_bytes: int) -> HttpResponse | None:
    """Read the form; the answer if it cannot be had."""
    if not file_bytes:
        request.upload_handlers = [NoFiles(request)]
    try:
        request.POST  # noqa: B018 (reading it is the point)
    except FileRefusedError:
        return error_page(
            request, 400, _("This form takes no files. Send the file where the page asks for it.")
        )
    except UnreadablePostError as error:
        return _unread(request, error)
    is_text = all("\0" not in text for name, values in request.POST.lists() for text in (name, *values))
    return None if is_text else _unreadable(request)


def _unreadable(request: HttpRequest) -> HttpResponse:
    """No text has a NUL in it, and PostgreSQL takes none."""
    return error_page(request, 400, _("The browser sent something we could not read. Go back and try again."))


def _unread(request: HttpRequest, error: UnreadablePostError) -> HttpResponse:
    """The answer to who broke off, or was too slow."""
    status = (
        HTTPStatus.REQUEST_TIMEOUT if isinstance(error.__cause__, TimeoutError) else HTTPStatus.BAD_REQUEST
    )
    return error_page(
        request, status, _("It did not arrive completely. Try again, on a faster line if there is one.")
    )
