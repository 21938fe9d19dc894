"""`python -m tests.support.unreadable_server serve …`: a server whose store fails when it looks up a time."""

from __future__ import annotations

from app.cli import main
from app.events.errors import StoreUnavailable
from app.stores.memory import MemoryStore


async def offset_before(_store: MemoryStore, _stored_at_us: int) -> int:
    raise StoreUnavailable("The log cannot be read now; try again later.")


if __name__ == "__main__":
    setattr(MemoryStore, offset_before.__name__, offset_before)
    main()
