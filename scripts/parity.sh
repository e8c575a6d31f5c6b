#!/usr/bin/env bash
# Trains tiny encoders of both presets, exports them, and has transformers hold its own numbers against ours: states, scores of
# sentences, the ids of 10,000 lines (CLOZE_LINES says another number), and what tasks find.
#
#   scripts/parity.sh [BINARY]      the binary is target/release/cloze by default
#
# It makes a Python environment beside the build, of crates/backbone/tests/parity/requirements.txt, unless CLOZE_PYTHON names a
# python3 that has them. Where they cannot be installed within ten minutes it says so and ends well.
set -euo pipefail
cd "$(dirname "$0")/.."
target="${CARGO_TARGET_DIR:-target}"
cloze="$(realpath "${1:-$target/release/cloze}")"
parity=crates/backbone/tests/parity
has='import safetensors, torch, transformers'
skip() { printf 'skipped: %s\n' "$*"; exit 0; }

python="${CLOZE_PYTHON:-}"
if [ -z "$python" ]; then
    python="$target/parity/bin/python"
    if ! "$python" -c "$has" >/dev/null 2>&1; then
        python3 -m venv "$target/parity" >/dev/null 2>&1 || skip "python3 cannot make an environment here"
        timeout 600 "$python" -m pip install --quiet --requirement "$parity/requirements.txt" >/dev/null 2>&1 \
            || skip "torch and transformers could not be installed within ten minutes"
    fi
fi
"$python" -c "$has" || skip "$python has not what $parity/requirements.txt names"

work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
"$python" "$parity/lines.py" "${CLOZE_LINES:-10000}" >"$work/lines.txt"

# An experiment of a preset: NAME PRESET ENCODER OBJECTIVE..., each objective an arm, with `:` before an option of it. FORM is what they are
# exported as.
experiment() {
    local name=$1 preset=$2 encoder=$3
    shift 3
    {
        printf 'question = "Does transformers compute what cloze computes?"\n'
        printf '[corpus]\nsource = "fragment"\ntokenizer = { kind = "wordpiece", vocab = 512 }\nwords = "40k"\n'
        printf '[encoder]\npreset = "%s"\nwidth = 32\nheads = 2\nlayers = 2\nwindow = 32\n%s\n' "$preset" "$encoder"
        printf '[budget]\nequalise = "tokens"\namount = "10k"\nbatch = 8\n'
        printf '[sweep]\nseeds = [1]\n[evaluate]\ntasks = []\n'
        for arm in "$@"; do
            [ "$arm" = "${arm#mixture}" ] && printf '[[arm]]\nobjective = "%s"\n' "${arm%%:*}" || printf '[[arm]]\n'
            case "$arm" in *:*) printf '%s\n' "${arm#*:}" ;; esac
        done
    } >"$work/$name.toml"
    "$cloze" run "$work/$name.toml" --results "$work/results" >"$work/log" 2>&1 || { cat "$work/log"; return 1; }
    for arm in "${@%%:*}"; do
        "$cloze" export "$work/$name.toml" "$work/$name-$arm" --results "$work/results" --arm "$arm" --seed 1 \
            --to "${FORM:-hf}" --check "$work/lines.txt" >/dev/null
    done
}
half='{ objective = "mlm", share = 0.5 }, { objective = "autoregressive" }'
mixed="mixture:mixture = [$half]"
experiment bert bert '' mlm n-gram entity pmi frequency adaptive diffusion mpnet replace-mlm "$mixed" autoregressive electra
experiment modern modern '' mlm diffusion mpnet "$mixed" autoregressive
experiment albert bert $'layer_groups = 1\nembedding_width = 16' mlm
experiment albert-copies bert 'layer_groups = 1' autoregressive electra rtd 'replace-mlm:generator_width = 1.0'
experiment pairs bert '' 'mlm:pairs = "next"'
experiment albert-pairs bert $'layer_groups = 1\nembedding_width = 16' 'mlm:pairs = "order"'
experiment deberta-shared bert $'disentangled = {}\nlayer_groups = 1' mlm rtd
experiment deberta bert 'disentangled = {}' mlm 'replace-mlm:generator_width = 1.0' rtd
# Generators that are models of their own.
experiment apart bert '' 'electra:tying = "none"' 'rtd:sharing = "nes"'
experiment one-network bert '' $'electra:tying = "all"\ngenerator_width = 1.0'
experiment modern-apart modern '' 'rtd:sharing = "nes"'
experiment deberta-apart bert 'disentangled = {}' 'rtd:sharing = "nes"'
experiment albert-apart bert 'layer_groups = 1' 'electra:tying = "none"' 'rtd:sharing = "nes"'
# Those whose heads have no counterpart: their encoders.
FORM=hf-encoder experiment bert-alone bert '' mntp prefix permutation all-tokens-mlm
FORM=hf-encoder experiment modern-alone modern '' mntp prefix permutation all-tokens-mlm replace-mlm electra
"$python" "$parity/exported.py" "$work"/*-*/
# And the other way: folders that transformers writes.
"$python" "$parity/imported.py" "$cloze"
# What tasks find of one of them: on both sides the same questions.
"$python" "$parity/tasks.py" "$cloze" "$work/bert-mlm"
