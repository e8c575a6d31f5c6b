"""Makes muon.json and normuon.json: what PyTorch's Muon and NorMuon's authors' code make of matrices and given gradients.

    python -m venv venv && venv/bin/pip install -r requirements.txt
    venv/bin/python make_muon.py

Both compute the Newton-Schulz iteration in bfloat16; here it is computed in 32-bit floats, by the same code.
"""

import json
from pathlib import Path

import normuon
import torch


class InFloat32:
    """PyTorch, where bfloat16 is float32."""

    def __getattr__(self, name):
        return torch.float32 if name == "bfloat16" else getattr(torch, name)


torch.optim._muon.torch = InFloat32()
torch.Tensor.bfloat16 = torch.Tensor.float
RATES = [2e-2, 5e-2, 1e-2, 1e-3]
SETTINGS = {"momentum": 0.95, "iterations": 5, "weight_decay": 0.1}
BETA_2 = 0.9


def muon(weights):
    return torch.optim.Muon(
        weights,
        lr=1.0,
        momentum=SETTINGS["momentum"],
        weight_decay=SETTINGS["weight_decay"],
        ns_steps=SETTINGS["iterations"],
    )


def normuon_of(weights):
    # Its five iterations are no setting.
    return normuon.SingleDeviceNorMuon(
        weights, lr=1.0, momentum=SETTINGS["momentum"], weight_decay=SETTINGS["weight_decay"], beta2=BETA_2
    )


def flat(matrix):
    """[outputs, inputs] as [inputs, outputs], row by row."""
    return matrix.detach().T.flatten().tolist()


def case(optimizer_of, inputs, outputs, parts):
    """`parts` matrices side by side, each updated by itself."""
    weights = [torch.nn.Parameter(torch.randn(outputs // parts, inputs)) for _ in range(parts)]
    optimizer = optimizer_of(weights)
    start = flat(torch.cat(list(weights)))
    steps = []
    for rate in RATES:
        gradients = [torch.randn_like(weight) for weight in weights]
        for weight, gradient in zip(weights, gradients):
            weight.grad = gradient.clone()
        for group in optimizer.param_groups:
            group["lr"] = rate
        optimizer.step()
        steps.append({"gradient": flat(torch.cat(gradients)), "weight": flat(torch.cat(list(weights)))})
    return {"inputs": inputs, "outputs": outputs, "parts": parts, "start": start, "steps": steps}


def write(name, made_by, optimizer_of, settings):
    torch.manual_seed(20241008)
    golden = {
        "made_by": made_by,
        "settings": settings,
        "rates": RATES,
        "cases": [case(optimizer_of, *shape) for shape in [(5, 5, 1), (4, 12, 1), (9, 4, 1), (4, 12, 3), (4, 14, 2)]],
    }
    Path(__file__).with_name(name).write_text(json.dumps(golden, indent=1) + "\n")


# The commit that requirements.txt names.
AUTHORS = "zichongli5/NorMuon d45c9a4"
TORCH = f"torch {torch.__version__}"
write("muon.json", TORCH, muon, SETTINGS)
write("normuon.json", f"{AUTHORS}, {TORCH}", normuon_of, SETTINGS | {"beta_2": BETA_2})
