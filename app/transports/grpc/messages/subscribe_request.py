"""Turn the message `SubscribeRequest` into a request for a subscription, by the rules that the contract has for the parameters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from app.access.permitted_events import readable_events
from app.access.principal import Principal
from app.events.delivery.subscribe import SubscriptionRequest
from app.events.filter import filter_of
from app.events.log.start import NotAnInstant, read_start
from app.specification.document import OpenApiDocument
from app.specification.errors import Refusal
from app.specification.openapi.bundle import inline
from app.specification.openapi.structure import operation
from app.specification.schema.schema import compile_schema
from app.specification.strict_json import JsonValue


class InvalidRequest(Refusal):
    """Raised when fields of a SubscribeRequest do not follow the contract. `violations`: pairs of a JSON pointer and a message."""

    def __init__(self, violations: Sequence[tuple[str, str]]) -> None:
        count = "1 field is" if len(violations) == 1 else f"{len(violations)} fields are"
        super().__init__(f"{count} not as the contract says.")
        self.violations = violations


class SubscribeRequests:
    """The reader of the messages `SubscribeRequest`.

    Each field has a parameter of the operation `streamOrderEvents` as its name in JSON, and must match the schema of this parameter.
    """

    def __init__(self, document: OpenApiDocument) -> None:
        parameters = operation(inline(document.bundled), "streamOrderEvents").content["parameters"]
        self._schemas = {
            each["name"]: compile_schema(each["schema"], f"The parameter {each['name']}") for each in parameters
        }

    def read(self, message: Any, sender: Principal) -> SubscriptionRequest:
        """Return the request for a subscription that a message makes. Raises InvalidRequest, or Forbidden if the sender may not read."""
        values = {field.json_name: _plain(value) for field, value in message.ListFields()}
        violations = [
            (f"/{name}{violation.pointer}", violation.message)
            for name, value in values.items()
            for violation in self._schemas[name].violations(value, limit=1)[0]
        ]
        if violations:
            raise InvalidRequest(violations)
        return _subscription_request(values, sender)


def _plain(value: Any) -> JsonValue:
    return value if isinstance(value, bool | int | str) else list(value)


def _subscription_request(values: Mapping[str, Any], sender: Principal) -> SubscriptionRequest:
    filter = readable_events(sender, filter_of(values.get("eventTypes"), values.get("orderId")))
    try:
        start = read_start(values.get("lastEventId"), values.get("since"), values.get("from", "latest"))
    except NotAnInstant as error:
        raise InvalidRequest([("/since", str(error))]) from None
    return SubscriptionRequest(start, filter, values.get("follow", True), values.get("limit"), sender)
