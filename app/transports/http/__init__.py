"""Order events over HTTP: an event stream (SSE), pages of events as JSON, and publishing.

Reading order: `application` (Connexion, with the operations of the contract), `requests/` (what a request says), `security` (who sends
it), `operations/` (what is answered), `streaming/` (event streams as responses), `problem_responses` (errors).
"""

import warnings

# Connexion imports Starlette's test client, which warns about a dependency of its own. An operator can do nothing about this warning.
warnings.filterwarnings("ignore", message="Using `httpx` with `starlette.testclient`")
