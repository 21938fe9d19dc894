"""The messages of clients: read them as strict JSON, and hold them to the contract."""

from __future__ import annotations

from typing import Any, Final

from app.specification.errors import MalformedJson, TooManyValues
from app.specification.json_size import check_number_of_values
from app.specification.openapi.statements.socket_contract import SocketContract
from app.specification.pointer import parse_pointer
from app.specification.strict_json import parse_json
from app.transports.websocket.errors import CloseCode, ConnectionFault, InvalidMessage, MemberViolation

SHOWN_VIOLATIONS: Final = 5  # keeps the problem document below 2 KB
PUBLISH: Final = "publish"


def read_message(contract: SocketContract, text: bytes, maximum_values: int) -> dict[str, Any]:
    """Return the JSON object of a message. Whether it follows the schema of its type is checked by `check_message`.

    Raises ConnectionFault if the text is not strict JSON, has no type that the contract defines, or is too large.
    """
    try:
        check_number_of_values(text, maximum_values)
        message = parse_json(text)
    except TooManyValues as error:
        raise ConnectionFault(CloseCode.TOO_LARGE, str(error)) from None
    except MalformedJson as error:
        raise ConnectionFault(CloseCode.NOT_A_MESSAGE, str(error)) from None
    type = message.get("type") if isinstance(message, dict) else None
    if not isinstance(message, dict) or not isinstance(type, str) or type not in contract.receives:
        raise ConnectionFault(
            CloseCode.NOT_A_MESSAGE, "The message is not an object with a type that the contract has."
        )
    if type != PUBLISH and len(text) > contract.received_bytes_maximum:
        reason = f"The message has more than {contract.received_bytes_maximum} bytes; only a publish may have."
        raise ConnectionFault(CloseCode.TOO_LARGE, reason)
    return message


def check_message(contract: SocketContract, message: dict[str, Any]) -> None:
    """Raise InvalidMessage if a message does not follow the schema of its type."""
    violations, total = contract.receives[message["type"]].violations(message, SHOWN_VIOLATIONS)
    if total:
        raise InvalidMessage([MemberViolation(_name(pointer), text) for pointer, text in violations])


def numbers_of(message: dict[str, Any], maxima: dict[str, int]) -> dict[str, int]:
    """Return the numbers by which the client recognises the answer to a message: `subscription` or `request`, if it is valid."""
    found = {}
    for name, maximum in maxima.items():
        number = message.get(name)
        if isinstance(number, int) and not isinstance(number, bool) and 1 <= number <= maximum:
            found[name] = number
    return found


def _name(pointer: str) -> str:
    """Return the name of the member in which a JSON pointer points to a value, or an empty text for the whole message."""
    return str(parse_pointer(pointer)[0]) if pointer else ""
