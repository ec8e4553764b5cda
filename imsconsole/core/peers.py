"""How many connections an address has, and how many it may have."""

from collections import Counter

from django.conf import settings

from imsconsole.core.proxies import household_of, is_trusted


class Peers:
    """Counts the connections of each address; at most `IMS_CONNECTIONS_PER_ADDRESS` are let in.

    A trusted proxy has as many as it wants: who is behind it is its to count.
    """

    def __init__(self) -> None:
        self._present: Counter[str] = Counter()

    def admit(self, address: str) -> bool:
        """Whether one more may come, which then counts until it left."""
        most, household = settings.IMS_CONNECTIONS_PER_ADDRESS, household_of(address)
        if self._present[household] >= most and not is_trusted(address, settings.IMS_TRUSTED_PROXIES):
            return False
        self._present[household] += 1
        return True

    def leave(self, address: str) -> None:
        household = household_of(address)
        self._present[household] -= 1
        if not self._present[household]:
            del self._present[household]
