"""``python -m bot`` is ``watchkeeper``."""

import sys

from bot.cli import main

sys.exit(main())
