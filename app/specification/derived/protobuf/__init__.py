"""Derive the gRPC service and its messages, as values and as the text of a `.proto` file, without the package `protobuf`.

Reading order: `proto_values` (messages, fields, the service), `field_numbers` (the recorded numbers), `proto_types` (which field
a property becomes), `order_events_proto` (the whole file), `proto_text` (the `.proto`).
"""
