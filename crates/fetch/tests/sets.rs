//! What is fetched is what the registry says, and stands in its place whole.

use crate::server::{IMPATIENT, Server, bytes, fetched, file, length, reply, set, whole};
use cloze_fetch::{Event, Outcome, fetch};
use std::fs;

#[test]
fn a_set_comes_whole_with_its_terms_and_a_second_call_asks_nobody() {
    let (one, two) = (bytes(), b"label\ttext\n".to_vec());
    let files = vec![file("one.bin", &one), file("two.tsv", &two)];
    let (first, second) = (one.clone(), two.clone());
    let server = Server::new(move |request, _| match request.path.as_str() {
        "/one.bin" => whole(request, &first),
        _ => whole(request, &second),
    });
    let root = tempfile::tempdir().unwrap();
    let known = set(server.base, files);
    let (outcome, told) = fetched(&known, root.path());
    let place = root.path().join("deep/test");
    assert_eq!(outcome.unwrap(), Outcome::Fetched(place.clone()));
    assert_eq!(fs::read(place.join("one.bin")).unwrap(), one);
    assert_eq!(fs::read(place.join("two.tsv")).unwrap(), two);
    let readme = fs::read_to_string(place.join("README.md")).unwrap();
    assert!(readme.contains("CC0") && readme.contains(server.base), "{readme}");
    let done: Vec<u64> = told
        .iter()
        .filter_map(|event| match event {
            Event::Progress { done, of } => {
                assert_eq!(*of, 100_011);
                Some(*done)
            }
            _ => None,
        })
        .collect();
    assert!(done.is_sorted() && done.last() == Some(&100_011), "{done:?}");
    assert_eq!(
        fs::read_dir(root.path()).unwrap().count(),
        1,
        "what was gathered is gone"
    );

    assert_eq!(
        fetched(&known, root.path()).0.unwrap(),
        Outcome::WasThere(place.clone())
    );
    assert_eq!(server.seen().len(), 2);
    // A file that was changed is told, and left.
    fs::write(place.join("two.tsv"), "mine").unwrap();
    let fault = fetched(&known, root.path()).0.unwrap_err();
    assert!(fault.what.contains("`two.tsv` is another file"), "{fault}");
    fs::remove_file(place.join("two.tsv")).unwrap();
    let fault = fetched(&known, root.path()).0.unwrap_err();
    assert!(fault.what.contains("`two.tsv` is not in it"), "{fault}");
    assert_eq!((fault.exit_status(), server.seen().len()), (2, 2));
}

#[test]
fn a_broken_download_goes_on_where_it_ended_within_a_call_and_in_the_next() {
    let body = bytes();
    let known = |server: &Server| set(server.base, vec![file("a", &bytes())]);
    let sent = body.clone();
    // The first answer breaks off in the middle of what it promises.
    let server = Server::new(move |request, number| match number {
        0 => reply("200 OK", &[length(&sent)], &sent[..60_000]),
        _ => whole(request, &sent),
    });
    let root = tempfile::tempdir().unwrap();
    let (outcome, told) = fetched(&known(&server), root.path());
    outcome.unwrap();
    let asked: Vec<Option<u64>> = server.seen().iter().map(|request| request.from).collect();
    assert_eq!(asked, [None, Some(60_000)]);
    assert!(told.iter().any(|event| matches!(event, Event::Again { .. })));
    assert_eq!(fs::read(root.path().join("deep/test/a")).unwrap(), body);

    let sent = body.clone();
    let server = Server::new(move |request, number| match number {
        0 => reply("200 OK", &[length(&sent)], &sent[..60_000]),
        1..3 => reply("503 Service Unavailable", &["Retry-After: 0".to_owned()], b""),
        _ => whole(request, &sent),
    });
    let root = tempfile::tempdir().unwrap();
    let fault = fetched(&known(&server), root.path()).0.unwrap_err();
    assert!(fault.what.contains("503") && fault.exit_status() == 1, "{fault}");
    assert!(!root.path().join("deep/test").exists());
    let (outcome, told) = fetched(&known(&server), root.path());
    outcome.unwrap();
    assert!(told.contains(&Event::Resumed {
        file: "a".to_owned(),
        from: 60_000
    }));
    assert_eq!(server.seen().last().unwrap().from, Some(60_000));
    assert_eq!(fs::read(root.path().join("deep/test/a")).unwrap(), body);
}

#[test]
fn what_was_left_of_another_file_is_not_kept() {
    for with_ranges in [true, false] {
        let body = bytes();
        let sent = body.clone();
        let server = Server::new(move |request, _| match with_ranges {
            true => whole(request, &sent),
            false => reply("200 OK", &[length(&sent)], &sent),
        });
        let root = tempfile::tempdir().unwrap();
        let gathered = root.path().join(".fetch/test");
        fs::create_dir_all(&gathered).unwrap();
        fs::write(gathered.join("a.part"), vec![9; 70_000]).unwrap();
        fetched(&set(server.base, vec![file("a", &body)]), root.path())
            .0
            .unwrap();
        assert_eq!(fs::read(root.path().join("deep/test/a")).unwrap(), body);
        let asked: Vec<Option<u64>> = server.seen().iter().map(|request| request.from).collect();
        let again = if with_ranges {
            vec![Some(70_000), None]
        } else {
            vec![Some(70_000)]
        };
        assert_eq!(asked, again);
    }
    // One that is longer than the file, to which a server says that nothing lies there.
    let body = bytes();
    let sent = body.clone();
    let server = Server::new(move |request, _| whole(request, &sent));
    let root = tempfile::tempdir().unwrap();
    let gathered = root.path().join(".fetch/test");
    fs::create_dir_all(&gathered).unwrap();
    fs::write(gathered.join("a.part"), vec![9; 170_000]).unwrap();
    fetched(&set(server.base, vec![file("a", &body)]), root.path())
        .0
        .unwrap();
    assert_eq!(fs::read(root.path().join("deep/test/a")).unwrap(), body);
}

#[test]
fn a_redirect_is_followed_on_this_machine_and_another_place_can_be_named() {
    let body = bytes();
    let sent = body.clone();
    let server = Server::new(move |request, _| match request.path.as_str() {
        "/a" => reply("302 Found", &["Location: /b".to_owned()], b""),
        // To a port where nobody is.
        "/b" => reply(
            "301 Moved Permanently",
            &["Location: http://127.0.0.1:1/c".to_owned()],
            b"",
        ),
        _ => whole(request, &sent),
    });
    let root = tempfile::tempdir().unwrap();
    let known = set(server.base, vec![file("a", &body)]);
    let fault = fetched(&known, root.path()).0.unwrap_err();
    assert!(fault.what.contains("127.0.0.1:1"), "{fault}");

    let sent = body.clone();
    let mirror = Server::new(move |request, _| match request.path.as_str() {
        "/mirror/a" => reply("302 Found", &["Location: /c".to_owned()], b""),
        _ => whole(request, &sent),
    });
    let from = format!("{}mirror", mirror.base);
    fetch(&known, root.path(), Some(&from), IMPATIENT, &mut |_| {}).unwrap();
    assert_eq!(fs::read(root.path().join("deep/test/a")).unwrap(), body);
    let paths: Vec<String> = mirror.seen().into_iter().map(|request| request.path).collect();
    assert_eq!(paths, ["/mirror/a", "/c"]);
}
