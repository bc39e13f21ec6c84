"""Lets `python -m vinyasa_ipy VERB` be `vinyasa VERB`."""

from __future__ import annotations

import sys

from vinyasa_ipy.cli import main

sys.exit(main())
