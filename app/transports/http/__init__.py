"""Order events over HTTP: an event stream, pages, and publishing."""

import warnings

# Connexion imports Starlette's test client, and that warns of its own dependencies; an operator can do nothing about it.
warnings.filterwarnings("ignore", message="Using `httpx` with `starlette.testclient`")
