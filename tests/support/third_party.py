"""Import the third-party packages that every server imports: `forked_program` runs this once for all servers.

gRPC is not one of them: it must not be loaded before a fork (https://github.com/grpc/grpc/blob/master/doc/fork_support.md).
"""

from __future__ import annotations

import warnings
from importlib import import_module

NAMES = (
    "click",
    "connexion.decorators.parameter",
    "connexion.middleware.main",
    "coverage",
    "httptools",
    "httpx",
    "httpx_sse",
    "inflection",
    "jinja2",
    "jiter",
    "joserfc.jws",
    "jsonschema",
    "jsonschema_rs",
    "markdown_it",
    "openapi_spec_validator",
    "prometheus_client",
    "rfc3339_validator",
    "starlette.middleware.cors",
    "uvicorn.protocols.http.httptools_impl",
    "uvloop",
    "websockets.server",
    "yaml",
)

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # an import of Connexion warns; `app.transports.http` ignores that too
    for name in NAMES:
        import_module(name)
