"""`python -m tests.support.loaded_modules`: print the names of the modules that are loaded."""

from __future__ import annotations

import sys

if __name__ == "__main__":
    sys.stdout.write("\n".join(sys.modules))
