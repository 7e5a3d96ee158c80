"""Say in one line why this Python cannot make the environment, if it cannot.  Any Python runs this, an old one too."""

import sys

if sys.version_info < (3, 11):  # noqa: UP036
    version = sys.version.split()[0]
    sys.exit("unrolled needs Python 3.11 or newer, " + sys.executable + " is " + version + ": add PYTHON=python3.12")
try:
    import ensurepip  # noqa: F401
    import venv  # noqa: F401
except ImportError:
    sys.exit(sys.executable + " lacks its venv module: on Debian or Ubuntu `apt install python3-venv`, then again")
