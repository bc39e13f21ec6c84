"""Results whose arrays are `numpy.memmap`s: looks into the store's own files, shared by all processes.

`r` (or `readonly`) gives arrays that can't be written to; every other mode copies a page when it is first written,
because what the store holds never changes.
"""

from __future__ import annotations

import pickle
from typing import TYPE_CHECKING, Any

from vinyasa_ipy.store.artifact import decode, make_owned, read_layout

if TYPE_CHECKING:
    from collections.abc import Callable

    from vinyasa_ipy.store.artifact import Run

MODES = {"r": "r", "readonly": "r", "c": "c", "copyonwrite": "c"} | dict.fromkeys(
    ("r+", "readwrite", "w+", "write"), "c"
)
"""The modes of `numpy.memmap`, and the one that the store's files are opened with."""


def check_mode(mode: str | None) -> None:
    """Check how somebody wants arrays to be mapped. Raises ValueError for what NumPy doesn't know."""
    if mode is not None and mode not in MODES:
        raise ValueError(f"mmap_mode={mode!r} is no way to map a file: take one of {', '.join(MODES)}, or None")


class _MappedUnpickler(pickle.Unpickler):
    """Makes arrays that are memmaps where their buffers are parts of one."""

    def find_class(self, module: str, name: str) -> Any:
        """Find a class or function by name, with our own in place of the one that makes arrays over buffers."""
        if name == "_frombuffer" and module.partition(".")[0] == "numpy":
            return _over_buffer
        if name == make_owned.__name__ and module == make_owned.__module__:
            return _over_buffer_after
        return super().find_class(module, name)


def decode_mapped(run: Run, path: str, start: int, mode: str) -> object:
    """Unpickle a verified artifact that stands in the file `path` from `start` on, its arrays mapped from there."""
    import io

    import numpy as np

    layout = read_layout(run)
    if layout is None:
        return decode(run, {})
    stream, spans = layout
    whole: Any = np.memmap(path, np.uint8, MODES[mode], start, (len(run),))  # type: ignore[call-overload]
    buffers = [whole[at : at + size] for at, size in spans]
    return _MappedUnpickler(io.BytesIO(stream), buffers=buffers).load()


def _over_buffer_after(make: Callable[..., Any], *arguments: Any) -> Any:
    return make(*arguments)


def _over_buffer(buffer: Any, dtype: Any, shape: Any, order: str, axes: Any = None) -> Any:
    """Make the array that NumPy's own function of this place makes, as a look into a memmap."""
    frozen = isinstance(buffer, memoryview) and buffer.readonly
    memory: Any = buffer.obj if isinstance(buffer, memoryview) else buffer
    array = memory.view(dtype)
    if order == "K" and axes is not None:
        array = array.reshape(shape, order="C").transpose(axes)
    else:
        array = array.reshape(shape, order=order)
    if frozen:
        array.flags.writeable = False
    return array
