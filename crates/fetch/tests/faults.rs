//! What servers, networks and disks do wrong: it is told, and nothing wrong is put in place.

use crate::server::{IMPATIENT, Server, bytes, fetched, file, length, reply, set, whole};
use cloze_corpus::registry;
use cloze_fetch::{Event, fetch};
use std::fs;
use std::time::{Duration, Instant};

#[test]
fn another_file_another_size_and_a_missing_file_are_told_and_not_kept() {
    let body = bytes();
    let mut other = body.clone();
    other[5] ^= 1;
    let (longer, shorter) = ([&body[..], b"x"].concat(), body[1..].to_vec());
    let answers: [(&str, Vec<u8>); 6] = [
        ("its SHA-256 is", reply("200 OK", &[length(&other)], &other)),
        (
            "100001 or more are offered",
            reply("200 OK", &[length(&longer)], &longer),
        ),
        ("or more are offered", reply("200 OK", &[], &longer)),
        (
            "99999 or more are offered",
            reply("200 OK", &[length(&shorter)], &shorter),
        ),
        ("404", reply("404 Not Found", &[], b"no")),
        (
            "leads to `http://example.org/a`",
            reply("302 Found", &["Location: http://example.org/a".to_owned()], b""),
        ),
    ];
    for (said, answer) in answers {
        let server = Server::new(move |_, _| answer.clone());
        let root = tempfile::tempdir().unwrap();
        let fault = fetched(&set(server.base, vec![file("a", &body)]), root.path())
            .0
            .unwrap_err();
        assert!(fault.what.contains(said), "{said}: {fault}");
        assert_eq!((fault.exit_status(), server.seen().len()), (1, 1), "{said}");
        assert!(fault.remedy.is_some() && !root.path().join("deep").exists(), "{said}");
        let part = root.path().join(".fetch/test/a.part");
        assert!(said != "its SHA-256 is" || fs::metadata(part).unwrap().len() == 0);
    }
}

#[test]
fn a_server_that_leads_on_for_ever_falls_silent_or_is_not_there_is_left() {
    let body = bytes();
    let known = |base| set(base, vec![file("a", &bytes())]);
    let round = Server::new(|_, _| reply("302 Found", &["Location: /a".to_owned()], b""));
    let root = tempfile::tempdir().unwrap();
    let fault = fetched(&known(round.base), root.path()).0.unwrap_err();
    assert!(fault.what.contains("without end"), "{fault}");
    assert!(round.seen().len() < 12);

    // It sends a little, and then nothing, without closing.
    let silent = Server::new(move |request, number| {
        if number > 0 {
            return whole(request, &body);
        }
        std::thread::sleep(Duration::from_secs(2));
        Vec::new()
    });
    let began = Instant::now();
    let (outcome, told) = fetched(&known(silent.base), root.path());
    outcome.unwrap();
    assert!(told.iter().any(|event| matches!(event, Event::Again { .. })));
    assert!(began.elapsed() < Duration::from_secs(10));

    let root = tempfile::tempdir().unwrap();
    let fault = fetched(&known("http://127.0.0.1:1/"), root.path()).0.unwrap_err();
    assert_eq!(fault.exit_status(), 1, "{fault}");
    assert!(fault.what.contains("does not come"), "{fault}");
    assert!(
        fetched(&known("http://example.org/"), root.path())
            .0
            .unwrap_err()
            .what
            .contains("neither https")
    );
}

#[test]
fn a_connection_that_always_breaks_at_one_place_is_left() {
    let body = bytes();
    let sent = body.clone();
    let server = Server::new(move |_, _| reply("200 OK", &[length(&sent)], &sent[..10]));
    let root = tempfile::tempdir().unwrap();
    let fault = fetched(&set(server.base, vec![file("a", &body)]), root.path())
        .0
        .unwrap_err();
    assert!(fault.what.contains("does not come"), "{fault}");
    assert_eq!(server.seen().len(), 3);
}

#[test]
fn what_cannot_be_written_and_what_another_process_fetches_is_told() {
    let body = bytes();
    let sent = body.clone();
    let server = Server::new(move |request, _| whole(request, &sent));
    let known = set(server.base, vec![file("a", &body)]);
    let root = tempfile::tempdir().unwrap();
    let gathered = root.path().join(".fetch/test");
    fs::create_dir_all(&gathered).unwrap();
    let other = fs::File::create(gathered.join("lock")).unwrap();
    other.lock().unwrap();
    let fault = fetched(&known, root.path()).0.unwrap_err();
    assert!(fault.what.contains("another process is fetching `test`"), "{fault}");
    drop(other);
    // A file where the folder of the set is to be.
    fs::write(root.path().join("deep"), "a file").unwrap();
    assert!(fetched(&known, root.path()).0.is_err());
    fs::remove_file(root.path().join("deep")).unwrap();
    fetched(&known, root.path()).0.unwrap();
    assert_eq!(server.seen().len(), 1, "what was here was taken up");
    // A device that is full.
    #[cfg(target_os = "linux")]
    {
        let root = tempfile::tempdir().unwrap();
        let gathered = root.path().join(".fetch/test");
        fs::create_dir_all(&gathered).unwrap();
        std::os::unix::fs::symlink("/dev/full", gathered.join("a.part")).unwrap();
        let fault = fetched(&known, root.path()).0.unwrap_err();
        assert!(
            fault.what.contains("No space left") && fault.exit_status() == 1,
            "{fault}"
        );
        assert!(fault.remedy.unwrap().contains("--data-root"));
        assert!(!root.path().join("deep").exists());
    }
}

#[test]
fn sets_without_a_home_say_why() {
    let root = tempfile::tempdir().unwrap();
    for (name, said) in [("fragment", "generated"), ("fiction", "was made from")] {
        let known = registry::find(name).unwrap();
        let fault = fetch(known, root.path(), None, IMPATIENT, &mut |_| {}).unwrap_err();
        assert!(
            fault.what.contains(said) && fault.allowed.unwrap().contains("blimp"),
            "{name}"
        );
    }
}
