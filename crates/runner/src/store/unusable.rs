//! Why something on disk cannot be used: it is not there, it is not what was written, or the system does not give it now.
//! Only what was read and found wrong may be set aside; an error that may pass says nothing about a file.

use cloze_foundation::Fault;

/// What is the matter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// There is no such file.
    Missing,
    /// It was read, and is not what was written.
    Wrong,
    /// It was not read: an error of the system, which may pass, or a format of a later version. It may be whole.
    Unreadable,
}

/// Something that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unusable {
    /// What is the matter.
    pub trouble: Trouble,
    /// In words, with the file.
    pub fault: Fault,
}

impl Unusable {
    pub(crate) fn new(trouble: Trouble, fault: Fault) -> Self {
        Self { trouble, fault }
    }

    /// It was read, and is wrong.
    pub(crate) fn wrong(what: String) -> Self {
        Self::new(Trouble::Wrong, Fault::usage(what))
    }

    /// What [`cloze_foundation::files::read`] gave.
    pub(crate) fn unless_read(
        path: &std::path::Path,
        read: cloze_foundation::Result<Option<Vec<u8>>>,
    ) -> Result<Vec<u8>, Self> {
        match read {
            Ok(Some(bytes)) => Ok(bytes),
            Ok(None) => Err(Self::new(
                Trouble::Missing,
                Fault::usage(format!("`{}` is missing", path.display())),
            )),
            Err(fault) => Err(Self::new(Trouble::Unreadable, fault)),
        }
    }
}

impl From<Unusable> for Fault {
    fn from(unusable: Unusable) -> Self {
        unusable.fault
    }
}
