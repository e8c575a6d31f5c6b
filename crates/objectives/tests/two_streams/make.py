"""Makes bert.safetensors and modern.safetensors: the two streams of XLNet (Yang et al. 2019, section 2.3) on tiny encoders of
cloze's two presets, written anew in torch, one position at a time: weights, what is read, the log-probabilities of all tokens at
the predicted positions, the loss and its gradients, all under cloze's parameter paths.

    python -m venv venv && venv/bin/pip install -r requirements.txt
    venv/bin/python make.py

What XLNet's own code can say, with its positions switched off, is in xlnet.py. This asks about positions too, and about both
presets: who sees whom in both streams, what stands in the query stream, and that both have the same weights.
"""

import math
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch.nn.functional import cross_entropy, gelu, layer_norm, log_softmax

VOCABULARY, WIDTH, LAYERS, HEADS, HIDDEN, WINDOW = 50, 16, 2, 2, 24, 12
LENGTH = 7
# Of two windows: the predicted positions in their order.
ORDERS = [[4, 1, 5], [0, 6]]


def shapes(bert):
    dense = lambda at, rows, columns: {f"{at}.weight": (rows, columns)} | ({f"{at}.bias": (columns,)} if bert else {})
    norm = lambda at: {f"{at}.gain": (WIDTH,)} | ({f"{at}.bias": (WIDTH,)} if bert else {})
    found = {"encoder.tokens": (VOCABULARY, WIDTH), "query": (1, WIDTH), "head.bias": (VOCABULARY,)}
    found |= {"encoder.positions": (WINDOW, WIDTH)} if bert else norm("encoder.final_norm")
    found |= norm("encoder.norm") | dense("head.dense", WIDTH, WIDTH) | norm("head.norm")
    for layer in range(LAYERS):
        at = f"encoder.blocks.{layer}"
        found |= dense(f"{at}.qkv", WIDTH, 3 * WIDTH) | dense(f"{at}.output", WIDTH, WIDTH)
        found |= dense(f"{at}.up", WIDTH, HIDDEN if bert else 2 * HIDDEN) | dense(f"{at}.down", HIDDEN, WIDTH)
        found |= norm(f"{at}.feed_forward_norm") | (norm(f"{at}.attention_norm") if bert or layer > 0 else {})
    return found


class Model:
    def __init__(self, bert):
        self.bert = bert
        self.weights = {}
        for path, shape in sorted(shapes(bert).items()):
            mean = 1.0 if path.endswith("gain") else 0.0
            self.weights[path] = torch.normal(mean, 0.3, shape).requires_grad_()

    def dense(self, at, x):
        y = x @ self.weights[f"{at}.weight"]
        return y + self.weights[f"{at}.bias"] if f"{at}.bias" in self.weights else y

    def norm(self, at, x):
        if f"{at}.gain" not in self.weights:
            return x
        return layer_norm(x, (WIDTH,), self.weights[f"{at}.gain"], self.weights.get(f"{at}.bias"), 1e-12 if self.bert else 1e-5)

    def embedded(self, vector, position):
        if self.bert:
            vector = vector + self.weights["encoder.positions"][position]
        return self.norm("encoder.norm", vector)

    def turned(self, head, position):
        """One head's query or key, turned by its position (Su et al. 2021), the two halves as pairs."""
        if self.bert:
            return head
        half = head.shape[0] // 2
        angles = torch.tensor([position * 10_000.0 ** (-2 * j / head.shape[0]) for j in range(half)])
        left, right = head[:half], head[half:]
        return torch.cat([left * angles.cos() - right * angles.sin(), right * angles.cos() + left * angles.sin()])

    def block(self, layer, state, position, content, seen):
        """A state after a block, which looks at the content's states at the positions that it sees."""
        at, width = f"encoder.blocks.{layer}", WIDTH // HEADS
        before = lambda x: x if self.bert else self.norm(f"{at}.attention_norm", x)
        query = self.dense(f"{at}.qkv", before(state))[:WIDTH].split(width)
        keys, values = {}, {}
        for place in seen:
            projected = self.dense(f"{at}.qkv", before(content[place]))
            keys[place], values[place] = projected[WIDTH : 2 * WIDTH].split(width), projected[2 * WIDTH :].split(width)
        heads = []
        for head in range(HEADS):
            asks = self.turned(query[head], position)
            scores = [asks @ self.turned(keys[place][head], place) / math.sqrt(width) for place in seen]
            shares = torch.stack(scores).softmax(0) if seen else []
            heads.append(sum((share * values[place][head] for share, place in zip(shares, seen)), torch.zeros(width)))
        attended = self.dense(f"{at}.output", torch.cat(heads))
        if self.bert:
            state = self.norm(f"{at}.attention_norm", state + attended)
            fed = self.dense(f"{at}.down", gelu(self.dense(f"{at}.up", state)))
            return self.norm(f"{at}.feed_forward_norm", state + fed)
        state = state + attended
        gate, up = self.dense(f"{at}.up", self.norm(f"{at}.feed_forward_norm", state)).split(HIDDEN)
        return state + self.dense(f"{at}.down", gelu(gate) * up)

    def logits(self, ids, order):
        """At the predicted positions, ascending."""
        before = {position: set(order[:place]) for place, position in enumerate(order)}
        free = set(range(LENGTH)) - set(order)
        sees = [free | before.get(position, set()) for position in range(LENGTH)]
        content = [self.embedded(self.weights["encoder.tokens"][ids[place]], place) for place in range(LENGTH)]
        queries = {place: self.embedded(self.weights["query"][0], place) for place in sorted(order)}
        for layer in range(LAYERS):
            queries = {p: self.block(layer, query, p, content, sorted(sees[p])) for p, query in queries.items()}
            content = [self.block(layer, content[p], p, content, sorted(sees[p] | {p})) for p in range(LENGTH)]
        states = torch.stack([self.norm("encoder.final_norm", query) for query in queries.values()])
        states = self.norm("head.norm", gelu(self.dense("head.dense", states)))
        return states @ self.weights["encoder.tokens"].T + self.weights["head.bias"]


for name in ("bert", "modern"):
    torch.manual_seed(20190619)
    model = Model(name == "bert")
    ids = torch.randint(5, VOCABULARY, (2, LENGTH))
    logits = torch.cat([model.logits(window.tolist(), order) for window, order in zip(ids, ORDERS)])
    targets = torch.cat([window[sorted(order)] for window, order in zip(ids, ORDERS)])
    loss = cross_entropy(logits, targets)
    loss.backward()
    tensors = {
        "ids": ids.flatten().float(),
        "log_probabilities": log_softmax(logits, 1).detach(),
        "loss": loss.detach().reshape(1),
    }
    for path, weight in model.weights.items():
        tensors |= {f"weight/{path}": weight.detach(), f"gradient/{path}": weight.grad}
    made_by = {"made_by": f"torch {torch.__version__}"}
    save_file(tensors, Path(__file__).with_name(f"{name}.safetensors"), metadata=made_by)
