"""Documentation that people like to read, made from the contract when the server starts: a guide, a reference, the events, the
problems, and a live view of the stream. The same pages can be written as files.

Reading order: `site` (all pages), `layout` (where each is, and how they link), then what they say: `catalogue`, `reference`,
`problem_types`; what they are made with: `markdown`, `highlight`, `schema_rows`, `changes`, `commands`; `application` serves them,
each in the `representations` that there are of it.
`client/` is what pages subscribe with, this server's and others, and `client_package` packs it for npm.
"""

from app.pages.application import with_pages
from app.pages.site import build_site

__all__ = ["build_site", "with_pages"]
