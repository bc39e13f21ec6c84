"""Has pytest run joblib's own tests of its Memory against ours: `-p joblib_suite_plugin`."""

from __future__ import annotations

import joblib
import joblib.memory

import vinyasa_ipy

for _name in ("Memory", "MemorizedFunc", "AsyncMemorizedFunc"):
    setattr(joblib.memory, _name, getattr(vinyasa_ipy, _name))
joblib.Memory = vinyasa_ipy.Memory
