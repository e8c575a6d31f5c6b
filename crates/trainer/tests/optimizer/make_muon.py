"""Makes muon.json: what PyTorch's Muon makes of matrices and given gradients.

    python -m venv venv && venv/bin/pip install -r requirements.txt
    venv/bin/python make_muon.py

PyTorch computes the Newton-Schulz iteration in bfloat16; here it is computed in 32-bit floats, by the same code.
"""

import json
from pathlib import Path

import torch


class InFloat32:
    """PyTorch, where bfloat16 is float32."""

    def __getattr__(self, name):
        return torch.float32 if name == "bfloat16" else getattr(torch, name)


torch.optim._muon.torch = InFloat32()
torch.manual_seed(20241008)
RATES = [2e-2, 5e-2, 1e-2, 1e-3]
SETTINGS = {"momentum": 0.95, "iterations": 5, "weight_decay": 0.1}


def flat(matrix):
    """[outputs, inputs] as [inputs, outputs], row by row."""
    return matrix.detach().T.flatten().tolist()


def case(inputs, outputs, parts):
    """`parts` matrices side by side, each updated by itself."""
    weights = [torch.nn.Parameter(torch.randn(outputs // parts, inputs)) for _ in range(parts)]
    optimizer = torch.optim.Muon(
        weights,
        lr=1.0,
        momentum=SETTINGS["momentum"],
        weight_decay=SETTINGS["weight_decay"],
        ns_steps=SETTINGS["iterations"],
    )
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


golden = {
    "made_by": f"torch {torch.__version__}",
    "settings": SETTINGS,
    "rates": RATES,
    "cases": [case(5, 5, 1), case(4, 12, 1), case(9, 4, 1), case(4, 12, 3), case(4, 14, 2)],
}
Path(__file__).with_name("muon.json").write_text(json.dumps(golden, indent=1) + "\n")
