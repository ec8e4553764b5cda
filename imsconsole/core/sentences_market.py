"""What messages and errors say about the market, to publishers, buyers and operators."""

from collections.abc import Mapping
from typing import Any

MARKET_SENTENCES: Mapping[str, Any] = {}
