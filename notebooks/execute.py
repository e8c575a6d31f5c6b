"""Executes every notebook in this folder on the committed results and fails where one does.

    python -m venv venv && venv/bin/pip install -r notebooks/requirements.txt ipykernel
    venv/bin/python notebooks/execute.py
"""
from pathlib import Path

import nbformat
from nbclient import NotebookClient

here = Path(__file__).parent
for path in sorted(here.glob("*.ipynb")):
    notebook = nbformat.read(path, as_version=4)
    NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(here)}}).execute()
    print(f"{path.name}: {sum(cell.cell_type == 'code' for cell in notebook.cells)} cells ran")
