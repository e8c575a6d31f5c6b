"""Makes hub/<class>/: tiny models of transformers with random weights as `save_pretrained` writes them, and what they answer
about two texts of 9 and 7 tokens that they read in one batch, padded and masked.

    python -m venv venv && venv/bin/pip install -r requirements.txt
    venv/bin/python hub.py

Nothing is downloaded. The weights are drawn as in make.py. cloze's `modern` has global attention in every layer and the
rotary base 10,000. The buckets of DeBERTa's distances are fewer than the texts are long; one of its two models has the keys and
positions of DeBERTaV3, the other one's are its own and in the embeddings. The embeddings of ELECTRA's generator are the discriminator's, as in a model that was trained.

Models with a verdict on two segments read each text as two. Beside that loss.safetensors has two windows with predictions and the
answers to both questions, and what is lost, and gradients.safetensors its gradients under the names of the parameters.
"""

import shutil
from pathlib import Path

import torch
import transformers
from safetensors.torch import save_file

VOCABULARY, WIDTH, LAYERS, WINDOW = 20, 8, 2, 12
PAD, UNKNOWN, START, END, MASK = range(5)
TEXTS = [[START, 7, 12, MASK, 19, 5, 5, 10, END], [START, 18, MASK, 6, 9, 11, END]]
# Where the second segment of a text begins, for those that are asked about two.
SECOND = [5, 4]
# Of two windows of eight positions: those that are predicted.
WINDOWS, ROWS = [[START, 6, MASK, END, 15, 8, 8, END], [START, 19, 7, 7, END, MASK, 11, END]], [2, 6, 9, 13]


def bert_like(config, width=WIDTH, **more):
    return config(
        vocab_size=VOCABULARY,
        hidden_size=width,
        num_hidden_layers=LAYERS,
        num_attention_heads=max(1, width // 4),
        intermediate_size=3 * width // 2,
        max_position_embeddings=WINDOW,
        pad_token_id=PAD,
        bos_token_id=START,
        eos_token_id=END,
        **more,
    )


def modern_like(config):
    rope = {"rope_type": "default", "rope_theta": 10_000.0}
    return bert_like(
        config,
        layer_types=["full_attention"] * LAYERS,
        rope_parameters={"full_attention": rope, "sliding_attention": rope},
        cls_token_id=START,
        sep_token_id=END,
    )


def deberta_like(**more):
    usual = {"share_att_key": True, "position_biased_input": False}
    return bert_like(
        transformers.DebertaV2Config,
        relative_attention=True,
        position_buckets=4,
        max_relative_positions=WINDOW,
        norm_rel_ebd="layer_norm",
        pos_att_type=["p2c", "c2p"],
        type_vocab_size=0,
        **(usual | more),
    )


CONFIGURATIONS = {
    "BertForMaskedLM": bert_like(transformers.BertConfig),
    "BertLMHeadModel": bert_like(transformers.BertConfig, is_decoder=True),
    "ElectraForPreTraining": bert_like(transformers.ElectraConfig, embedding_size=WIDTH),
    "ElectraForMaskedLM": bert_like(transformers.ElectraConfig, width=WIDTH // 2, embedding_size=WIDTH),
    "ModernBertForMaskedLM": modern_like(transformers.ModernBertConfig),
    "ModernBertDecoderForCausalLM": modern_like(transformers.ModernBertDecoderConfig),
    "AlbertForMaskedLM": bert_like(
        transformers.AlbertConfig, embedding_size=6, num_hidden_groups=1, hidden_act="gelu", type_vocab_size=2
    ),
    "DebertaV2ForMaskedLM": deberta_like(),
    "DebertaV2Model": deberta_like(share_att_key=False, position_biased_input=True),
    "BertForPreTraining": bert_like(transformers.BertConfig),
    "AlbertForPreTraining": bert_like(
        transformers.AlbertConfig, embedding_size=6, num_hidden_groups=1, hidden_act="gelu", type_vocab_size=2
    ),
}
# What the label of two segments is called, and what is said of them.
PAIRS = {
    "BertForPreTraining": ("next_sentence_label", "seq_relationship_logits"),
    "AlbertForPreTraining": ("sentence_order_label", "sop_logits"),
}


def drawn(name, shared):
    model = getattr(transformers, name)(CONFIGURATIONS[name]).eval()
    with torch.no_grad():
        for path, parameter in model.named_parameters():
            gain = "norm" in path.lower() and path.endswith("weight")
            parameter.normal_(1.0 if gain else 0.0, 0.3)
            if ".embeddings." in path and name.startswith("Electra"):
                parameter.copy_(shared.setdefault(path, parameter.clone()))
    return model


def padded():
    longest = max(map(len, TEXTS))
    ids = torch.tensor([text + [PAD] * (longest - len(text)) for text in TEXTS])
    return ids, (ids != PAD).long()


def scored(name, model, text):
    """The sentence's score by cloze's rules: the discriminator's, and the pseudo-log-likelihood of the generator."""
    places = [place for place, token in enumerate(text) if token > MASK]
    ids = torch.tensor([text])
    if name == "ElectraForPreTraining":
        logits = model(input_ids=ids).logits[0]
        return torch.nn.functional.logsigmoid(-logits)[places].sum()
    total = torch.zeros(())
    for place in places:
        hidden = ids.clone()
        hidden[0, place] = MASK
        total += torch.log_softmax(model(input_ids=hidden).logits[0, place], -1)[text[place]]
    return total


def segments(text, second):
    return [int(place >= second) for place in range(len(text))]


def lost(name, model, folder, made_by):
    """The loss of masked tokens and of the verdict on two windows, the second of which does not belong together."""
    label, _ = PAIRS[name]
    kinds = torch.tensor([segments(text, 4) for text in WINDOWS])
    apart = torch.tensor([0, 1])
    labels = torch.full((2, 8), -100)
    labels.view(-1)[ROWS] = torch.tensor([12, 9, 18, 5])
    found = model(input_ids=torch.tensor(WINDOWS), token_type_ids=kinds, labels=labels, **{label: apart})
    found.loss.backward()
    told = {
        "ids": torch.tensor(WINDOWS).flatten(),
        "segments": kinds.flatten(),
        "rows": torch.tensor(ROWS),
        "targets": labels.view(-1)[ROWS],
        "apart": apart,
        "loss": found.loss.detach().reshape(1),
    }
    told = {what: numbers.float() for what, numbers in told.items()}
    save_file(told, folder / "loss.safetensors", metadata={"made_by": made_by})
    gradients = {path: parameter.grad for path, parameter in model.named_parameters()}
    save_file(gradients, folder / "gradients.safetensors", metadata={"made_by": made_by})


def make(name, model):
    folder = Path(__file__).parent / "hub" / name
    shutil.rmtree(folder, ignore_errors=True)
    model.save_pretrained(folder)
    (folder / "generation_config.json").unlink(missing_ok=True)
    ids, mask = padded()
    kinds = [segments(text, second) if name in PAIRS else [0] * len(text) for text, second in zip(TEXTS, SECOND)]
    told = {"token_type_ids": torch.tensor([row + [0] * (ids.shape[1] - len(row)) for row in kinds])} if name in PAIRS else {}
    with torch.no_grad():
        found = model(input_ids=ids, attention_mask=mask, output_hidden_states=True, **told)
        golden = {}
        for row, text in enumerate(TEXTS):
            golden[f"ids/{row}"] = torch.tensor(text).float()
            logits = getattr(found, "logits", getattr(found, "prediction_logits", None))
            if logits is not None:
                golden[f"logits/{row}"] = logits[row, : len(text)].contiguous()
            if name in PAIRS:
                golden[f"segments/{row}"] = torch.tensor(kinds[row]).float()
                golden[f"verdict/{row}"] = getattr(found, PAIRS[name][1])[row].contiguous()
            golden[f"states/{row}"] = found.hidden_states[-1][row, : len(text)].contiguous()
            if name.startswith("Electra"):
                golden[f"score/{row}"] = scored(name, model, text).reshape(1)
    made_by = f"transformers {transformers.__version__}, torch {torch.__version__}"
    save_file(golden, folder / "golden.safetensors", metadata={"made_by": made_by})
    if name in PAIRS:
        lost(name, model, folder, made_by)


torch.manual_seed(20200424)
shared_embeddings = {}
for class_name in CONFIGURATIONS:
    make(class_name, drawn(class_name, shared_embeddings))
