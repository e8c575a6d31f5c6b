"""Makes golden.json: what PyTorch's AdamW makes of two parameters and given gradients, clipped by their global norm.

    python -m venv venv && venv/bin/pip install -r requirements.txt
    venv/bin/python make.py
"""

import json
from pathlib import Path

import torch

torch.manual_seed(20190514)
SETTINGS = {"beta_1": 0.9, "beta_2": 0.98, "epsilon": 1e-6, "weight_decay": 0.1, "clip": 1.0}
RATES = [1e-3, 3e-2, 1e-2, 5e-3, 2e-3, 1e-4]
# Gradients of a norm far above the clip, near it and below it.
SCALES = [3.0, 0.4, 0.1, 0.05, 0.2, 10.0]

weight = torch.nn.Parameter(torch.randn(4, 3))
bias = torch.nn.Parameter(torch.randn(3))
start = [weight.detach().flatten().tolist(), bias.detach().tolist()]
optimizer = torch.optim.AdamW(
    [
        {"params": [weight], "weight_decay": SETTINGS["weight_decay"]},
        {"params": [bias], "weight_decay": 0.0},
    ],
    lr=1.0,
    betas=(SETTINGS["beta_1"], SETTINGS["beta_2"]),
    eps=SETTINGS["epsilon"],
    foreach=False,
)
steps = []
for rate, scale in zip(RATES, SCALES):
    gradients = [scale * torch.randn_like(weight), scale * torch.randn_like(bias)]
    weight.grad, bias.grad = (gradient.clone() for gradient in gradients)
    norm = torch.nn.utils.clip_grad_norm_([weight, bias], SETTINGS["clip"], foreach=False)
    for group in optimizer.param_groups:
        group["lr"] = rate
    optimizer.step()
    steps.append(
        {
            "rate": rate,
            "gradients": [gradient.flatten().tolist() for gradient in gradients],
            "norm": norm.item(),
            "weight": weight.detach().flatten().tolist(),
            "bias": bias.detach().tolist(),
        }
    )
golden = {"made_by": f"torch {torch.__version__}", "settings": SETTINGS, "start": start, "steps": steps}
Path(__file__).with_name("golden.json").write_text(json.dumps(golden, indent=1) + "\n")
