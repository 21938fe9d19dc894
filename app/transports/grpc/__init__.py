"""gRPC: order events as Protocol Buffers messages. Needs the packages of the extra `grpc`.

Reading order: `descriptors` (the message classes, made from the contract).
"""
