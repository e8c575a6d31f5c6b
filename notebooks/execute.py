"""Executes every notebook in this folder, or those that are named, and fails where one does, or where what it stores is not what it
gives. `--write` stores the outputs.

    python -m venv venv && venv/bin/pip install -r notebooks/requirements.txt
    venv/bin/python notebooks/execute.py

`metrics` reads the committed results. `hugging-face` trains with the binary that `CLOZE` names, by default that of `cargo build --release`, and needs
requirements-hugging-face.txt; without them it is skipped. What cells print is not compared: it may depend on a processor's rounding.
"""
import importlib.util
import os
import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient

here = Path(__file__).resolve().parent
# What a notebook needs beside requirements.txt and the results.
MODULES = {"hugging-face": ["accelerate", "torch", "transformers"]}
BINARY = Path(os.environ.get("CLOZE") or here.parent / "target/release/cloze").resolve()


def missing(name):
    """What a notebook needs and is not here."""
    modules = [module for module in MODULES.get(name, []) if importlib.util.find_spec(module) is None]
    return modules + ([str(BINARY)] if name in MODULES and not BINARY.is_file() else [])


def texts(notebook):
    """What cells give as text. Pictures depend on the fonts of a machine."""
    outputs = (output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs)
    return [output.data.get("text/plain") for output in outputs if "data" in output and "image/png" not in output.data]


def execute(path):
    stored = nbformat.read(path, as_version=4)
    notebook = nbformat.read(path, as_version=4)
    client = NotebookClient(notebook, timeout=1800, record_timing=False, resources={"metadata": {"path": str(here)}})
    client.execute()
    if "--write" in sys.argv:
        nbformat.write(notebook, path)
    elif texts(stored) != texts(notebook):
        sys.exit(f"{path.name}: what is stored is not what the cells give; `execute.py --write` stores it")
    print(f"{path.name}: {sum(cell.cell_type == 'code' for cell in notebook.cells)} cells ran")


os.environ["CLOZE"] = str(BINARY)
named = [argument for argument in sys.argv[1:] if argument != "--write"]
for path in [here / f"{name}.ipynb" for name in named] or sorted(here.glob("*.ipynb")):
    if absent := missing(path.stem):
        print(f"{path.name}: skipped, there is no {', no '.join(absent)}")
    else:
        execute(path)
