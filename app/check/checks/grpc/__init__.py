"""The checks of gRPC: the promises that every transport keeps, and those of the service. They need `--grpc`."""
