//! Places that are awkward: too small, read-only, with names that need quoting.

use crate::sweep::{Sweep, command, end};
use std::path::Path;
use std::process::{Command, Stdio};

/// A small file system in memory at a folder, until it is dropped.
struct Tmpfs<'a>(&'a Path);

impl<'a> Tmpfs<'a> {
    fn mount(at: &'a Path, options: &str) -> Option<Self> {
        let status = Command::new("mount")
            .args(["-t", "tmpfs", "-o", options, "none"])
            .arg(at)
            .stderr(Stdio::null())
            .status();
        if status.is_ok_and(|status| status.success()) {
            return Some(Self(at));
        }
        eprintln!("skipped: this user may not mount a tmpfs");
        None
    }

    fn again(&self, options: &str) {
        let status = Command::new("mount")
            .args(["-o", options])
            .arg(self.0)
            .status()
            .unwrap();
        assert!(status.success());
    }
}

impl Drop for Tmpfs<'_> {
    fn drop(&mut self) {
        let _ = Command::new("umount").args(["-l"]).arg(self.0).status();
    }
}

/// Runs, and gives the status and what was said.
fn run(sweep: &Sweep) -> (Option<i32>, String) {
    let output = sweep.run().stderr(Stdio::piped()).output().unwrap();
    (output.status.code(), String::from_utf8(output.stderr).unwrap())
}

#[test]
fn a_disk_of_one_megabyte_says_what_to_do_and_goes_on_when_it_has_grown() {
    let sweep = Sweep::new(&["mlm", "electra"], 40);
    let results = sweep.results();
    std::fs::create_dir_all(&results).unwrap();
    let Some(disk) = Tmpfs::mount(&results, "size=1m") else {
        return;
    };
    let (status, said) = run(&sweep);
    assert_eq!(status, Some(1), "{said}");
    assert!(
        said.contains("No space left") && said.contains("free some space"),
        "{said}"
    );
    assert!(!said.contains("panicked"), "{said}");
    disk.again("remount,size=64m");
    sweep.finish(1);
    sweep.is_as_if_undisturbed(&["mlm", "electra"], 40, "after the disk was full");
}

#[test]
fn a_read_only_folder_is_named_and_nothing_is_changed() {
    let sweep = Sweep::new(&["mlm"], 10);
    let results = sweep.results();
    std::fs::create_dir_all(&results).unwrap();
    let Some(disk) = Tmpfs::mount(&results, "size=8m") else {
        return;
    };
    disk.again("remount,ro");
    let (status, said) = run(&sweep);
    assert!(matches!(status, Some(1 | 2)), "{said}");
    assert!(said.contains("results/x") && said.contains("--results"), "{said}");
    assert_eq!(std::fs::read_dir(&results).unwrap().count(), 0);
    disk.again("remount,rw");
    sweep.finish(1);
}

#[test]
fn spaces_quotes_and_other_alphabets_in_paths_are_only_names() {
    let sweep = Sweep::inside("ein Ördner mit 'Anführung' \"und\" $(touch böse) 字", &["mlm"], 10);
    sweep.finish(1);
    sweep.is_as_if_undisturbed(&["mlm"], 10, "an awkward path");
    let status = end(command(sweep.place(), &["doctor", "x.toml", "--lease", "1"])
        .spawn()
        .unwrap());
    assert!(status.success());
    assert!(!sweep.place().join("böse").exists() && !sweep.place().parent().unwrap().join("böse").exists());
}
