"""The documentation site, made from the contract when the server starts.

The site has a guide, a reference of the operations, the event types, the problem types, and a dashboard that shows the live
stream. The command `orders-events docs` writes the same pages as files.

Reading order: `site` and `site_files` (all files of the site), `page_list` (the pages), `site_paths` (paths and links), `content` (what the
pages show, as Python values), `markup` (how these values become HTML); `site_application` serves the files, `representations` compresses
them, `module_bundle` joins modules, and `search_index` is what a search looks into. `client/` is the browser client, which `npm_package`
packs; `client_wheel` packs the Python client; `dashboard/` is the page at `/`.
"""

from app.pages.content.documentation import SettingDocs
from app.pages.site import build_site
from app.pages.site_application import with_pages

__all__ = ["SettingDocs", "build_site", "with_pages"]
