"""The metadata of the server as a resource that OAuth 2.0 protects (RFC 9728): a client that knows the URL finds the issuer of tokens."""

from __future__ import annotations

from app.access.principal import SCOPES


def challenge(resource: str | None) -> str:
    """Return the header `WWW-Authenticate` of a 401, which leads to the metadata (RFC 9728 §5.1). `resource`: None if it is not known."""
    return (
        "Bearer" if resource is None else f'Bearer resource_metadata="{resource}/.well-known/oauth-protected-resource"'
    )


def resource_metadata(resource: str, issuer: str | None) -> dict[str, object]:
    """Return the protected-resource metadata. `resource`: the URL of the server. `issuer`: None if no request needs a token."""
    if issuer is None:
        return {"resource": resource, "bearer_methods_supported": []}
    issuers = {"authorization_servers": [issuer]} if issuer.startswith("https://") else {}  # else it is a mere name
    return {"resource": resource, **issuers, "scopes_supported": sorted(SCOPES), "bearer_methods_supported": ["header"]}
