"""The settings of the server.

`settings.py` has the table of all settings, `setting.py` what a setting is. `setting_types.py`, `store_types.py`,
`address_types.py` and `token_types.py` read their values. `combinations.py` refuses settings that do not fit together.
"""

from app.settings.combinations import check_combinations
from app.settings.setting_types import SourceSpec
from app.settings.settings import SETTINGS, Settings, check_variables, documented
from app.settings.store_types import NatsUrl, StoreUrl

__all__ = [
    "SETTINGS",
    "NatsUrl",
    "Settings",
    "SourceSpec",
    "StoreUrl",
    "check_combinations",
    "check_variables",
    "documented",
]
