"""A bounded memory for requests that are the same, byte for byte.

After a restart, thousands of clients send the same few requests within seconds. The operation of such a request, its parameters
and its media type follow from the contract and from bytes of the request. They are found once, and remembered by these bytes. These
rules keep that safe:

- A remembered value depends on nothing but its key and the contract. Everything else, such as the identity of the client and the
  position in the log, is examined for every request. A request is always authorized again.
- Only a request that follows the contract is remembered. Every other request is examined in full each time.
- No key contains a header that may be a secret, such as `Authorization` or `Cookie`.
- A value that was derived from a contract is remembered by an object that belongs to this contract, never by a module.
- Number and size of the entries are bounded. Many different requests push the others out, which are then examined in full, and
  remembered again.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Final, Generic, TypeVar

MAX_ENTRIES: Final = 512
# Most paths, queries and Accept headers are shorter than 100. With values, 512 entries take up to 6 MB.
MAX_KEY_BYTES: Final = 256

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


class Remembered(Generic[Key, Value]):
    """Values by key. If there are too many, the oldest entry is removed.

    `get`: returns the value of a key; None if the key is not remembered.
    """

    __slots__ = ("_values", "get")

    def __init__(self) -> None:
        self._values: dict[Key, Value] = {}
        self.get = self._values.get  # this very method, because it is called several times for every request

    def __len__(self) -> int:
        return len(self._values)

    def put(self, key: Key, size: int, value: Value) -> None:
        """Remember a value, unless its key is too large or is remembered already. `size`: the length of the key in bytes."""
        if size > MAX_KEY_BYTES or key in self._values:
            return
        if len(self._values) >= MAX_ENTRIES:
            del self._values[next(iter(self._values))]
        self._values[key] = value
