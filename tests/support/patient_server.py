"""`python -m tests.support.patient_server serve …`: a server whose drain waits for its last stream for up to ten minutes."""

from __future__ import annotations

from app.cli import main
from app.server import server

if __name__ == "__main__":
    vars(server)["DRAIN_SECONDS"] = 600.0
    main()
