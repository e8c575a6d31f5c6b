//! Where a data set can be downloaded, file by file, and what each file has to be.

/// Files that lie beside each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Home {
    /// What all addresses begin with.
    pub base: &'static str,
    /// The files.
    pub files: &'static [RemoteFile],
}

/// A file as it is downloaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RemoteFile {
    /// Its address behind that of its home, and its name if it is kept as it is.
    pub name: &'static str,
    /// Its size in bytes.
    pub bytes: u64,
    /// Its SHA-256 as 64 hexadecimal digits.
    pub sha256: &'static str,
    /// What it is an archive of; `None` for a file that is kept as it is.
    pub archive: Option<(Archive, &'static [Member])>,
}

/// A kind of archive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Archive {
    /// ZIP, stored or deflated.
    Zip,
    /// tar, gzipped.
    TarGz,
}

/// A file that is taken out of an archive. All others are left in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Member {
    /// Its path in the archive.
    pub path: &'static str,
    /// Its name in the set.
    pub name: &'static str,
}

impl Member {
    /// A member that gets a name.
    pub const fn named(path: &'static str, name: &'static str) -> Self {
        Self { path, name }
    }
}

impl RemoteFile {
    /// A file that is kept as it is.
    pub const fn plain(name: &'static str, bytes: u64, sha256: &'static str) -> Self {
        Self {
            name,
            bytes,
            sha256,
            archive: None,
        }
    }

    /// A ZIP archive of which these are kept.
    pub const fn zip(name: &'static str, bytes: u64, sha256: &'static str, members: &'static [Member]) -> Self {
        Self {
            name,
            bytes,
            sha256,
            archive: Some((Archive::Zip, members)),
        }
    }
}

impl Home {
    /// What is downloaded in all, in bytes.
    pub fn bytes(&self) -> u64 {
        self.files.iter().map(|file| file.bytes).sum()
    }

    /// The names of the files that the set consists of.
    pub fn places(&self) -> impl Iterator<Item = &'static str> {
        self.files.iter().flat_map(|file| {
            let (plain, members) = match file.archive {
                None => (Some(file.name), &[][..]),
                Some((_, members)) => (None, members),
            };
            plain.into_iter().chain(members.iter().map(|member| member.name))
        })
    }
}
