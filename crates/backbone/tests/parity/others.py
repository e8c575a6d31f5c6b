"""Makes others/<name>/: tiny models with random weights as people have them who trained with transformers, in what differs from
hub/: RoBERTa and where its positions begin, poolers and further heads, another epsilon, GELU by tanh, segments, embeddings
narrower than the blocks, a vocabulary in another order, attention to near positions in some layers, and a DeBERTa with several of these.

    python -m venv venv && venv/bin/pip install -r requirements.txt
    venv/bin/python others.py

Nothing is downloaded. golden.safetensors has what a model answers about two texts that it read in one batch, padded and masked.
"""

import shutil
from pathlib import Path

import torch
import transformers
from safetensors.torch import save_file

VOCABULARY, WIDTH, LAYERS, WINDOW = 20, 8, 2, 12


def sizes(**more):
    return dict(
        vocab_size=VOCABULARY,
        hidden_size=WIDTH,
        num_hidden_layers=LAYERS,
        num_attention_heads=2,
        intermediate_size=12,
        max_position_embeddings=WINDOW,
    ) | more


def like_bert(**more):
    return sizes(pad_token_id=0, bos_token_id=2, eos_token_id=3) | more


# <s> <pad> </s> <unk> .. <mask>, and positions from behind the padding token.
LIKE_ROBERTA = sizes(
    pad_token_id=1, bos_token_id=0, eos_token_id=2, max_position_embeddings=WINDOW + 2, type_vocab_size=1, layer_norm_eps=1e-5
)
ROPE = {
    "full_attention": {"rope_type": "default", "rope_theta": 160_000.0},
    "sliding_attention": {"rope_type": "default", "rope_theta": 10_000.0},
}
CONFIGURATIONS = {
    "roberta": ("RobertaForMaskedLM", transformers.RobertaConfig(**LIKE_ROBERTA)),
    "roberta-alone": ("RobertaModel", transformers.RobertaConfig(**LIKE_ROBERTA)),
    "bert-pairs": ("BertForPreTraining", transformers.BertConfig(**like_bert(layer_norm_eps=1e-3))),
    "bert-alone": ("BertModel", transformers.BertConfig(**like_bert(hidden_act="gelu_new"))),
    "albert-pairs": (
        "AlbertForPreTraining",
        transformers.AlbertConfig(**like_bert(embedding_size=6, hidden_act="gelu_new", num_hidden_groups=1)),
    ),
    "electra-small": ("ElectraForPreTraining", transformers.ElectraConfig(**like_bert(embedding_size=4))),
    "electra-small-generator": ("ElectraForMaskedLM", transformers.ElectraConfig(**like_bert(embedding_size=4))),
    "modernbert": (
        "ModernBertForMaskedLM",
        transformers.ModernBertConfig(
            **like_bert(num_hidden_layers=4, cls_token_id=2, sep_token_id=3),
            layer_types=["full_attention", "sliding_attention", "sliding_attention", "full_attention"],
            rope_parameters=ROPE,
            local_attention=20,
        ),
    ),
    "deberta": (
        "DebertaV2ForMaskedLM",
        transformers.DebertaV2Config(
            **like_bert(hidden_act="gelu_new", layer_norm_eps=1e-3, type_vocab_size=2),
            relative_attention=True,
            pos_att_type=["p2c", "c2p"],
            position_buckets=4,
            norm_rel_ebd="layer_norm",
            share_att_key=True,
            position_biased_input=True,
        ),
    ),
}


def texts(name):
    start, end, mask = (0, 2, 19) if name.startswith("roberta") else (2, 3, 4)
    return [[start, 7, 12, mask, 18, 5, 5, 10, end], [start, 17, mask, 6, 9, 11, end]]


def drawn(class_name, config):
    model = getattr(transformers, class_name)(config).eval()
    with torch.no_grad():
        for path, parameter in model.named_parameters():
            gain = "norm" in path.lower() and path.endswith("weight")
            parameter.normal_(1.0 if gain else 0.0, 0.3)
    return model


def make(name, model, config):
    folder = Path(__file__).parent / "others" / name
    shutil.rmtree(folder, ignore_errors=True)
    model.save_pretrained(folder)
    (folder / "generation_config.json").unlink(missing_ok=True)
    rows = texts(name)
    longest = max(map(len, rows))
    ids = torch.tensor([row + [config.pad_token_id] * (longest - len(row)) for row in rows])
    with torch.no_grad():
        found = model(input_ids=ids, attention_mask=(ids != config.pad_token_id).long(), output_hidden_states=True)
    logits = getattr(found, "logits", None)
    logits = getattr(found, "prediction_logits", logits)
    golden = {}
    for row, text in enumerate(rows):
        golden[f"ids/{row}"] = torch.tensor(text).float()
        golden[f"states/{row}"] = found.hidden_states[-1][row, : len(text)].contiguous()
        if logits is not None:
            golden[f"logits/{row}"] = logits[row, : len(text)].contiguous()
    made_by = f"transformers {transformers.__version__}, torch {torch.__version__}"
    save_file(golden, folder / "golden.safetensors", metadata={"made_by": made_by})


torch.manual_seed(20200424)
for name, (class_name, config) in CONFIGURATIONS.items():
    make(name, drawn(class_name, config), config)
