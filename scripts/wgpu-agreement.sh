#!/usr/bin/env bash
# Trains 20 steps of every objective on `wgpu` and compares the losses with `flex`. Without a graphics card it uses
# Debian's software Vulkan (lavapipe, package mesa-vulkan-drivers), which it installs if it is missing; that is right
# to about 1e-6 and slow: the test takes three to four minutes, its first build half an hour on two cores.
#
#   scripts/wgpu-agreement.sh            software rendering
#   scripts/wgpu-agreement.sh wgpu       the graphics card that wgpu chooses
set -euo pipefail
cd "$(dirname "$0")/.."

export CLOZE_WGPU_DEVICE="${1:-wgpu:cpu}"
if [ "$CLOZE_WGPU_DEVICE" = wgpu:cpu ]; then
    driver() { find /usr/share/vulkan/icd.d -name 'lvp_icd*.json' 2>/dev/null | head -n 1; }
    if [ -z "$(driver)" ]; then
        if [ "$(id -u)" = 0 ]; then as_root=(); else as_root=(sudo); fi
        "${as_root[@]}" apt-get update
        "${as_root[@]}" apt-get install --yes --no-install-recommends mesa-vulkan-drivers libvulkan1
    fi
    VK_DRIVER_FILES="$(driver)"
    [ -n "$VK_DRIVER_FILES" ] || { echo "no lavapipe driver under /usr/share/vulkan/icd.d" >&2; exit 1; }
    export VK_DRIVER_FILES
    # Mesa wants a private folder for its sockets and warns without one.
    XDG_RUNTIME_DIR="$(mktemp -d)"
    export XDG_RUNTIME_DIR
    trap 'rm -rf "$XDG_RUNTIME_DIR"' EXIT
fi
cargo test --workspace --features cloze/wgpu --test backends -- --ignored --nocapture
