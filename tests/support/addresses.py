"""Every address there is, with something in its places."""

from collections.abc import Iterator
from uuid import UUID

from django.urls import URLPattern, URLResolver, get_resolver
from django.urls.converters import IntConverter, UUIDConverter

FILLED = {UUIDConverter: str(UUID(int=1)), IntConverter: "1"}


def all_addresses() -> Iterator[tuple[str, URLPattern]]:
    """Of the console, the administration and those who sign in: paths, and what answers there. No catch-alls."""

    def walk(resolver: URLResolver, prefix: str = "/") -> Iterator[tuple[str, URLPattern]]:
        for entry in resolver.url_patterns:
            path = prefix + _filled(entry)
            if isinstance(entry, URLResolver):
                yield from walk(entry, path)
            elif "<" not in path and "(" not in path:
                yield path, entry

    return walk(get_resolver())


def _filled(entry: URLPattern | URLResolver) -> str:
    pattern = entry.pattern
    text = str(pattern)
    for name, converter in pattern.converters.items():
        kind = (
            "" if type(converter).__name__ in ("StringConverter", "SlugConverter") else f"{_name(converter)}:"
        )
        text = text.replace(f"<{kind}{name}>", FILLED.get(type(converter), "x"))
    return text


def _name(converter: object) -> str:
    return type(converter).__name__.removesuffix("Converter").lower()
