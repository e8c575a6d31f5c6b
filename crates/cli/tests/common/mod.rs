//! Running the binary in a folder of its own.
#![allow(dead_code)] // each test binary uses its own part of this

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// A temporary working directory, and the binary run in it.
pub struct Workplace {
    folder: tempfile::TempDir,
}

impl Workplace {
    pub fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
        }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        std::fs::write(self.path(name), content).unwrap();
    }

    pub fn cloze(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// The command, to be changed before it runs.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_cloze"));
        command.args(arguments).current_dir(self.folder.path());
        command.env_remove("CLOZE_DATA");
        command
    }

    /// Names of everything in the folder.
    pub fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = std::fs::read_dir(self.folder.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }
}

/// An experiment of seconds on the built-in language.
pub struct Tiny<'a> {
    pub question: &'a str,
    pub words: &'a str,
    pub amount: &'a str,
    /// Further lines of the encoder.
    pub encoder: &'a str,
    /// What else it says: arms, seeds, evaluations.
    pub rest: &'a str,
}

impl Default for Tiny<'_> {
    fn default() -> Self {
        Self {
            question: "Which is better?",
            words: "20k",
            amount: "4k",
            encoder: "",
            rest: "",
        }
    }
}

impl Tiny<'_> {
    pub fn toml(&self) -> String {
        let Self {
            question,
            words,
            amount,
            encoder,
            rest,
        } = self;
        format!(
            r#"
question = "{question}"

[corpus]
tokenizer = {{ kind = "wordpiece", vocab = 256 }}
words     = "{words}"

[encoder]
width  = 32
layers = 1
window = 48
{encoder}

[budget]
amount = "{amount}"
batch  = 8

{rest}"#
        )
    }
}

pub fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// Every file below a folder.
pub fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path))
        } else {
            found.push(path)
        }
    }
    found
}
