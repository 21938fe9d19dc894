"""The rules of the compatibility gate: how two OpenAPI documents are compared, and which version bump a change requires."""
