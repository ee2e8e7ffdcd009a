"""Puts the notebooks into their fast mode when they are run as tests."""

import os

os.environ["TEXTRNN_FAST"] = "1"
