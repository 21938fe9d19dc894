"""The messages of the gRPC service: their classes, what is sent to clients, and what clients send.

Reading order: `descriptors` (the message classes, made from the contract), `value_messages` and `event_messages` (JSON values and
the data of events as messages), `responses` (what is sent to clients), `request_messages`, `subscribe_request` and `submissions`
(what clients send).
"""
