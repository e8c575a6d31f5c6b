"""Fine-tunes one encoder twice, as `cloze eval` does and with Hugging Face's Trainer from the exported folder, by one recipe, and holds the
accuracies on one test part against each other.

    python -m venv venv && venv/bin/pip install -r requirements-trainer.txt
    venv/bin/python trainer.py target/release/cloze

Nothing is downloaded: the encoders read the built-in language, and the labelled sentences are those of sentences.py. Words and questions are
fine_tuned.py's. For every preset it prints mean and standard deviation over as many seeds each, and the difference of Trainer's mean from cloze's
with Welch's t interval of 99 %, which holds that level for few seeds as for many: fewer have a wider one. Where there is no dropout Trainer is then
given the heads and the orders that cloze drew, so that each seed has its counterpart.

It ends with status 1 where an interval does not hold 0, where a counterpart answers more than a few texts in another way, and where the same
comparison does not notice drawn weights in place of the exported ones, so that it would say nothing: then there are too few seeds.
"""

import argparse
import statistics
import sys
import tempfile
from pathlib import Path

try:
    import numpy
    import pyarrow.parquet  # pretrained.py reads with it
    import torch
    import transformers
    from transformers import AutoConfig, AutoModel, AutoTokenizer, DataCollatorWithPadding, PrinterCallback, Trainer, TrainingArguments
    from scipy.stats import ttest_ind
    import accelerate  # Trainer asks for it when it is made
except ImportError as missing:
    print(f"skipped: {missing.name} is not installed (requirements-trainer.txt)")
    sys.exit(0)

import pretrained
import sentences
import tuning
from tuning import BATCH, EPOCHS, RATE, WARMUP, Exercise

transformers.logging.set_verbosity_error()
transformers.logging.disable_progress_bar()
# Matrices this small are not worth a second thread, and one adds up in one order.
torch.set_num_threads(1)
LABELS = ["one", "several"]
TASK = """
tasks = [{{ task = "classification", name = "number", seeds = {seeds}, train = "{folder}/train.csv", dev = "{folder}/dev.csv",
            test = "{folder}/test.csv", recipe = {{ epochs = {epochs}, batch = {batch}, trials = [{rate}] }} }}]
"""
# Of accuracies on the test part that differ in the rounding of sums: five texts of a thousand.
APART = 0.005
# Of the interval of a difference.
LEVEL = 0.99


def by_cloze(results, task):
    """The accuracy of every fine-tuning seed."""
    rows = pretrained.judged(options.cloze, results, task)
    return [row["value"] for row in rows if row["task"] == "number" and row["metric"].startswith("accuracy.seed-")]


class Classifier(torch.nn.Module):
    """An encoder under the head of cloze's fine-tuning: one dense layer on the mean of the last states."""

    def __init__(self, encoder, classes):
        super().__init__()
        self.encoder = encoder
        self.out = torch.nn.Linear(encoder.config.hidden_size, classes)
        torch.nn.init.normal_(self.out.weight, std=0.02)
        torch.nn.init.zeros_(self.out.bias)

    def forward(self, input_ids, attention_mask, labels=None):
        states = self.encoder(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
        seen = attention_mask.unsqueeze(-1)
        logits = self.out((states * seen).sum(1) / seen.sum(1))
        return {"loss": torch.nn.functional.cross_entropy(logits, labels), "logits": logits}


def exported(folder):
    return Classifier(AutoModel.from_pretrained(folder), 2)


def drawn(folder):
    """The same network with weights as transformers draws them."""
    return Classifier(AutoModel.from_config(AutoConfig.from_pretrained(folder)), 2)


def accuracy(asked):
    return {"accuracy": float(numpy.mean(asked.predictions.argmax(-1) == asked.label_ids))}


def rows(tokenizer, part):
    return [{"input_ids": tokenizer(text)["input_ids"], "labels": LABELS.index(label)} for text, label in sets[part]]


def tuned(kind, model, tokenizer, train, **changed):
    """The accuracy on the test part of the epoch that is best on the development part, the first of equal ones."""
    with tempfile.TemporaryDirectory() as kept:
        recipe = dict(
            learning_rate=RATE,
            num_train_epochs=EPOCHS,
            per_device_train_batch_size=BATCH,
            per_device_eval_batch_size=128,
            lr_scheduler_type="linear",
            warmup_steps=WARMUP,
            weight_decay=tuning.DECAY,
            adam_beta2=tuning.BETAS[1],
            adam_epsilon=tuning.EPSILON,
            max_grad_norm=tuning.CLIP,
            eval_strategy="epoch",
            save_strategy="epoch",
            save_only_model=True,
            load_best_model_at_end=True,
            metric_for_best_model="accuracy",
            logging_strategy="no",
            report_to="none",
            disable_tqdm=True,
            use_cpu=True,
        )
        trainer = kind(
            model=model,
            args=TrainingArguments(output_dir=kept, **(recipe | changed)),
            train_dataset=train,
            eval_dataset=rows(tokenizer, "dev"),
            data_collator=DataCollatorWithPadding(tokenizer, pad_to_multiple_of=8),
            compute_metrics=accuracy,
        )
        trainer.remove_callback(PrinterCallback)
        trainer.train()
        return trainer.evaluate(rows(tokenizer, "test"))["eval_accuracy"]


def by_trainer(model, folder, seed):
    transformers.set_seed(seed)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    return tuned(Trainer, model(folder), tokenizer, rows(tokenizer, "train"), seed=seed)


class MidStep(Trainer):
    """Takes the learning rate at the middle of a step (crates/trainer/src/schedule.rs), and not at its beginning."""

    def create_scheduler(self, num_training_steps, optimizer=None):
        def share(step):
            used = (step + 0.5) / num_training_steps
            return used / WARMUP if used < WARMUP else (1 - used) / (1 - WARMUP)

        self.lr_scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer or self.optimizer, share)
        return self.lr_scheduler


def counterpart(folder, seed):
    """As `by_trainer`, with the head and the orders that cloze draws for a fine-tuning seed of the run with seed 1
    (crates/evals/src/finetune)."""
    tokenizer, model = AutoTokenizer.from_pretrained(folder), exported(folder)
    draw = tuning.of_seed(seed)
    with torch.no_grad():
        model.out.weight.copy_(tuning.head(draw, model.out.in_features, model.out.out_features))
    train, order = rows(tokenizer, "train"), []
    exercise = lambda row: Exercise(row["input_ids"], range(len(row["input_ids"])), [row["labels"]])
    for epoch in range(EPOCHS):
        order += tuning.ordered(train, draw, epoch, exercise)
    # All epochs one behind the other, as one.
    steps = len(train) // BATCH
    return tuned(
        MidStep, model, tokenizer, order, num_train_epochs=1, train_sampling_strategy="sequential",
        eval_strategy="steps", save_strategy="steps", eval_steps=steps, save_steps=steps,
    )  # fmt: skip


def compared(name, found, ours):
    """Prints a row; whether the interval of the difference from ours holds 0."""
    shown = f"{name:22} {statistics.mean(found):.4f}  {statistics.stdev(found):.4f}"
    if found is ours:
        print(shown, flush=True)
        return True
    difference = statistics.mean(found) - statistics.mean(ours)
    # Of two means over independent seeds, which vary by different amounts.
    low, high = ttest_ind(found, ours, equal_var=False).confidence_interval(LEVEL)
    print(f"{shown}  {difference:+.4f} [{low:+.4f}, {high:+.4f}]", flush=True)
    return low <= 0 <= high


def holds(work, preset):
    results, folder = pretrained.trained(options.cloze, work, preset)
    ours = by_cloze(results, work / "task.toml")
    assert len(ours) == options.seeds, ours
    print(f"\n{preset + ', ' + str(len(ours)) + ' seeds':22} mean    deviation difference")
    compared("cloze eval", ours, ours)
    seeds = range(1, options.seeds + 1)
    good = compared("Trainer", [by_trainer(exported, folder, seed) for seed in seeds], ours)
    if compared("Trainer, weights drawn", [by_trainer(drawn, folder, seed) for seed in seeds], ours):
        print(f"{options.seeds} seeds do not tell drawn weights from exported ones: give more", flush=True)
        good = False
    if preset == "modern":
        apart = [abs(counterpart(folder, seed) - ours[seed - 1]) for seed in seeds[: options.counterparts]]
        print(f"the heads and orders of cloze's first {len(apart)} seeds: the largest difference is {max(apart):.4f}", flush=True)
        good &= max(apart) <= APART
    return good


parser = argparse.ArgumentParser()
parser.add_argument("cloze")
parser.add_argument("--seeds", type=int, default=10, help="of every kind of tuning, 3 or more")
parser.add_argument("--presets", nargs="+", default=list(pretrained.OBJECTIVES), choices=list(pretrained.OBJECTIVES))
parser.add_argument("--counterparts", type=int, default=5)
options = parser.parse_args()
if options.seeds < 3:
    parser.error("--seeds: a deviation takes three or more")
sets = sentences.parts()
with tempfile.TemporaryDirectory() as place:
    work = Path(place)
    sentences.write(work)
    (work / "task.toml").write_text(TASK.format(folder=place, seeds=options.seeds, epochs=EPOCHS, batch=BATCH, rate=RATE))
    good = [holds(work, preset) for preset in options.presets]
sys.exit(not all(good))
