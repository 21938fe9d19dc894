"""The headers that say whether a response may be kept by caches; with them, no browser guesses at what a response is."""

from __future__ import annotations

from typing import Final

from app.transports.http.compressed_bodies import NO_SNIFFING

NO_STORE: Final = {"Cache-Control": "no-store", **NO_SNIFFING}
IMMUTABLE: Final = {"Cache-Control": "public, max-age=31536000, immutable", **NO_SNIFFING}
