#!/usr/bin/env bash
# Makes anew what is generated from the declarations: the schema of experiments, the tables and pictures of
# docs/objectives, the snapshots of what commands and reports say, the reports of the shipped results. Read the difference.
set -euo pipefail
cd "$(dirname "$0")/.."
export CLOZE_BLESS=1 INSTA_UPDATE=always
cargo test --workspace --locked --test objectives -- registry::
cargo test --workspace --locked --test plan -- schema::
cargo test --workspace --locked --test cli -- pages:: snapshots::
cargo test --workspace --locked --test report
