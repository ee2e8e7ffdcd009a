"""`python -m textrnn COMMAND`: the same as `textrnn COMMAND`."""

import sys

from textrnn.commands import main

sys.exit(main())
