"""Sentences of the engine's error codes."""

from collections.abc import Mapping
from typing import Any

ENGINE_SENTENCES: Mapping[str, Any] = {}
