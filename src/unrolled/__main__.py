"""`python -m unrolled`: the same as the command `unrolled`."""

import sys

from unrolled.cli import main

sys.exit(main())
