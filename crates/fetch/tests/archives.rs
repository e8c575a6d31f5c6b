//! Archives: what a set consists of is taken out by name, and nothing that an archive says leads elsewhere.

use crate::server::{Server, fetched, file, set, whole};
use cloze_corpus::registry::{Archive, Member, RemoteFile};
use cloze_foundation::Result;
use flate2::Compression;
use flate2::write::GzEncoder;
use std::fs;
use std::io::Write as _;
use std::path::Path;
use zip::write::SimpleFileOptions;

const MEMBERS: &[Member] = &[
    Member::named("set/train.raw", "train.txt"),
    Member::named("set/test.raw", "test.txt"),
];

/// What stands in an archive: a path, and a text or where a link leads.
enum Entry {
    Text(&'static str, Vec<u8>),
    Link(&'static str, &'static str),
}
use Entry::{Link, Text};

fn zipped(entries: &[Entry]) -> Vec<u8> {
    let mut archive = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for entry in entries {
        match entry {
            Text(path, text) => {
                archive.start_file(*path, SimpleFileOptions::default()).unwrap();
                archive.write_all(text).unwrap();
            }
            Link(path, to) => archive.add_symlink(*path, *to, SimpleFileOptions::default()).unwrap(),
        }
    }
    archive.finish().unwrap().into_inner()
}

fn tarred(entries: &[Entry]) -> Vec<u8> {
    let mut archive = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
    for entry in entries {
        let mut header = tar::Header::new_gnu();
        let (path, text) = match entry {
            Text(path, text) => (path, text.as_slice()),
            Link(path, to) => {
                header.set_entry_type(tar::EntryType::Symlink);
                header.set_link_name(to).unwrap();
                (path, &[][..])
            }
        };
        // As a hostile one may have it: the safe way refuses such names.
        header.as_old_mut().name[..path.len()].copy_from_slice(path.as_bytes());
        header.set_size(text.len() as u64);
        header.set_cksum();
        archive.append(&header, text).unwrap();
    }
    archive.into_inner().unwrap().finish().unwrap()
}

/// Fetches an archive into `root`.
fn unpacked(root: &Path, bytes: Vec<u8>, kind: Archive) -> Result<()> {
    let remote = RemoteFile {
        archive: Some((kind, MEMBERS)),
        ..file("set.archive", &bytes)
    };
    let server = Server::new(move |request, _| whole(request, &bytes));
    fetched(&set(server.base, vec![remote]), root).0.map(drop)
}

fn both(entries: &[Entry], check: impl Fn(&Path, Result<()>)) {
    for (kind, bytes) in [(Archive::Zip, zipped(entries)), (Archive::TarGz, tarred(entries))] {
        let place = tempfile::tempdir().unwrap();
        // Deep, so that what leads out of it can be seen.
        let root = place.path().join("a/b");
        fs::create_dir_all(&root).unwrap();
        let outcome = unpacked(&root, bytes, kind);
        assert_eq!(fs::read_dir(place.path()).unwrap().count(), 1, "nothing left the root");
        assert_eq!(fs::read_dir(place.path().join("a")).unwrap().count(), 1);
        check(&root, outcome);
    }
}

#[test]
fn members_get_their_names_and_the_rest_stays_packed() {
    let entries = [
        Text("set/train.raw", b"train".to_vec()),
        Text("../../evil", b"evil".to_vec()),
        Text("/evil", b"evil".to_vec()),
        Link("set/link", "/etc/passwd"),
        Text("set/test.raw", b"test".to_vec()),
        Text("set/other", b"other".to_vec()),
    ];
    both(&entries, |root, outcome| {
        outcome.unwrap();
        let set = root.join("deep/test");
        assert_eq!(fs::read(set.join("train.txt")).unwrap(), b"train");
        assert_eq!(fs::read(set.join("test.txt")).unwrap(), b"test");
        assert_eq!(fs::read_dir(&set).unwrap().count(), 3, "and the README");
    });
}

#[test]
fn a_link_a_missing_member_and_one_that_grows_are_refused_and_leave_nothing() {
    let train = || Text("set/train.raw", b"train".to_vec());
    let refused = [
        ("no plain file", vec![train(), Link("set/test.raw", "/etc/passwd")]),
        ("has no `set/test.raw`", vec![train()]),
        ("times as large", vec![train(), Text("set/test.raw", vec![0; 1 << 23])]),
    ];
    for (said, entries) in refused {
        both(&entries, |root, outcome| {
            let fault = outcome.unwrap_err();
            // A tar that is cut off where it grows is broken there.
            let is_cut = said == "times as large" && fault.what.contains("cannot be read");
            assert!(fault.what.contains(said) || is_cut, "{said}: {fault}");
            assert_eq!(fault.exit_status(), 1);
            assert!(!root.join("deep/test").exists());
        });
    }
    let twice = tarred(&[train(), train()]);
    let root = tempfile::tempdir().unwrap();
    let fault = unpacked(root.path(), twice, Archive::TarGz).unwrap_err();
    assert!(fault.what.contains("twice"), "{fault}");
    for kind in [Archive::Zip, Archive::TarGz] {
        let root = tempfile::tempdir().unwrap();
        let fault = unpacked(root.path(), b"no archive at all".to_vec(), kind).unwrap_err();
        assert!(fault.what.contains("cannot be read"), "{fault}");
    }
}
