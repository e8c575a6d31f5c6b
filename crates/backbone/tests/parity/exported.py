"""Holds folders that `cloze export` wrote against what cloze itself said of some lines (`cloze_check.json`).

    cloze export RUN --to hf FOLDER --check lines.txt
    venv/bin/python exported.py FOLDER ...

Prints the largest differences, and ends with status 1 where one is too large or an id is another one. A folder of
sentence-transformers is loaded by that library where it is installed, too.
"""

import json
import sys
from pathlib import Path

try:
    import torch
    from transformers import AutoModel, AutoTokenizer
    from transformers.utils import logging
    import transformers
except ImportError as missing:
    print(f"skipped: {missing.name} is not installed (requirements.txt)")
    sys.exit(0)

logging.set_verbosity_error()
logging.disable_progress_bar()
TOLERANCE = 1e-4
FIRST_ORDINARY = 5  # cloze's own tokenizers number the special tokens first


def load(kind, folder):
    model, said = kind.from_pretrained(folder, output_loading_info=True)
    said = {name: list(found) for name, found in said.items() if found}
    # BertModel makes a pooler that no hidden state depends on; AutoModel leaves the heads.
    said["missing_keys"] = [key for key in said.get("missing_keys", []) if not key.startswith("pooler.")]
    if kind is AutoModel:
        said.pop("unexpected_keys", None)
    said = {name: found for name, found in said.items() if found}
    assert not said, f"{folder}: {said}"
    return model.eval()


def class_of(folder):
    return getattr(transformers, json.loads((folder / "config.json").read_text())["architectures"][0])


def ids_of(tokenizer, lines, problems):
    wrong = 0
    for line in lines:
        found = tokenizer(line["text"], split_special_tokens=True)["input_ids"]
        if found != line["ids"]:
            wrong += 1
            if wrong <= 3:
                problems.append(f"ids of {line['text']!r}: {found} and not {line['ids']}")
    return wrong


def states(model, lines, pad):
    """The largest difference of hidden states, all lines in one padded batch."""
    longest = max(len(line["ids"]) for line in lines)
    ids = torch.tensor([line["ids"] + [pad] * (longest - len(line["ids"])) for line in lines])
    mask = torch.tensor([[1] * len(line["ids"]) + [0] * (longest - len(line["ids"])) for line in lines])
    found = model(input_ids=ids, attention_mask=mask).last_hidden_state
    return max(
        (found[row, : len(line["ids"])] - torch.tensor(line["states"])).abs().max().item() for row, line in enumerate(lines)
    )


def logits_of(model, ids):
    found = model(input_ids=torch.tensor(ids))
    return found["logits"] if "logits" in found else found["prediction_logits"]


def discriminator(model, ids, places, mask, words):
    return torch.nn.functional.logsigmoid(-logits_of(model, [ids])[0])[places].sum()


def masked(model, ids, places, mask, hidden_with):
    hidden = torch.tensor([ids] * len(places))
    rows = torch.arange(len(places))
    for row, place in enumerate(places):
        for other in [place, *hidden_with(place)]:
            hidden[row, other] = mask
    logits = logits_of(model, hidden.tolist())[rows, places]
    return torch.log_softmax(logits, -1)[rows, torch.tensor([ids[place] for place in places])].sum()


def pseudo_log_likelihood(model, ids, places, mask, words):
    return masked(model, ids, places, mask, lambda place: [])


def word_l2r(model, ids, places, mask, words):
    """Kauf & Ivanova 2023; minicons' `within_word_l2r`."""
    return masked(
        model, ids, places, mask, lambda place: [other for other in range(place + 1, len(ids)) if words[other] == words[place]]
    )


def restoration(model, ids, places, mask, words):
    logits = logits_of(model, [ids])[0]
    return torch.log_softmax(logits, -1)[places, [ids[place] for place in places]].sum()


def left_to_right(model, ids, places, mask, words):
    logits = torch.log_softmax(logits_of(model, [ids])[0], -1)
    return sum(logits[place - 1, ids[place]] for place in places)


RULES = {
    "discriminator": discriminator,
    "generator": pseudo_log_likelihood,
    "pseudo-log-likelihood": pseudo_log_likelihood,
    "pseudo-log-likelihood-word-l2r": word_l2r,
    "left-to-right": left_to_right,
    "restoration": restoration,
}


def scores(models, lines, tokenizer):
    """The largest difference of a sentence's score for each token that is scored, by rule."""
    worst = {}
    for line in lines:
        places = [place for place, token in enumerate(line["ids"]) if token >= FIRST_ORDINARY]
        words = tokenizer(line["text"], split_special_tokens=True).word_ids()
        for rule, ours in line["scores"].items():
            # Beyond ASCII words may begin where Unicode says so and this tokenizer does not.
            if rule in RULES and places and rule in models and (RULES[rule] is not word_l2r or line["text"].isascii()):
                theirs = RULES[rule](models[rule], line["ids"], places, tokenizer.mask_token_id, words).item()
                worst[rule] = max(worst.get(rule, 0.0), abs(theirs - ours) / len(places))
    return worst


def verdicts(model, pairs, tokenizer, problems):
    """The largest difference of the two numbers about two segments, each pair read on its own by its own tokenizer."""
    worst = {}
    for pair in pairs:
        read = tokenizer(*pair["texts"], split_special_tokens=True, return_tensors="pt")
        if (read["input_ids"][0].tolist(), read["token_type_ids"][0].tolist()) != (pair["ids"], pair["segments"]):
            problems.append(f"{pair['texts']} are read as {read}")
            continue
        found = model(**read)
        found = found["seq_relationship_logits"] if "seq_relationship_logits" in found else found["sop_logits"]
        difference = (found[0] - torch.tensor(pair["verdict"])).abs().max().item()
        worst["verdict"] = max(worst.get("verdict", 0.0), difference)
    return worst


@torch.no_grad()
def check(folder):
    written = json.loads((folder / "cloze_check.json").read_text())
    lines = written["lines"]
    problems = []
    tokenizer = AutoTokenizer.from_pretrained(folder)
    wrong = ids_of(tokenizer, lines, problems)
    with_numbers = [line for line in lines if "states" in line]
    found = {"states": states(load(AutoModel, folder), with_numbers, tokenizer.pad_token_id)}
    kind = class_of(folder)
    model, models = load(kind, folder), {}
    if not kind.__name__.endswith("Model") or kind.__name__ == "BertLMHeadModel":
        models = {rule: model for rule in RULES if rule != "generator"}
    if (folder / "generator").is_dir():
        models["generator"] = load(class_of(folder / "generator"), folder / "generator")
    found |= scores(models, with_numbers, tokenizer)
    # A head that answers has to be asked; a generator by its own name.
    own = [rule for rule in models if rule != "generator"]
    for rules in [own, [rule for rule in models if rule == "generator"]]:
        if rules and not any(rule in found for rule in rules):
            problems.append(f"no score was compared of {', '.join(rules)}")
    if kind.__name__.endswith("ForPreTraining") and not kind.__name__.startswith("Electra"):
        found |= verdicts(model, written["pairs"], tokenizer, problems)
        if "verdict" not in found:
            problems.append("no pair of lines was compared")
    if (folder / "modules.json").is_file():
        found |= sentences(folder, with_numbers)
    for what, difference in found.items():
        if not difference <= TOLERANCE:
            problems.append(f"{what} differ by {difference}")
    shown = ", ".join(f"{what} {difference:.1e}" for what, difference in found.items())
    print(f"{folder.name}: {kind.__name__}, {len(lines)} lines, {wrong} with other ids; largest differences: {shown}")
    return problems


def sentences(folder, lines):
    try:
        from sentence_transformers import SentenceTransformer
    except ImportError:
        print("skipped: sentence_transformers is not installed")
        return {}
    # A special token that is spelt in a line is that token to this library, and text to cloze.
    tokenizer = AutoTokenizer.from_pretrained(folder)
    lines = [line for line in lines if tokenizer(line["text"])["input_ids"] == line["ids"]]
    assert lines
    found = SentenceTransformer(str(folder), device="cpu").encode([line["text"] for line in lines])
    means = [torch.tensor(line["states"]).mean(0) for line in lines]
    return {"sentences": max((torch.tensor(row) - mean).abs().max().item() for row, mean in zip(found, means))}


problems = [problem for folder in sys.argv[1:] for problem in check(Path(folder))]
for problem in problems:
    print(problem)
sys.exit(bool(problems))
