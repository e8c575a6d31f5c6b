#!/usr/bin/env bash
# Mutants of the code that decides numbers, and which of them no test notices. Needs cargo-mutants
# (`cargo install cargo-mutants --locked`). What is left out, and why, stands in .cargo/mutants.toml.
#
#   scripts/mutants.sh              every n-th mutant of each part, for about two hours on two cores
#   scripts/mutants.sh 1            all of them, for a night
#   scripts/mutants.sh 1 stats      all of one part: objectives, stats, evals or optimizer
set -euo pipefail
cd "$(dirname "$0")/.."
every="${1:-}"
part="${2:-}"

# mutants PART EVERY ARGUMENTS...: round-robin takes every n-th mutant in the order of the source, so that the sample is
# always the same and lies in every file.
mutants() {
    local name="$1" usual="$2"
    shift 2
    [ -z "$part" ] || [ "$part" = "$name" ] || return 0
    mkdir -p "target/mutants/$name"
    printf '== %s, one of %s\n' "$name" "${every:-$usual}"
    cargo mutants --no-shuffle --sharding round-robin --shard "0/${every:-$usual}" --output "target/mutants/$name" "$@" || status=$?
}

status=0
mutants stats 16 --package cloze-stats
mutants optimizer 3 --package cloze-trainer --file 'crates/trainer/src/optimizer/*.rs' --file crates/trainer/src/schedule.rs
mutants evals 40 --package cloze-evals
mutants objectives 60 --package cloze-objectives
exit "$status"
