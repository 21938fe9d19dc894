"""Read the body of an answer, as far as one of this contract can be long."""

from __future__ import annotations

from typing import Final

import httpx

MAX_BYTES: Final = 16 * 2**20  # a stream under a wrong status has no end


def read_body(response: httpx.Response) -> bytearray:
    """Read it with blocking I/O."""
    body = bytearray()
    for chunk in response.iter_bytes():
        body += chunk
        if len(body) > MAX_BYTES:
            break
    return body


async def read_body_async(response: httpx.Response) -> bytearray:
    """Read it with asyncio."""
    body = bytearray()
    async for chunk in response.aiter_bytes():
        body += chunk
        if len(body) > MAX_BYTES:
            break
    return body
