"""A form's file that goes where it belongs while it arrives: nothing of it is buffered."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Generic, Protocol, TypeVar

from django.core.files.uploadhandler import FileUploadHandler, SkipFile
from django.http import HttpRequest
from django.http.request import UnreadablePostError

from imsconsole.core.errors import Conflict, ImsError

FIELD = "file"


class Sink(Protocol):
    """What takes the bytes."""

    def eat(self, chunk: bytes) -> None: ...

    def abandon(self) -> None: ...


S = TypeVar("S", bound=Sink)


class StreamedFile(FileUploadHandler, Generic[S]):
    """Feeds the form's field `file` to what `begin(name, announced_bytes)` makes. A refused file is read to its
    end and thrown away: a browser reads our answer only when it has sent everything.
    """

    chunk_size = 1024 * 1024

    def __init__(self, request: HttpRequest, begin: Callable[[str, int], S]) -> None:
        super().__init__(request)
        self._begin = begin
        self.announced_bytes = 0
        self.name = ""
        self._error: ImsError | None = None
        self._sink: S | None = None
        self._whole = False

    def handle_raw_input(
        self, input_data: Any, META: Any, content_length: int, boundary: Any, encoding: Any = None
    ) -> None:
        self.announced_bytes = content_length

    def new_file(self, field_name: str, file_name: str, *args: Any, **kwargs: Any) -> None:
        super().new_file(field_name, file_name, *args, **kwargs)
        if field_name != FIELD or self.name:
            raise SkipFile
        self.name = file_name
        try:
            self._sink = self._begin(file_name, self.announced_bytes)
        except ImsError as error:
            self._error = error

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        if self._sink is None or self._error is not None:
            return
        try:
            self._sink.eat(raw_data)
        except ImsError as error:
            self._error = error

    def file_complete(self, file_size: int) -> None:
        self._whole = True

    def take(self) -> S:
        """What has the whole file now, and is the caller's. Raises why it has not."""
        if self._error is not None:
            raise self._error
        if not self.name:
            raise Conflict("no-file")
        if self._sink is None or not self._whole:
            raise Conflict("upload-broken", name=self.name)
        sink, self._sink = self._sink, None
        return sink

    def clear(self) -> None:
        """Leave nothing of a file that nobody took: a wrong token, a broken connection, an error."""
        if self._sink is not None:
            self._sink.abandon()
            self._sink = None


@contextmanager
def streamed_file(request: HttpRequest, begin: Callable[[str, int], S]) -> Iterator[StreamedFile[S]]:
    """The request's file, streamed as soon as somebody reads the form; what is not taken is gone afterwards.

    The CSRF check reads the form, so the view is exempt from the middleware's check and has its own inside
    (as Django's documentation says).
    """
    streamed = StreamedFile(request, begin)
    request.upload_handlers = [streamed]
    try:
        yield streamed
    except UnreadablePostError as error:
        raise Conflict("upload-broken", name=streamed.name) from error
    finally:
        streamed.clear()
