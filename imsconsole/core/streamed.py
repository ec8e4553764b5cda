"""A form's file that goes where it belongs while it arrives: nothing of it is buffered."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Generic, Protocol, TypeVar

from django.core.files.uploadhandler import FileUploadHandler, SkipFile
from django.http import HttpRequest
from django.http.request import UnreadablePostError

from imsconsole.core.errors import Conflict, ImsError

FIELD = "file"


class StreamSink(Protocol):
    """What takes the bytes. To abandon it twice does no harm."""

    def feed(self, chunk: bytes) -> None: ...

    def abandon(self) -> None: ...


S = TypeVar("S", bound=StreamSink)


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
        self.error: ImsError | None = None
        self.sink: S | None = None
        self.is_whole = False

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
            self.sink = self._begin(file_name, self.announced_bytes)
        except ImsError as error:
            self.error = error

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        if self.sink is None or self.error is not None:
            return
        try:
            self.sink.feed(raw_data)
        except ImsError as error:
            self.error = error
            self.sink.abandon()

    def file_complete(self, file_size: int) -> None:
        self.is_whole = True

    def take(self) -> S:
        """What has the whole file now, and is the caller's. Raises why it has not."""
        if self.error is not None:
            raise self.error
        if not self.name:
            raise Conflict("no-file")
        if self.sink is None or not self.is_whole:
            raise Conflict("upload-broken", name=self.name)
        sink, self.sink = self.sink, None
        return sink

    def clear(self) -> None:
        """Leave nothing of a file that nobody took: a wrong token, a broken connection, an error."""
        if self.sink is not None:
            self.sink.abandon()
            self.sink = None


H = TypeVar("H", bound=StreamedFile[Any])


@contextmanager
def streaming(request: HttpRequest, streamed: H) -> Iterator[H]:
    """The request's file, streamed as soon as somebody reads the form; what is not taken is gone afterwards.

    The CSRF check reads the form, so the view is exempt from the middleware's check and has its own inside
    (as Django's documentation says).
    """
    request.upload_handlers = [streamed]
    try:
        yield streamed
    except UnreadablePostError as error:
        raise Conflict("upload-broken", name=streamed.name) from error
    finally:
        streamed.clear()
