"""Documentation pages made from the contract when the server starts: a guide, a reference, the events, the problems, and a live
view of the stream. `orders-events docs` writes the same pages as files.

Reading order: `site` and `site_files` (all files), `page_list` (the pages), `site_paths` (paths and links), `content` (what they
show, as values), `markup` (how values become HTML); `site_application` serves the files, in the `representations` that each has.
`client/` is the browser client, which `npm_package` packs; `client_wheel` packs the Python client; `dashboard/` is the page at `/`.
"""

from app.pages.content.documentation import SettingDocs
from app.pages.site import build_site
from app.pages.site_application import with_pages

__all__ = ["SettingDocs", "build_site", "with_pages"]
