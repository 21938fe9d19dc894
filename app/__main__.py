"""`python -m app`, the same as the installed `orders-events`."""

from __future__ import annotations

from app.cli import main

if __name__ == "__main__":
    main()
