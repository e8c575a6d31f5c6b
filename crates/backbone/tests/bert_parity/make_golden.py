"""Makes golden.json: a tiny BertForMaskedLM with random weights, its inputs and its logits.

    python -m venv venv && venv/bin/pip install torch transformers
    venv/bin/python make_golden.py

The weights are drawn large (standard deviation 0.3), so that every part moves the logits.
"""

import json
from pathlib import Path

import torch
import transformers
from transformers import BertConfig, BertForMaskedLM

torch.manual_seed(20190524)
config = BertConfig(
    vocab_size=50,
    hidden_size=16,
    num_hidden_layers=2,
    num_attention_heads=2,
    intermediate_size=40,
    max_position_embeddings=12,
    type_vocab_size=2,
    hidden_act="gelu",
    hidden_dropout_prob=0.0,
    attention_probs_dropout_prob=0.0,
    attn_implementation="eager",
)
model = BertForMaskedLM(config).eval()
with torch.no_grad():
    for name, parameter in model.named_parameters():
        parameter.normal_(1.0 if name.endswith("LayerNorm.weight") else 0.0, 0.3)
        parameter.copy_(parameter.round(decimals=6))  # what the file holds is what made the logits
    # `from_pretrained` ties the decoder; a model built from a configuration must be tied as well.
    assert model.cls.predictions.decoder.weight is model.bert.embeddings.word_embeddings.weight
    ids = torch.randint(0, config.vocab_size, (2, 9))
    logits = model(input_ids=ids).logits

skipped = {"cls.predictions.decoder.weight", "cls.predictions.decoder.bias"}
weights = {name: tensor for name, tensor in model.named_parameters() if name not in skipped}
golden = {
    "made_by": f"transformers {transformers.__version__}, torch {torch.__version__}",
    "config": {
        "vocabulary": config.vocab_size,
        "width": config.hidden_size,
        "layers": config.num_hidden_layers,
        "heads": config.num_attention_heads,
        "feed_forward": config.intermediate_size,
        "window": config.max_position_embeddings,
    },
    # Shape and row-major values; matrices of dense layers are [out, in].
    "weights": {
        name: {"shape": list(tensor.shape), "values": [round(value, 6) for value in tensor.flatten().tolist()]}
        for name, tensor in weights.items()
    },
    "ids": ids.tolist(),
    "logits": [round(value, 6) for value in logits.flatten().tolist()],
}
Path(__file__).with_name("golden.json").write_text(json.dumps(golden, separators=(",", ":")) + "\n")
