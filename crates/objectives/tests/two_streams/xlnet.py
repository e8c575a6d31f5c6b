"""Makes xlnet.safetensors: the query stream of a tiny XLNetLMHeadModel of transformers with random weights: what it reads, its
logits, the loss and its gradients, all under the parameter paths of cloze's encoder.

    python -m venv venv && venv/bin/pip install -r requirements.txt
    venv/bin/python xlnet.py

Where XLNet is another network than cloze's `bert`, weights are chosen under which both are one; its code is left as it is. Its
relative positions have projections of zero, as cloze's learned ones are zero. It has biases of queries alone (`r_w_bias`). It has
no norm on embeddings: these are normed rows here, which a norm leaves as they are, and what it would do to their gradients is
done to them. It predicts with the table of tokens and a bias, without a head before them, and so does the test.
"""

from pathlib import Path

import torch
import transformers
from safetensors.torch import save_file
from torch.nn.functional import layer_norm
from transformers import XLNetConfig, XLNetLMHeadModel

VOCABULARY, WIDTH, LAYERS, HEADS, HIDDEN, WINDOW = 50, 16, 2, 2, 24, 12
LENGTH = 7
# Of two windows: the predicted positions in their order.
ORDERS = [[4, 1, 5], [0, 6]]
MOST = max(map(len, ORDERS))


def normed(x):
    return layer_norm(x, (WIDTH,), eps=1e-12)


def before_norm(parameter):
    """The gradient of rows that are normed before XLNet reads them."""
    rows = parameter.detach().requires_grad_()
    return torch.autograd.grad(normed(rows), rows, parameter.grad)[0]


def cut(order):
    """Who does not see whom in the query stream: the later in the order, and oneself."""
    place = {position: rank for rank, position in enumerate(order)}
    mask = torch.zeros(LENGTH, LENGTH)
    for key, rank in place.items():
        for query in range(LENGTH):
            mask[query, key] = place.get(query, -1) <= rank
    return mask


torch.manual_seed(20190619)
config = XLNetConfig(
    vocab_size=VOCABULARY,
    d_model=WIDTH,
    n_layer=LAYERS,
    n_head=HEADS,
    d_inner=HIDDEN,
    ff_activation="gelu",
    dropout=0.0,
    tie_word_embeddings=False,
)
model = XLNetLMHeadModel(config).eval()
parameters = dict(model.named_parameters())
with torch.no_grad():
    for path, parameter in parameters.items():
        parameter.normal_(1.0 if path.endswith("layer_norm.weight") else 0.0, 0.3)
        if path.endswith("rel_attn.r"):
            parameter.zero_()
    tables = [parameters[f"transformer.{name}"] for name in ("word_embedding.weight", "mask_emb")]
    for table in tables:
        table.copy_(normed(table))
    parameters["lm_loss.weight"].copy_(tables[0])

ids = torch.randint(5, VOCABULARY, (2, LENGTH))
target_mapping, labels = torch.zeros(2, MOST, LENGTH), torch.full((2, MOST), -100)
for window, order in enumerate(ORDERS):
    for row, position in enumerate(sorted(order)):
        target_mapping[window, row, position] = 1
        labels[window, row] = ids[window, position]
perm_mask = torch.stack([cut(order) for order in ORDERS])
found = model(input_ids=ids, perm_mask=perm_mask, target_mapping=target_mapping, labels=labels)
found.loss.backward()

tensors = {
    "ids": ids.flatten().float(),
    "logits": found.logits.detach()[labels >= 0].clone(),
    "loss": found.loss.detach().reshape(1),
    "weight/tokens": tables[0].detach(),
    "gradient/tokens": before_norm(tables[0]) + parameters["lm_loss.weight"].grad,
    "weight/query": tables[1].detach().reshape(1, WIDTH),
    "gradient/query": before_norm(tables[1]).reshape(1, WIDTH),
    "weight/bias": parameters["lm_loss.bias"].detach(),
    "gradient/bias": parameters["lm_loss.bias"].grad,
    "weight/positions": torch.zeros(WINDOW, WIDTH),
    "weight/norm.gain": torch.ones(WIDTH),
    "weight/norm.bias": torch.zeros(WIDTH),
}
for layer in range(LAYERS):
    for kind, of in (("weight", lambda parameter: parameter.detach()), ("gradient", lambda parameter: parameter.grad)):
        theirs = lambda name: of(parameters[f"transformer.layer.{layer}.{name}"])
        ours = f"{kind}/blocks.{layer}"
        projections = [theirs(f"rel_attn.{name}").reshape(WIDTH, WIDTH) for name in ("q", "k", "v")]
        tensors[f"{ours}.qkv.weight"] = torch.cat(projections, 1)
        tensors[f"{ours}.qkv.bias"] = theirs("rel_attn.r_w_bias").flatten()
        tensors[f"{ours}.output.weight"] = theirs("rel_attn.o").reshape(WIDTH, WIDTH).T.contiguous()
        for dense, name in (("up", "layer_1"), ("down", "layer_2")):
            tensors[f"{ours}.{dense}.weight"] = theirs(f"ff.{name}.weight").T.contiguous()
            tensors[f"{ours}.{dense}.bias"] = theirs(f"ff.{name}.bias")
        for norm, name in (("attention_norm", "rel_attn"), ("feed_forward_norm", "ff")):
            tensors[f"{ours}.{norm}.gain"] = theirs(f"{name}.layer_norm.weight")
            tensors[f"{ours}.{norm}.bias"] = theirs(f"{name}.layer_norm.bias")
    at = f"weight/blocks.{layer}"
    tensors[f"{at}.qkv.bias"] = torch.cat([tensors[f"{at}.qkv.bias"], torch.zeros(2 * WIDTH)])
    tensors[f"{at}.output.bias"] = torch.zeros(WIDTH)
made_by = {"made_by": f"transformers {transformers.__version__}, torch {torch.__version__}"}
save_file({name: tensor.clone() for name, tensor in tensors.items()}, Path(__file__).with_name("xlnet.safetensors"), metadata=made_by)
