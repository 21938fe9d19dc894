"""Turn the message `SubscribeRequest` into a request for a subscription, by the rules that the contract has for the parameters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from app.access.permitted_events import readable_events
from app.access.principal import Principal
from app.events.delivery.subscribe import SubscriptionRequest
from app.events.filter import filter_of
from app.events.log.start import NotAnInstant, read_start
from app.specification.contracts import Contracts
from app.specification.deprecated_majors import DeprecatedMajors
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
    `deprecated`: what is deprecated of what clients read.
    """

    def __init__(self, document: OpenApiDocument, contracts: Contracts, deprecated: DeprecatedMajors) -> None:
        self._contracts = contracts
        self._deprecated = deprecated
        parameters = operation(inline(document.bundled), "streamOrderEvents").content["parameters"]
        self._schemas = {
            each["name"]: compile_schema(each["schema"], f"The parameter {each['name']}") for each in parameters
        }

    def read(self, message: Any, sender: Principal) -> SubscriptionRequest:
        """Return the request for a subscription that a message makes.

        Raises InvalidRequest, Forbidden if the sender may not read, and VersionRetired.
        """
        values = {field.json_name: _plain(value) for field, value in message.ListFields()}
        violations = [
            (f"/{name}{violation.pointer}", violation.message)
            for name, value in values.items()
            for violation in self._schemas[name].violations(value, limit=1)[0]
        ]
        if violations:
            raise InvalidRequest(violations)
        return self._subscription_request(values, sender)

    def _subscription_request(self, values: Mapping[str, Any], sender: Principal) -> SubscriptionRequest:
        pin = values.get("majorVersion")
        requested = filter_of(values.get("eventTypes"), values.get("orderId"), self._contracts.reading(pin))
        filter = readable_events(sender, requested)
        deprecations = self._deprecated.of_reader(filter.event_types, pin)
        try:
            start = read_start(values.get("lastEventId"), values.get("since"), values.get("from", "latest"))
        except NotAnInstant as error:
            raise InvalidRequest([("/since", str(error))]) from None
        follow, limit = values.get("follow", True), values.get("limit")
        return SubscriptionRequest(start, filter, follow, limit, sender, deprecations)


def _plain(value: Any) -> JsonValue:
    return value if isinstance(value, bool | int | str) else list(value)
