"""Fine-tunes an encoder of transformers as `cloze eval` does (crates/evals/src/finetune), with the heads and orders that cloze drew;
fine_tuned.py's, and what trainer.py needs of it."""

from dataclasses import dataclass

import torch

import draws
from draws import Draw
from pretrained import RUN

# The recipe of `cloze eval`, with one learning rate: docs/judging.md.
EPOCHS, BATCH, RATE, WARMUP = 5, 16, 1e-3, 0.1
DECAY, BETAS, EPSILON, CLIP = 0.01, (0.9, 0.98), 1e-6, 1.0
# Windows are filled up to a multiple of so many positions in training.
STEP = 8
# Windows that are asked together.
ASKED = 64


@dataclass
class Exercise:
    """One window: its ids, the positions that the head reads, and the classes there or the places of both ends."""

    ids: list
    read: list
    targets: list


class Tuned(torch.nn.Module):
    """An encoder under one dense layer on its last states, which begins as cloze's."""

    def __init__(self, encoder, outputs, draw):
        super().__init__()
        self.encoder = encoder
        width = encoder.config.hidden_size
        self.out = torch.nn.Linear(width, outputs)
        with torch.no_grad():
            self.out.weight.copy_(head(draw, width, outputs))
            self.out.bias.zero_()

    def forward(self, exercises, length):
        """Scores at every position, of windows that are filled up to this length."""
        filled = lambda row, filling: row + [filling] * (length - len(row))
        ids = torch.tensor([filled(one.ids, 0) for one in exercises])
        seen = torch.tensor([filled([1] * len(one.ids), 0) for one in exercises])
        return self.out(self.encoder(input_ids=ids, attention_mask=seen).last_hidden_state)


def of_seed(seed):
    """All that cloze draws for a fine-tuning seed, from 1, of the run."""
    return Draw.of(RUN, "fine-tuning").example(seed - 1)


def head(draw, width, outputs):
    """The weights that cloze's head begins with, as torch has them."""
    numbers = Draw.of(draw.purpose("head").seed(), "initialisation").purpose("out.weight").normals(width * outputs)
    return 0.02 * torch.tensor(numbers).reshape(width, outputs).T


def ordered(rows, draw, epoch, exercise=lambda row: row):
    """The training part in the order of an epoch, from 0; `exercise` says what a row is that is none."""
    of_epoch = draw.purpose("order").step(epoch)
    key = lambda one: draws.key(one.ids, one.read, one.targets)
    return sorted(rows, key=lambda row: of_epoch.example(key(exercise(row))).bits(1))


def batches(exercises, window):
    """Windows of one length together, in their order, each batch given out when it is full; what is left comes at the end."""
    opened = {}
    for exercise in exercises:
        length = min(-(-len(exercise.ids) // STEP) * STEP, window)
        together = opened.setdefault(length, [])
        together.append(exercise)
        if len(together) == BATCH:
            yield length, opened.pop(length)
    for length in sorted(opened):
        yield length, opened[length]


def words_loss(scores, exercises):
    """Over all words of a batch alike."""
    rows = torch.cat([own[one.read] for own, one in zip(scores, exercises)])
    return torch.nn.functional.cross_entropy(rows, torch.tensor(sum((one.targets for one in exercises), [])))


def ends_loss(scores, exercises):
    """The mean of that of the first token and that of the last one, each among the positions that are read."""
    never = torch.full(scores.shape[:2], -torch.inf)
    for row, one in enumerate(exercises):
        never[row, one.read] = 0
    targets = torch.tensor([one.targets for one in exercises])
    ends = [torch.nn.functional.cross_entropy(scores[..., end] + never, targets[:, end]) for end in (0, 1)]
    return (ends[0] + ends[1]) / 2


def optimizer(model):
    # cloze's encoder of one segment has no such table; it is exported as zeros, and stays so.
    for name, parameter in model.named_parameters():
        parameter.requires_grad_("token_type" not in name)
    learnt = [parameter for parameter in model.parameters() if parameter.requires_grad]
    groups = [
        {"params": [parameter for parameter in learnt if parameter.ndim > 1], "weight_decay": DECAY},
        {"params": [parameter for parameter in learnt if parameter.ndim == 1], "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, lr=RATE, betas=BETAS, eps=EPSILON)


@torch.no_grad()
def asked(model, exercises):
    """Of every exercise the scores at the positions that it reads."""
    model.eval()
    found = []
    for first in range(0, len(exercises), ASKED):
        together = exercises[first : first + ASKED]
        scores = model(together, max(len(one.ids) for one in together))
        found += [own[one.read] for own, one in zip(scores, together)]
    return found


def tuned(encoder, material, seed):
    """What the test part is answered with, at the epoch that is best on the development part, the first of equal ones."""
    draw, window = of_seed(seed), encoder.config.max_position_embeddings
    model = Tuned(encoder, material.outputs, draw)
    update = optimizer(model)
    epochs = [[*batches(ordered(material.train, draw, epoch), window)] for epoch in range(EPOCHS)]
    step, steps, best = 0, sum(map(len, epochs)), None
    for epoch in epochs:
        model.train()
        for length, exercises in epoch:
            # The learning rate at the middle of a step (crates/trainer/src/schedule.rs).
            used = (step + 0.5) / steps
            for group in update.param_groups:
                group["lr"] = RATE * (used / WARMUP if used < WARMUP else (1 - used) / (1 - WARMUP))
            update.zero_grad()
            material.loss(model(exercises, length), exercises).backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), CLIP)
            update.step()
            step += 1
        goodness = material.dev_score(asked(model, material.dev))
        if best is None or goodness > best[0]:
            best = goodness, asked(model, material.test)
    return best[1]
