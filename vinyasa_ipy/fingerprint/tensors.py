"""How PyTorch's tensors and generators are written: by content, whichever device and memory holds it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from vinyasa_ipy.errors import FingerprintError
from vinyasa_ipy.fingerprint.encoders import INHERITED
from vinyasa_ipy.fingerprint.objects import write_object

if TYPE_CHECKING:
    from vinyasa_ipy.fingerprint.walk import Walk

_SPARSE = {
    torch.sparse_coo: ("_indices", "_values", "is_coalesced"),
    torch.sparse_csr: ("crow_indices", "col_indices", "values"),
    torch.sparse_bsr: ("crow_indices", "col_indices", "values"),
    torch.sparse_csc: ("ccol_indices", "row_indices", "values"),
    torch.sparse_bsc: ("ccol_indices", "row_indices", "values"),
}
"""What tells the content of a sparse tensor, by its layout."""


def _tensor(walk: Walk, value: torch.Tensor) -> None:
    """Write a tensor: what it is, its elements, its gradient, and what hangs on it."""
    if value.is_quantized or value.is_nested or value.layout not in (torch.strided, *_SPARSE):
        write_object(walk, value)
        return
    if not walk.enter(value):
        return
    if value.grad_fn is not None:
        raise FingerprintError("a tensor", "it carries the computation it came from; `.detach()` leaves that behind")
    if value.layout is torch.strided:
        walk.forms[len(walk.memo) - 1] = value.shape, value.dtype
    walk.out += b"~tT"
    if type(value) is not torch.Tensor:
        walk.define(type(value))
    walk.text(b"y", f"{value.dtype} {tuple(value.shape)} {value.device} {value.layout} {value.requires_grad}")
    if value.grad is not None:
        walk.peculiar = walk.peculiar or "a tensor with a gradient (`zero_grad()` drops it)"
    _elements(walk, value, value.detach())
    walk.write((value.grad, value._backward_hooks or None, vars(value)))  # noqa: SLF001 - no public name lists the hooks


def _elements(walk: Walk, value: torch.Tensor, plain: torch.Tensor) -> None:
    """Write the elements of a tensor, `plain` being the same without its history."""
    if value.layout in _SPARSE:
        for name in _SPARSE[value.layout]:
            walk.write(getattr(plain, name)())
    elif not value.is_meta:
        storage = value.untyped_storage()
        walk.overlap(value, storage)
        if walk.owners[id(storage)][0] is not value:
            walk.peculiar = walk.peculiar or "a tensor that shares memory with another one"
        _content(walk, plain.resolve_conj().resolve_neg())


def _content(walk: Walk, value: torch.Tensor) -> None:
    """Write the elements in the order of the axes, or in that of the memory where it is a dense one."""
    if not value.is_contiguous():
        steps = value.stride()
        axes = sorted(range(value.ndim), key=lambda axis: (value.shape[axis] > 1, -steps[axis]))
        turned = value.permute(axes)
        if turned.is_contiguous():
            walk.text(b"F", str(axes))
            value = turned
    plain = value.contiguous().cpu()
    walk.buffer(plain.reshape(-1).view(torch.uint8).numpy() if plain.numel() else b"")


def _generator(walk: Walk, value: torch.Generator) -> None:
    if walk.enter(value):
        walk.text(b"~tR", str(value.device))
        _content(walk, value.get_state())


INHERITED.update({torch.Tensor: _tensor, torch.Generator: _generator})
