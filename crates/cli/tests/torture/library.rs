//! Libraries that are loaded before the C library, built by the test where there is a C compiler.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// A library that is built once.
pub struct Library {
    /// The name of its source.
    pub name: &'static str,
    /// Its source: a kept build folder may hold this test from a checkout that is gone.
    pub source: &'static str,
    /// Where it was built; `None` inside where there is no C compiler.
    pub built: OnceLock<Option<(tempfile::TempDir, PathBuf)>>,
}

/// Breaks the disk.
pub static FAILING: Library = Library {
    name: "failing_files",
    source: include_str!("failing_files.c"),
    built: OnceLock::new(),
};
/// Stops, kills, delays or fails a process at a chosen operation.
pub static STUMBLING: Library = Library {
    name: "stumbling",
    source: include_str!("stumbling.c"),
    built: OnceLock::new(),
};

impl Library {
    /// The file to preload; `None`, and a word about it, where there is no C compiler.
    pub fn path(&'static self) -> Option<&'static Path> {
        let built = self.built.get_or_init(|| {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join(format!("{}.so", self.name));
            let source = folder.path().join(format!("{}.c", self.name));
            std::fs::write(&source, self.source).unwrap();
            let status = Command::new("cc")
                .args(["-shared", "-fPIC", "-O1", "-o"])
                .args([&path, &source])
                .args(["-ldl", "-lpthread"])
                .status()
                .ok()?;
            assert!(status.success(), "the C compiler refuses {}", source.display());
            Some((folder, path))
        });
        if built.is_none() {
            eprintln!("skipped: there is no C compiler to build {} with", self.name);
        }
        built.as_ref().map(|(_, path)| path.as_path())
    }
}
