"""Judges an exported masked language model by tasks, as `cloze eval` does and with transformers, and holds the numbers against each other.

    python tasks.py target/release/cloze FOLDER

FOLDER is what `cloze export --to hf` wrote of a run with cloze's own tokenizer. Both sides get the same questions: minimal pairs in words of the
built-in language by pseudo-log-likelihood; its held-out text with the masks that cloze draws, which are drawn again here, of single tokens, whole
words and spans; tags of words, some of them wrong by design, and the number of a sentence's subject, to which a multinomial logistic regression is
fitted on the states of every layer; and which sentence is nearest by the cosine of mean states. A regression has one optimum: here it is found by
torch's L-BFGS in double precision, of what scikit-learn minimises with C = 1.

Prints both numbers, and ends with status 1 where they are too far apart. Fine-tuning is that of trainer.py and fine_tuned.py.
"""

import random
import subprocess
import sys
import tempfile
from pathlib import Path

try:
    import torch
    from transformers import AutoModelForMaskedLM, AutoTokenizer
    from transformers.utils import logging
except ImportError as missing:
    print(f"skipped: {missing.name} is not installed (requirements.txt)")
    sys.exit(0)

import sentences
from draws import Draw

logging.set_verbosity_error()
logging.disable_progress_bar()
FIRST_ORDINARY = 5  # cloze's own tokenizers number the special tokens first
WINDOWS = 16
PAIRS, TAGGED, CLASSIFIED = 60, 60, 120
# Of a mean of logarithms, and of a share: so many of the answers may lie on the edge.
CLOSE, FEW = 1e-4, 0.01
ID, WORD_START = (1 << 29) - 1, 1 << 31  # crates/corpus/src/shard.rs
SPAN = 3  # crates/evals/src/masked_text/masks.rs
ROUNDING = 1e-6  # crates/evals/src/retrieval.rs
cloze, folder = sys.argv[1], sys.argv[2]


def pairs(draw):
    """Sentences, and the same with a word in the place of another."""
    texts = [text for text, _ in sentences.parts()["test"][:PAIRS]]
    others = sorted({word for text in texts for word in text.split()})
    found = []
    for text in texts:
        words = text.split()
        place = draw.randrange(len(words))
        words[place] = draw.choice([word for word in others if word != words[place]])
        found.append((text, " ".join(words)))
    return found


def tagged(draw, part):
    """Words with a tag that they have, or one time in five another one."""
    kinds = {"the": "DET", "can": "AUX", "will": "AUX", "who": "PRON", ".": "PUNCT"}
    kinds |= {word: "ADP" for word in sentences.PLACES} | {word: "VERB" for word in sentences.ACTS}
    names = sorted({*kinds.values(), "NOUN"})
    tag = lambda word: draw.choice(names) if draw.random() < 0.2 else kinds.get(word, "NOUN")
    return [[(word, tag(word)) for word in text.split()] for text, _ in sentences.parts()[part][:TAGGED]]


def written(work):
    draw = random.Random(2)
    asked = {"pairs": pairs(draw), "train": tagged(draw, "train"), "test": tagged(draw, "test")}
    (work / "pairs.txt").write_text("".join(f"{good}\t{bad}\n" for good, bad in asked["pairs"]))
    for part in ["train", "test"]:
        blocks = ("".join(f"{word}\t{tag}\n" for word, tag in words) for words in asked[part])
        (work / f"{part}.tags").write_text("\n".join(blocks))
        asked[f"{part}.labels"] = sentences.parts()[part][:CLASSIFIED]
        (work / f"{part}.txt").write_text("".join(f"{text}\t{label}\n" for text, label in asked[f"{part}.labels"]))
    return asked


def ours(work):
    """What cloze finds, by task and metric, and the held-out text that it read."""
    tasks = f"""[
        {{ task = "minimal-pairs", name = "pairs", path = "{work}/pairs.txt" }},
        {{ task = "masked-loss", windows = {WINDOWS} }},
        {{ task = "masked-text", windows = {WINDOWS} }},
        {{ task = "frozen-classification", name = "number", train = "{work}/train.txt", test = "{work}/test.txt", examples = {CLASSIFIED} }},
        {{ task = "retrieval", name = "nearest", path = "{work}/pairs.txt" }},
        {{ task = "probing", name = "tags", train = "{work}/train.tags", test = "{work}/test.tags", column = -1, sentences = {TAGGED} }}]"""
    command = [cloze, "eval", folder, "--tasks", tasks, "--results", work / "results"]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    rows = [line.split("\t") for line in said.splitlines()[1:]]
    (text,) = (work / "results").glob(".cache/*/held_out.ids")
    ids = torch.frombuffer(bytearray(text.read_bytes()), dtype=torch.uint32).to(torch.int64)
    # The three highest bits say where words and entities begin.
    text = list(zip((ids & ID).tolist(), (ids & WORD_START != 0).tolist()))
    return {(task, metric): float(value) for task, metric, value in rows}, text


def logits(ids):
    return model(input_ids=torch.tensor(ids)).logits


def of_sentence(text):
    """The pseudo-log-likelihood of a sentence, and of how many tokens it is."""
    ids = tokenizer(text)["input_ids"]
    places = [place for place, token in enumerate(ids) if token >= FIRST_ORDINARY]
    hidden = [[tokenizer.mask_token_id if other == place else token for other, token in enumerate(ids)] for place in places]
    chances = torch.log_softmax(logits(hidden), -1)
    return sum(chances[row, place, ids[place]].item() for row, place in enumerate(places)), len(places)


def minimal_pairs(asked):
    scored = [[of_sentence(text) for text in pair] for pair in asked]
    margins = torch.tensor([good[0] - bad[0] for good, bad in scored])
    each = torch.tensor([good[0] / good[1] - bad[0] / bad[1] for good, bad in scored])
    right = lambda margins: (margins > 0).double().mean().item()
    return {
        ("pairs", "accuracy"): (right(margins), FEW),
        ("pairs", "accuracy.per_token"): (right(each), FEW),
        ("pairs", "margin"): (margins.mean().item(), CLOSE),
        ("pairs", "margin.per_token"): (each.mean().item(), CLOSE),
        ("pairs", "vote"): (torch.sigmoid(margins).mean().item(), CLOSE),
    }


def windows(text):
    """As many, spread over the text: their numbers, ids, and which of these begin a word."""
    length = model.config.max_position_embeddings
    available = len(text) // (length - 1)
    for index in range(min(WINDOWS, available)):
        window = index * available // min(WINDOWS, available)
        ids, begins = zip(*text[window * (length - 1) : (window + 1) * (length - 1)])
        yield window, [tokenizer.cls_token_id, *ids], [True, *begins]


def shuffled(draw, items):
    items = list(items)
    for drawn, last in enumerate(range(len(items) - 1, 0, -1), 1):
        other = draw.bits(drawn) * (last + 1) >> 64
        items[last], items[other] = items[other], items[last]
    return items


def asked_at(masked):
    """Loss and accuracy at hidden places, of windows with the places of each."""
    losses, right = [], []
    for ids, places in masked:
        inputs = [tokenizer.mask_token_id if place in places else token for place, token in enumerate(ids)]
        chances = torch.log_softmax(logits([inputs])[0], -1)
        losses += [-chances[place, ids[place]].item() for place in places]
        right += [chances[place].argmax().item() == ids[place] for place in places]
    return sum(losses) / len(losses), sum(right) / len(right)


def ordinary(ids):
    return [place for place, token in enumerate(ids) if token >= FIRST_ORDINARY]


def masked_loss(text):
    """crates/evals/src/masked_loss.rs: of each window 15 % of its tokens are hidden."""
    masked = []
    for window, ids, _ in windows(text):
        places = shuffled(Draw.of(0x6D61736B, "masked-loss").example(window), ordinary(ids))
        masked.append((ids, places[: max(1, int(len(places) * 0.15 + 0.5))]))
    loss, accuracy = asked_at(masked)
    return {("masked-loss", "loss"): (loss, CLOSE), ("masked-loss", "accuracy"): (accuracy, FEW)}


def words_of(ids, begins):
    """The words of a window as lists of places; a special token stands between two, and is in none."""
    words, last = [], None
    for place in ordinary(ids):
        if begins[place] or last != place - 1:
            words.append([])
        words[-1].append(place)
        last = place
    return words


def spans_of(ids, begins):
    """Three words each, the last of a row that no special token parts has what is left."""
    rows, found = [], []
    for word in words_of(ids, begins):
        if not rows or rows[-1][-1][-1] + 1 != word[0]:
            rows.append([])
        rows[-1].append(word)
    for row in rows:
        found += [sum(row[first : first + SPAN], []) for first in range(0, len(row), SPAN)]
    return found


def masked_text(text):
    """crates/evals/src/masked_text: units are hidden until 15 % of the tokens are, or one more would be farther from it."""
    units = {"tokens": lambda ids, _: [[place] for place in ordinary(ids)], "words": words_of, "spans": spans_of}
    found, accuracies = {}, []
    for name, of in units.items():
        masked = []
        for window, ids, begins in windows(text):
            wanted, places = 0.15 * len(ordinary(ids)), []
            for unit in shuffled(Draw.of(0x74657874, "masked-text").purpose(name).example(window), of(ids, begins)):
                if places and wanted - len(places) < len(unit) / 2:
                    break
                places += unit
            masked.append((ids, places))
        loss, accuracy = asked_at(masked)
        accuracies.append(accuracy)
        found |= {(f"masked-text/{name}", "loss"): (loss, CLOSE), (f"masked-text/{name}", "accuracy"): (accuracy, FEW)}
    return found | {("masked-text", "accuracy"): (sum(accuracies) / len(accuracies), FEW)}


def states(part):
    """Of every layer a row for each word, the mean over its tokens; and the words' tags."""
    rows, tags = [], []
    for words in part:
        pieces = [tokenizer(word, add_special_tokens=False)["input_ids"] for word, _ in words]
        ids = [tokenizer.cls_token_id, *sum(pieces, []), tokenizer.sep_token_id]
        layers = torch.stack(model(input_ids=torch.tensor([ids]), output_hidden_states=True).hidden_states)[:, 0]
        place = 1
        for own, (_, tag) in zip(pieces, words):
            rows.append(layers[:, place : place + len(own)].mean(1))
            tags.append(tag)
            place += len(own)
    return torch.stack(rows, 1).double(), tags


def fitted(rows, labels, classes):
    """What scikit-learn's LogisticRegression(C=1) minimises: of two classes it has one row of weights, and opposite ones here."""
    penalty = 1.0 if classes == 2 else 0.5
    weights = torch.zeros(rows.shape[1], classes, dtype=torch.double, requires_grad=True)
    bias = torch.zeros(classes, dtype=torch.double, requires_grad=True)
    search = torch.optim.LBFGS([weights, bias], max_iter=5000, tolerance_grad=1e-8, tolerance_change=0, line_search_fn="strong_wolfe")

    def loss():
        search.zero_grad()
        found = torch.nn.functional.cross_entropy(rows @ weights + bias, labels, reduction="sum") + penalty * weights.square().sum()
        found.backward()
        return found

    search.step(loss)
    return weights.detach(), bias.detach()


def regressions(name, train, test, labels, truths):
    """How often a regression of each layer's rows is right."""
    names = sorted(set(labels))
    labels = torch.tensor([names.index(label) for label in labels])
    truths = torch.tensor([names.index(label) for label in truths])
    found = {}
    for layer in range(len(train)):
        mean, spread = train[layer].mean(0), train[layer].std(0, unbiased=False)
        with torch.enable_grad():
            weights, bias = fitted((train[layer] - mean) / spread, labels, len(names))
        answers = ((test[layer] - mean) / spread @ weights + bias).argmax(1)
        found[(f"{name}/layer-{layer}", "accuracy")] = ((answers == truths).double().mean().item(), FEW)
    return found


def probes(asked):
    (train, labels), (test, truths) = states(asked["train"]), states(asked["test"])
    return regressions("tags/tag", train, test, labels, truths)


def means(texts):
    """Of every layer a row for each text, the mean over its tokens."""
    return states([[(text, None)] for text in texts])[0]


def classification(asked):
    (train, labels), (test, truths) = (zip(*asked[f"{part}.labels"]) for part in ["train", "test"])
    return regressions("number", means(train), means(test), labels, truths)


def retrieval(asked):
    """Each text once. The place of the right one is behind all that are nearer, and in the middle of those as near."""
    firsts, seconds = ([*dict.fromkeys(texts)] for texts in zip(*asked))
    rows = [torch.nn.functional.normalize(means(texts), dim=-1) for texts in [firsts, seconds]]
    found = {}
    for layer, near in enumerate(rows[0] @ rows[1].transpose(1, 2)):
        ranks = []
        for place, text in enumerate(firsts):
            right = [seconds.index(second) for first, second in asked if first == text]
            apart = near[place] - near[place, right].max()
            apart[right] = -1
            ranks.append(1 + (apart > ROUNDING).sum().item() + (apart.abs() <= ROUNDING).sum().item() / 2)
        first = sum({1: 1, 1.5: 0.5}.get(rank, 0) for rank in ranks) / len(ranks)
        found[(f"nearest/layer-{layer}", "recall_at_1")] = (first, FEW)
        found[(f"nearest/layer-{layer}", "reciprocal_rank")] = (sum(1 / rank for rank in ranks) / len(ranks), FEW)
    return found


tokenizer = AutoTokenizer.from_pretrained(folder)
model = AutoModelForMaskedLM.from_pretrained(folder).eval()
with tempfile.TemporaryDirectory() as place, torch.no_grad():
    asked = written(Path(place))
    found, text = ours(Path(place))
    theirs = minimal_pairs(asked["pairs"]) | masked_loss(text) | masked_text(text)
    theirs |= probes(asked) | classification(asked) | retrieval(asked["pairs"])
far = [key for key, (value, apart) in theirs.items() if not abs(found[key] - value) <= apart]
for (task, metric), (value, _) in theirs.items():
    print(f"{Path(folder).name}: {task} {metric}: cloze {found[task, metric]:.6f}, transformers {value:.6f}")
for task, metric in far:
    print(f"{task} {metric} are too far apart")
sys.exit(bool(far))
