"""Encoders that cloze trains on the built-in language and exports, to be fine-tuned on both sides; what trainer.py and fine_tuned.py share."""

import subprocess
import sys

import pyarrow.parquet

EXPERIMENT = """
question = "Does transformers get from the exported folder what cloze gets from the run?"
[corpus]
source    = "fragment"
tokenizer = {{ kind = "wordpiece", vocab = 2048 }}
words     = "700k"
[encoder]
preset = "{preset}"
width  = 64
heads  = 2
layers = 2
window = 64
{encoder}
[budget]
equalise = "tokens"
amount   = "1400k"
batch    = 8
[optimizer]
kind    = "muon"
peak_lr = 3e-3
[sweep]
seeds = [1]
[[arm]]
{objective}
[evaluate]
tasks = []
"""
# The seed above, in which fine-tuning seeds are nested.
RUN = 1
# By preset what trains it. With masks, `bert` knows little more than word frequencies after so few tokens.
OBJECTIVES = {"bert": 'objective = "autoregressive"', "modern": 'objective = "mlm"\nrate = 0.4'}


def cloze(binary, *arguments):
    done = subprocess.run([binary, *map(str, arguments)], capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"cloze {' '.join(map(str, arguments))}\n{done.stdout}{done.stderr}")


def trained(binary, work, preset, encoder=""):
    """The results folder of a trained encoder, and the folder that it was exported to. `encoder` has further options of the encoder."""
    experiment, results, exported = work / f"{preset}.toml", work / "results", work / preset
    experiment.write_text(EXPERIMENT.format(preset=preset, encoder=encoder, objective=OBJECTIVES[preset]))
    cloze(binary, "run", experiment, "--results", results)
    cloze(binary, "export", results / preset, exported)
    return results / preset, exported


def judged(binary, results, tasks):
    """What cloze finds by the tasks of a file: the rows of metrics.parquet."""
    cloze(binary, "eval", results, "--tasks", tasks)
    return pyarrow.parquet.read_table(results / "metrics.parquet").to_pylist()
