//! Notes which revision of the source the program is built from: `+` behind it where files differ from it, nothing
//! outside a repository.

use std::path::Path;
use std::process::Command;

fn main() {
    // As it is asked now, and not where this script was compiled: another checkout may share its build folder.
    let Some(here) = std::env::var_os("CARGO_MANIFEST_DIR") else {
        return;
    };
    let root = Path::new(&here).join("../..");
    let git = |arguments: &[&str]| {
        let output = Command::new("git").arg("-C").arg(&root).args(arguments).output().ok()?;
        let text = String::from_utf8(output.stdout).ok()?;
        output.status.success().then(|| text.trim().to_owned())
    };
    // Another commit, or another source file. A path that is not there makes cargo ask every time.
    for path in ["logs/HEAD", "HEAD"] {
        let place = git(&["rev-parse", "--path-format=absolute", "--git-path", path]);
        if let Some(place) = place.filter(|place| Path::new(place).exists()) {
            println!("cargo::rerun-if-changed={place}");
        }
    }
    for path in ["crates", "Cargo.toml", "Cargo.lock"] {
        println!("cargo::rerun-if-changed={}", root.join(path).display());
    }
    let Some(revision) = git(&["rev-parse", "HEAD"]) else {
        return;
    };
    let changed = git(&["status", "--porcelain", "--", "crates", "Cargo.toml", "Cargo.lock"]);
    let mark = if changed.is_some_and(|files| !files.is_empty()) {
        "+"
    } else {
        ""
    };
    println!("cargo::rustc-env=CLOZE_BUILT_FROM={revision}{mark}");
}
