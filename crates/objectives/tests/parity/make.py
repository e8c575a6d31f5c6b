"""Makes electra.safetensors: a tiny generator and discriminator of transformers on the same embeddings, with random weights,
what they read, their logits, their losses and the gradients of these, all under cloze's parameter paths.

    python -m venv venv && venv/bin/pip install -r requirements.txt
    venv/bin/python make.py

The weights are drawn large (standard deviation 0.3), so that every part moves the logits.
"""

from pathlib import Path

import torch
import transformers
from safetensors.torch import save_file
from transformers import ElectraConfig, ElectraForMaskedLM, ElectraForPreTraining

VOCABULARY, EMBEDDING, WIDTH, LAYERS, HEADS, HIDDEN, WINDOW = 30, 10, 16, 2, 2, 24, 12
# The generator: half of the width, in one head, and half of the hidden layer.
GENERATOR = {"hidden_size": 8, "num_attention_heads": 1, "intermediate_size": 12}
# Of two windows of nine positions: those that are hidden.
ROWS = [1, 4, 7, 9, 12]
MASK = 4
EMBEDDINGS = "electra.embeddings."


def config(**other):
    sizes = {"hidden_size": WIDTH, "num_attention_heads": HEADS, "intermediate_size": HIDDEN} | other
    return ElectraConfig(
        vocab_size=VOCABULARY,
        embedding_size=EMBEDDING,
        num_hidden_layers=LAYERS,
        max_position_embeddings=WINDOW,
        type_vocab_size=2,
        hidden_act="gelu",
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
        attn_implementation="eager",
        **sizes,
    )


def norm(ours, theirs):
    return {f"{ours}.gain": [f"{theirs}.weight"], f"{ours}.bias": [f"{theirs}.bias"]}


def dense(ours, *theirs):
    return {f"{ours}.{part}": [f"{name}.{part}" for name in theirs] for part in ("weight", "bias")}


def blocks(ours):
    names = {}
    for layer in range(LAYERS):
        block, theirs = f"{ours}.blocks.{layer}", f"electra.encoder.layer.{layer}"
        names |= dense(f"{block}.qkv", *(f"{theirs}.attention.self.{part}" for part in ("query", "key", "value")))
        names |= dense(f"{block}.output", f"{theirs}.attention.output.dense")
        names |= norm(f"{block}.attention_norm", f"{theirs}.attention.output.LayerNorm")
        names |= dense(f"{block}.up", f"{theirs}.intermediate.dense")
        names |= dense(f"{block}.down", f"{theirs}.output.dense")
        names |= norm(f"{block}.feed_forward_norm", f"{theirs}.output.LayerNorm")
    return names


EMBEDDING_NAMES = {
    "encoder.tokens": [f"{EMBEDDINGS}word_embeddings.weight"],
    "encoder.positions": [f"{EMBEDDINGS}position_embeddings.weight"],
} | norm("encoder.norm", f"{EMBEDDINGS}LayerNorm")
GENERATOR_NAMES = (
    dense("generator_project", "electra.embeddings_project")
    | blocks("generator")
    | dense("generator_head.dense", "generator_predictions.dense")
    | norm("generator_head.norm", "generator_predictions.LayerNorm")
    | {"generator_head.bias": ["generator_lm_head.bias"]}
)
DISCRIMINATOR_NAMES = (
    dense("encoder.project", "electra.embeddings_project")
    | blocks("encoder")
    | dense("discriminator_dense", "discriminator_predictions.dense")
    | dense("discriminator_output", "discriminator_predictions.dense_prediction")
)


def draw(model):
    model.eval()
    with torch.no_grad():
        for path, parameter in model.named_parameters():
            gain = "LayerNorm" in path and path.endswith("weight")
            parameter.normal_(1.0 if gain else 0.0, 0.3)
            if path == f"{EMBEDDINGS}token_type_embeddings.weight":
                parameter.zero_()  # cloze has one segment here
    return model


def take(tensors, kind, names, model, of):
    parameters = dict(model.named_parameters())
    for ours, theirs in names.items():
        joined = torch.cat([of(parameters[path]) for path in theirs])
        table = ours in ("encoder.tokens", "encoder.positions")
        tensors[f"{kind}/{ours}"] = (joined.T if joined.dim() == 2 and not table else joined).contiguous().clone()


torch.manual_seed(20200323)
generator = draw(ElectraForMaskedLM(config(**GENERATOR)))
discriminator = draw(ElectraForPreTraining(config()))
with torch.no_grad():
    shared = dict(generator.named_parameters())
    for path, parameter in discriminator.named_parameters():
        if path.startswith(EMBEDDINGS):
            parameter.copy_(shared[path])

originals = torch.randint(5, VOCABULARY, (18,))
hidden = originals.clone()
hidden[ROWS] = MASK
replaced = originals.clone()
replaced[ROWS] = torch.randint(5, VOCABULARY, (len(ROWS),))
labels = torch.full((18,), -100)
labels[ROWS] = originals[ROWS]
told = generator(input_ids=hidden.reshape(2, 9), labels=labels.reshape(2, 9))
told.loss.backward()
judged = discriminator(input_ids=replaced.reshape(2, 9), labels=(replaced != originals).long().reshape(2, 9))
judged.loss.backward()

tensors = {
    "originals": originals.float(),
    "hidden": hidden.float(),
    "replaced": replaced.float(),
    "rows": torch.tensor(ROWS).float(),
    "generator logits": told.logits.detach().reshape(18, VOCABULARY)[ROWS].clone(),
    "generator loss": told.loss.detach().reshape(1),
    "discriminator logits": judged.logits.detach().reshape(18),
    "discriminator loss": judged.loss.detach().reshape(1),
}
for kind, model, names in (
    ("generator", generator, GENERATOR_NAMES),
    ("discriminator", discriminator, DISCRIMINATOR_NAMES),
):
    take(tensors, "weight", EMBEDDING_NAMES | names, model, lambda parameter: parameter.detach())
    take(tensors, f"{kind} gradient", EMBEDDING_NAMES | names, model, lambda parameter: parameter.grad)
    used = {theirs for parts in (EMBEDDING_NAMES | names).values() for theirs in parts}
    left = {path for path, _ in model.named_parameters() if path not in used}
    assert left == {f"{EMBEDDINGS}token_type_embeddings.weight"}, left
made_by = f"transformers {transformers.__version__}, torch {torch.__version__}"
save_file(tensors, Path(__file__).with_name("electra.safetensors"), metadata={"made_by": made_by})
