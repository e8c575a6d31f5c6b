//! Torture: killed, stopped and woken up, cut off from the disk, damaged and run many times at once, a sweep still ends with
//! the bits of one that was left in peace.
//!
//! Short in a normal test run. `CLOZE_TORTURE=20 cargo test --workspace --test torture` does up to 20 times as
//! much; what that gave is in docs/reliability.md.
#![allow(clippy::print_stderr)] // what was skipped, what was measured
#![cfg(target_os = "linux")]

mod disk;
mod kills;
mod library;
mod passing;
mod places;
mod processes;
mod signals;
mod swarm;
mod sweep;
mod zombies;

/// How much more than usual is to be done.
fn patience() -> usize {
    std::env::var("CLOZE_TORTURE")
        .ok()
        .and_then(|times| times.parse().ok())
        .unwrap_or(1)
}
