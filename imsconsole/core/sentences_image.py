"""Sentences of the image's error codes."""

from collections.abc import Mapping
from typing import Any

IMAGE_SENTENCES: Mapping[str, Any] = {}
