"""`python -m bailee` is the command line."""

import sys

from bailee.cli.app import main

sys.exit(main())
