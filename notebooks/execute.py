"""Executes every notebook in this folder on the committed results and fails where one does, or where what it stores is
not what it gives. `--write` stores the outputs.

    python -m venv venv && venv/bin/pip install -r notebooks/requirements.txt
    venv/bin/python notebooks/execute.py
"""
import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient

here = Path(__file__).parent


def texts(notebook):
    """What cells give as text. Pictures depend on the fonts of a machine."""
    outputs = (output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs)
    return [output.data.get("text/plain") for output in outputs if "data" in output and "image/png" not in output.data]


for path in sorted(here.glob("*.ipynb")):
    stored = nbformat.read(path, as_version=4)
    notebook = nbformat.read(path, as_version=4)
    client = NotebookClient(notebook, timeout=300, record_timing=False, resources={"metadata": {"path": str(here)}})
    client.execute()
    if "--write" in sys.argv:
        nbformat.write(notebook, path)
    elif texts(stored) != texts(notebook):
        sys.exit(f"{path.name}: what is stored is not what the cells give; `execute.py --write` stores it")
    print(f"{path.name}: {sum(cell.cell_type == 'code' for cell in notebook.cells)} cells ran")
