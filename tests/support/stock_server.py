"""`python -m tests.support.stock_server serve …`: the application on unchanged uvicorn, without our protocol's extension."""

from __future__ import annotations

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from app.cli import main
from app.server import server

if __name__ == "__main__":
    names = vars(server)
    assert issubclass(names["StreamProtocol"], HttpToolsProtocol), "The server has its protocol under another name."
    names["StreamProtocol"] = HttpToolsProtocol
    main()
