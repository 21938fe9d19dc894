"""The access token in the header `Authorization` of a request, or in the metadata of a call."""

from __future__ import annotations

from collections.abc import Sequence


def read_authorization(authorization: Sequence[str]) -> str | None:
    """Return the access token in the values of the header `Authorization`, or of the metadata of a call.

    It is None if there is no value, and "", which is no good token, if there are several or if one has another form.
    """
    if not authorization:
        return None
    scheme, _, token = authorization[0].partition(" ")
    token = token.lstrip(" ")
    is_bearer = scheme.lower() == "bearer"  # RFC 6750 §2.1; the scheme in any case, RFC 9110 §11.1
    return token if is_bearer and len(authorization) == 1 and " " not in token else ""
