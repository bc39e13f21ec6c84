"""PyTorch's tensors, modules and generators: by content, whatever memory holds them."""

from __future__ import annotations

import copy
import pickle
import subprocess
import sys

import numpy as np
import pytest

from vinyasa_ipy.errors import FingerprintError
from vinyasa_ipy.fingerprint import digest
from vinyasa_ipy.fingerprint.reach import reach

torch = pytest.importorskip("torch", reason="PyTorch is large; what is said of it is tested where it is installed")
pytestmark = pytest.mark.filterwarnings("ignore:Sparse CSR tensor support is in beta state")
DTYPES = (
    *(torch.float64, torch.float32, torch.float16, torch.bfloat16, torch.float8_e4m3fn, torch.complex64),
    *(torch.int64, torch.int32, torch.int16, torch.int8, torch.uint8, torch.bool),
)


def rows() -> torch.Tensor:
    return torch.arange(6.0).reshape(2, 3)


def wanting(*, grad: bool) -> torch.Tensor:
    value = torch.ones(2, requires_grad=True)
    if grad:
        (value * 2).sum().backward()
    return value


def net(weight: float = 1.0, *, training: bool = True, hooked: bool = False) -> torch.nn.Module:
    made = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.BatchNorm1d(3), torch.nn.Dropout(0.5))
    with torch.no_grad():
        for parameter in made.parameters():
            parameter.fill_(weight)
    if hooked:
        made.register_forward_hook(lambda module, given, made: made * 2)
    return made.train(training)


def noted() -> torch.Tensor:
    value = rows()
    value.unit = "m"
    return value


def layers(scale: float) -> tuple[object, ...]:
    eye = torch.eye(3) * scale
    return eye.to_sparse(), eye.to_sparse_csr(), eye.to_sparse_csc()


DIFFERENT = {
    "elements": lambda: (rows(), rows() + 1),
    "types": lambda: (torch.zeros(2), torch.zeros(2, dtype=torch.float64)),
    "shapes": lambda: (torch.zeros(2, 3), torch.zeros(3, 2)),
    "empty shapes": lambda: (torch.zeros(0, 3), torch.zeros(3, 0)),
    "memory orders": lambda: (rows(), rows().T.contiguous().T),
    "zeros": lambda: (torch.zeros(1), -torch.zeros(1)),
    "who wants a gradient": lambda: (torch.ones(2), torch.ones(2, requires_grad=True)),
    "gradients": lambda: (wanting(grad=False), wanting(grad=True)),
    "a parameter and a tensor": lambda: (torch.nn.Parameter(torch.ones(2)), torch.ones(2, requires_grad=True)),
    "what hangs on a tensor": lambda: (rows(), noted()),
    "devices": lambda: (torch.empty(2), torch.empty(2, device="meta")),
    "a tensor and an array": lambda: (rows(), rows().numpy()),
    "sparse tensors": lambda: (layers(1)[0], layers(2)[0]),
    "compressed rows": lambda: (layers(1)[1], layers(2)[1]),
    "rows and columns": lambda: (layers(1)[1], layers(1)[2]),
    "a tensor twice and two tensors": lambda: ([a := rows(), a], [rows(), rows()]),
    "a look at a tensor": lambda: ([a := rows(), a[0]], [a := rows(), a[0].clone()]),
    "looks at one tensor": lambda: ([(a := rows())[0], a[1]], [(a := rows())[0].clone(), a[1].clone()]),
    "looks at one of two tensors": lambda: ([a := rows(), rows(), a[0]], [rows(), a := rows(), a[0]]),
    "places of looks": lambda: ([(a := torch.ones(9))[:4], a[1:5]], [(a := torch.ones(9))[:4], a[2:6]]),
    "an array over a tensor": lambda: ([a := rows(), a.numpy()], [a := rows(), a.numpy().copy()]),
    "weights": lambda: (net(1.0), net(2.0)),
    "states of weights": lambda: (net(1.0).state_dict(), net(2.0).state_dict()),
    "modes": lambda: (net(), net(training=False)),
    "hooks": lambda: (net(), net(hooked=True)),
    "rates": lambda: (torch.optim.SGD([torch.ones(1)], 0.1), torch.optim.SGD([torch.ones(1)], 0.2)),
    "generators": lambda: (torch.Generator().manual_seed(1), torch.Generator().manual_seed(2)),
    "sets of data": lambda: tuple(torch.utils.data.TensorDataset(rows() * n) for n in (1, 2)),
    "distributions": lambda: tuple(torch.distributions.Normal(n, 1.0) for n in (0.0, 1.0)),
}

MADE = {
    "tensor": rows,
    "turned": lambda: rows().T,
    "repeated": lambda: rows().expand(2, 2, 3),
    "conjugated": lambda: torch.tensor([1 + 2j]).conj(),
    "number": lambda: torch.tensor(3),
    "nothing": lambda: torch.zeros(0, 3),
    "sparse": lambda: layers(1)[0],
    "parameter": lambda: torch.nn.Parameter(torch.ones(2)),
    "net": net,
    "state of a net": lambda: net().state_dict(),
    "optimizer": lambda: torch.optim.Adam(net().parameters()),
    "generator": lambda: torch.Generator().manual_seed(1),
    "loader": lambda: torch.utils.data.DataLoader(torch.utils.data.TensorDataset(rows()), batch_size=2),
    "device": lambda: torch.device("cpu"),
    "type": lambda: torch.float32,
    "size": lambda: torch.Size([1, 2]),
}


@pytest.mark.parametrize("make", DIFFERENT.values(), ids=DIFFERENT.keys())
def test_these_have_different_digests(make):
    first, second = make()
    assert digest(first) != digest(second)


@pytest.mark.parametrize("make", MADE.values(), ids=MADE.keys())
def test_equal_ones_have_one_digest_also_after_copying_and_pickling(make):
    value = make()
    before = digest(value)
    assert before == digest(make()) == digest(copy.deepcopy(value)) == digest(pickle.loads(pickle.dumps(value)))


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_a_tensor_of_any_type_is_known_by_its_elements(dtype):
    value = torch.tensor([1, 0, 1]).to(dtype)
    assert digest(value) == digest(value.clone()) != digest(torch.tensor([1, 1, 1]).to(dtype))


@pytest.mark.parametrize(
    "look",
    [
        lambda value: value[:, ::2],
        lambda value: value[1:],
        lambda value: value.expand(2, 2, 3),
        lambda value: value.T,
        lambda value: value.unsqueeze(1).transpose(0, 1),
    ],
    ids=["steps", "rows", "repeated", "turned", "axes of one"],
)
def test_a_look_has_the_digest_of_its_clone(look):
    value = look(rows())
    assert digest(value) == digest(value.clone())


def test_a_tensor_that_carries_its_computation_is_refused_with_the_way_out():
    with pytest.raises(FingerprintError, match=r"`loss`.*detach"):
        digest((torch.ones(2, requires_grad=True) * 2).sum(), "loss")


def test_a_change_in_place_is_noticed():
    weights = torch.zeros(2)
    found = reach(lambda: weights)
    assert found.unchanged()
    weights.numpy()[0] = 1
    assert not found.unchanged()


def test_a_net_that_is_used_moves_only_what_it_learns():
    used = net(training=False)
    before = digest(used)
    used(torch.ones(2, 2))
    assert digest(used) == before
    used.train()(torch.ones(2, 2))
    assert digest(used) != before


def test_a_tensor_over_an_array_has_the_digest_of_any_other():
    assert digest(torch.from_numpy(np.arange(6.0, dtype="f4").reshape(2, 3))) == digest(rows())


def test_digests_are_the_same_in_another_process():
    program = """
import torch
from vinyasa_ipy.fingerprint import digest
torch.manual_seed(0)
model = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.ReLU())
for value in (model, model.state_dict(), torch.optim.Adam(model.parameters()), torch.rand(3)[::2], torch.relu):
    print(digest(value))
"""
    answers = {
        subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout for _ in "ab"
    }
    assert len(answers) == 1
