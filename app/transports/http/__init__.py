"""Order events over HTTP: an event stream (SSE), pages of events as JSON, and publishing."""

import warnings

# Connexion imports Starlette's test client, which warns about a dependency of its own. An operator can do nothing about this warning.
warnings.filterwarnings("ignore", message="Using `httpx` with `starlette.testclient`")
