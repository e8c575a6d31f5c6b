"""Fine-tunes one encoder twice on words and on questions, as `cloze eval` does and as a loop of torch over the encoder that transformers loads
from the exported folder, with the heads, orders and learning rates of cloze, and holds the scores against each other seed by seed.

    python -m venv venv && venv/bin/pip install -r requirements-trainer.txt
    venv/bin/python fine_tuned.py target/release/cloze

Nothing is downloaded: the encoders read the built-in language, and the sets are those of tagging.py, part_of_speech.py and qa.py. There is no
dropout, whose draws differ. Texts of classes are trainer.py's.

It ends with status 1 where a score of a seed is too far from cloze's, and where the same comparison does not notice drawn weights in place of the
exported ones in every seed, so that it would say nothing.
"""

import argparse
import sys
import tempfile
from pathlib import Path

try:
    import pyarrow.parquet  # pretrained.py reads with it
    import torch
    import transformers
    from transformers import AutoConfig, AutoModel, AutoTokenizer
except ImportError as missing:
    print(f"skipped: {missing.name} is not installed (requirements-trainer.txt)")
    sys.exit(0)

import part_of_speech
import pretrained
import qa
import tagging
import tuning

transformers.logging.set_verbosity_error()
transformers.logging.disable_progress_bar()
# Matrices this small are not worth a second thread, and one adds up in one order.
torch.set_num_threads(1)
TASKS = {task.NAME: task for task in [tagging, part_of_speech, qa]}
ENCODERS = {"modern": "", "bert": "dropout = 0.0"}
TASK = """
tasks = [{{ task = "{name}", name = "{name}", seeds = {seeds}, train = "{folder}/train.{ending}", dev = "{folder}/dev.{ending}",
            test = "{folder}/test.{ending}", {options}, recipe = {{ epochs = {epochs}, batch = {batch}, trials = [{rate}] }} }}]
"""
# Of scores that differ in the rounding of sums: one question of 400, ten words of 3,400. The learning rate of a step's beginning in place of that of
# its middle moves them by as much and more.
APART = 0.003


def exported(folder, _):
    return AutoModel.from_pretrained(folder)


def drawn(folder, seed):
    """The same network with weights as transformers draws them."""
    transformers.set_seed(seed)
    return AutoModel.from_config(AutoConfig.from_pretrained(folder))


def by_cloze(work, results, task):
    """Of every fine-tuning seed the scores by metric."""
    folder, file = work / task.NAME, work / f"{task.NAME}.toml"
    folder.mkdir(exist_ok=True)
    task.write(folder)
    recipe = dict(epochs=tuning.EPOCHS, batch=tuning.BATCH, rate=tuning.RATE)
    file.write_text(TASK.format(name=task.NAME, seeds=options.seeds, folder=folder, ending=task.ENDING, options=task.OPTIONS, **recipe))
    found = [{} for _ in range(options.seeds)]
    for row in pretrained.judged(options.cloze, results, file):
        metric, _, seed = row["metric"].rpartition(".seed-")
        if row["task"] == task.NAME and metric:
            found[int(seed) - 1][metric] = row["value"]
    return found


def holds(work, preset, task, results, folder):
    material = task.Material(AutoTokenizer.from_pretrained(folder), AutoConfig.from_pretrained(folder).max_position_embeddings)
    ours, good = by_cloze(work, results, task), True
    print(f"\n{preset}, {task.NAME}: {material.headline} of cloze, and how far transformers is from each score", flush=True)
    for seed, scores in enumerate(ours, 1):
        off = {}
        for begin in [exported, drawn]:
            theirs = material.found(tuning.tuned(begin(folder, seed), material, seed))
            assert theirs.keys() == scores.keys(), (theirs, scores)
            off[begin] = {metric: theirs[metric] - scores[metric] for metric in scores}
        shown = ["  ".join(f"{metric} {value:+.4f}" for metric, value in row.items()) for row in off.values()]
        print(f"seed {seed}  {scores[material.headline]:.4f}  {shown[0]}; drawn weights {shown[1]}", flush=True)
        far, seen = (max(map(abs, row.values())) > APART for row in off.values())
        if far:
            print("that is too far", flush=True)
        if not seen:
            print("drawn weights are as near: this seed says nothing", flush=True)
        good &= seen and not far
    return good


parser = argparse.ArgumentParser()
parser.add_argument("cloze")
parser.add_argument("--seeds", type=int, default=5, help="2 or more")
parser.add_argument("--presets", nargs="+", default=list(ENCODERS), choices=list(ENCODERS))
parser.add_argument("--tasks", nargs="+", default=list(TASKS), choices=list(TASKS))
options = parser.parse_args()
if options.seeds < 2:
    parser.error("--seeds: one alone has no row of its own")
good = []
with tempfile.TemporaryDirectory() as place:
    work = Path(place)
    for preset in options.presets:
        results, folder = pretrained.trained(options.cloze, work, preset, ENCODERS[preset])
        good += [holds(work, preset, TASKS[task], results, folder) for task in options.tasks]
sys.exit(not all(good))
