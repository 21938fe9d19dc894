"""`python -m tests.support.stock_server serve …`: the application on unchanged uvicorn, without our protocol's extension."""

from __future__ import annotations

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from app import main as composition
from app.cli import main

if __name__ == "__main__":
    vars(composition)["StreamProtocol"] = HttpToolsProtocol
    main()
