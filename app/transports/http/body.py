"""The body of a request: of the right type, no larger than the contract allows, and strict JSON."""

from __future__ import annotations

from starlette.requests import Request

from app.specification.errors import Refusal
from app.specification.strict_json import JsonValue, parse_json


class UnsupportedMediaType(Refusal):
    """Raised when a body has another media type, charset or coding than the one that is accepted."""

    def __init__(self) -> None:
        super().__init__("The body must be application/json in UTF-8, without a Content-Encoding.")


class ContentTooLarge(Refusal):
    """Raised when a body is larger than `maximum_bytes`."""

    def __init__(self, maximum_bytes: int) -> None:
        super().__init__(f"The body is larger than {maximum_bytes} bytes; send the events in more requests.")


async def read_json(request: Request, maximum_bytes: int) -> JsonValue:
    """Read the body as JSON. Raises UnsupportedMediaType, ContentTooLarge (before the rest is read), MalformedJson."""
    _check_type(request.headers.get("content-type", ""), request.headers.get("content-encoding", ""))
    declared = request.headers.get("content-length", "0")
    if declared.isdecimal() and int(declared) > maximum_bytes:
        raise ContentTooLarge(maximum_bytes)
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > maximum_bytes:
            raise ContentTooLarge(maximum_bytes)
    return parse_json(bytes(body))


def _check_type(content_type: str, content_encoding: str) -> None:
    media_type, *parameters = (part.strip().lower() for part in content_type.split(";"))
    charsets = [value.removeprefix("charset=").strip('"') for value in parameters if value.startswith("charset=")]
    if (
        media_type != "application/json"
        or content_encoding
        or any(charset not in ("utf-8", "utf8") for charset in charsets)
    ):
        raise UnsupportedMediaType
