"""Holds `cloze score` and `cloze features` on folders that transformers wrote against what transformers computes from them.

    python -m venv venv && venv/bin/pip install -r requirements.txt
    venv/bin/python imported.py target/release/cloze

Nothing is downloaded: the models are drawn, and their tokenizers are those of crates/corpus/tests/parity/folders. Of every line that
fits in the window it compares the mean of the last layer's states and, for the first sixty, the pseudo-log-likelihood for each token.
"""

import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import torch
from safetensors.torch import load_file
from transformers import (
    AlbertConfig, AutoModelForMaskedLM, AutoTokenizer, BertConfig, DebertaV2Config, ElectraConfig, ModernBertConfig, RobertaConfig, logging
)

logging.set_verbosity_error()
TOLERANCE = 1e-5
SCORED = 60
FOLDERS = Path(__file__).parents[3] / "corpus" / "tests" / "parity" / "folders"
SMALL = dict(hidden_size=32, num_hidden_layers=3, num_attention_heads=4, intermediate_size=64)
WINDOW = dict(max_position_embeddings=64)
ROBERTA = dict(max_position_embeddings=66, type_vocab_size=1, pad_token_id=1, bos_token_id=0, eos_token_id=2, layer_norm_eps=1e-5)
ALBERT = dict(embedding_size=16, hidden_act="gelu_new")
DEBERTA = dict(
    relative_attention=True, position_buckets=16, pos_att_type=["p2c", "c2p"], share_att_key=True, norm_rel_ebd="layer_norm",
    position_biased_input=False, type_vocab_size=0, max_relative_positions=-1, layer_norm_eps=1e-7, legacy=True,
)
MODERN = dict(max_position_embeddings=512, pad_token_id=0, bos_token_id=2, cls_token_id=2, eos_token_id=3, sep_token_id=3)
# Some have more rows than their tokenizers have ids.
MODELS = {
    "bert": ("word-piece", BertConfig(vocab_size=197, **SMALL, **WINDOW)),
    "roberta": ("byte-level", RobertaConfig(vocab_size=416, **SMALL, **ROBERTA)),
    "albert": ("unigram", AlbertConfig(vocab_size=95, **SMALL, **WINDOW, **ALBERT)),
    "electra": ("cased", ElectraConfig(vocab_size=400, embedding_size=64, **SMALL, **WINDOW)),
    "deberta": ("unigram", DebertaV2Config(vocab_size=96, **DEBERTA, **SMALL, **WINDOW)),
    "modernbert": ("unigram", ModernBertConfig(vocab_size=96, **SMALL, **MODERN)),
}
SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "<pad>", "<unk>", "<s>", "</s>", "<mask>"]


def written(folder, tokenizer, config):
    shutil.copytree(FOLDERS / tokenizer, folder)
    model = AutoModelForMaskedLM.from_config(config)
    with torch.no_grad():
        for path, parameter in model.named_parameters():
            gain = "norm" in path.lower() and path.endswith("weight")
            parameter.normal_(1.0 if gain else 0.0, 0.15)
    model.save_pretrained(folder)


def pseudo_log_likelihood(model, ids, places, mask):
    batch = torch.tensor([ids]).repeat(len(places), 1)
    for row, place in enumerate(places):
        batch[row, place] = mask
    logs = torch.log_softmax(model(input_ids=batch).logits.double(), -1)
    return sum(logs[row, place, ids[place]].item() for row, place in enumerate(places))


@torch.no_grad()
def compare(cloze, folder, lines):
    text, states = folder / "lines.txt", folder / "states.safetensors"
    text.write_text("".join(line + "\n" for line in lines), encoding="utf-8", newline="\n")
    said = subprocess.run([cloze, "score", folder, "--text", text, "--json"], check=True, capture_output=True, text=True)
    scored = [json.loads(line) for line in said.stdout.split("\n")[:-1]]
    subprocess.run([cloze, "features", folder, "--text", text, "--out", states], check=True, capture_output=True)
    features = load_file(states)["states"]
    tokenizer, model = AutoTokenizer.from_pretrained(folder), AutoModelForMaskedLM.from_pretrained(folder).eval()
    vocabulary = tokenizer.get_vocab()
    special = {vocabulary[name] for name in SPECIAL if name in vocabulary}
    mask = next(vocabulary[name] for name in ["[MASK]", "<mask>"] if name in vocabulary)
    of_states = of_scores = 0.0
    for row, (line, found) in enumerate(zip(lines, scored, strict=True)):
        if found["cut"]:
            continue
        ids = tokenizer(line, split_special_tokens=True)["input_ids"]
        places = [place for place, token in enumerate(ids) if token not in special]
        assert len(places) == found["tokens"], line
        mean = model.base_model(input_ids=torch.tensor([ids])).last_hidden_state[0].mean(0)
        of_states = max(of_states, (mean - features[row]).abs().max().item())
        if row < SCORED and places:
            score = pseudo_log_likelihood(model, ids, places, mask)
            of_scores = max(of_scores, abs(score - found["score"]) / len(places))
    cut = sum(found["cut"] for found in scored)
    print(f"{folder.name}: {len(lines)} lines, {cut} cut, states {of_states:.1e}, score of each token {of_scores:.1e}")
    return max(of_states, of_scores) < TOLERANCE


torch.manual_seed(20200424)
kept = [line for line, _ in json.loads((FOLDERS / "cased" / "ids.json").read_text()) if "\r" not in line]
with tempfile.TemporaryDirectory() as place:
    good = []
    for name, (tokenizer, config) in MODELS.items():
        written(Path(place) / name, tokenizer, config)
        good.append(compare(sys.argv[1], Path(place) / name, kept))
sys.exit(0 if all(good) else 1)
