//! `cloze data fetch` against a server on this machine: never the network.

use crate::common::{Workplace, text};
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::path::Path;

/// A server that gives what is in a folder, plain or gunzipped, under any path, and its address.
fn server(folder: Option<&Path>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}/mirror", listener.local_addr().unwrap());
    let folder = folder.map(Path::to_owned);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let lines = BufReader::new(stream.try_clone().unwrap()).lines();
            let head: Vec<String> = lines
                .map_while(Result::ok)
                .take_while(|line| !line.is_empty())
                .collect();
            let name = head[0].split(' ').nth(1).unwrap().rsplit('/').next().unwrap();
            let body = match &folder {
                Some(folder) => std::fs::read(folder.join(name)).unwrap(),
                None => b"something else".to_vec(),
            };
            let head = format!(
                "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: {}\r\n\r\n",
                body.len()
            );
            let _ = stream.write_all(&[head.as_bytes(), &body].concat());
        }
    });
    address
}

#[test]
fn terms_are_shown_first_and_another_file_is_refused() {
    let workplace = Workplace::new();
    let from = server(None);
    let fetched = workplace.cloze(&["data", "fetch", "wnut17", "--data-root", "data", "--from", &from]);
    let said = text(&fetched.stderr);
    assert_eq!(fetched.status.code(), Some(1), "{said}");
    let at = |words: &str| said.find(words).unwrap_or_else(|| panic!("{words}: {said}"));
    assert!(at("licence: CC BY 4.0") < at("error: "), "{said}");
    assert!(
        at("0.80 MB from https://github.com/leondz") < at("14 or more are offered"),
        "{said}"
    );
    assert!(!workplace.path("data/token").exists());
}

#[test]
fn what_cannot_be_fetched_is_refused_before_anything_is() {
    let workplace = Workplace::new();
    for (arguments, said) in [
        (&["wnut17", "blmp", "--data-root", "data"][..], "did you mean `blimp`?"),
        (&["wnut17"], "CLOZE_DATA"),
        (&["fragment", "--data-root", "data"], "needs no data"),
        (&["legal", "--data-root", "data"], "was made from"),
        (
            &["wnut17", "--data-root", "data", "--from", "http://example.org"],
            "neither https nor on this machine",
        ),
    ] {
        let fetched = workplace.cloze(&[&["data", "fetch"], arguments].concat());
        let stderr = text(&fetched.stderr);
        assert_eq!(fetched.status.code(), Some(2), "{stderr}");
        assert!(stderr.contains(said), "{said}: {stderr}");
    }
    assert!(!workplace.path("data/token").exists());
}

#[test]
fn what_can_be_fetched_stands_in_the_documentation() {
    let page = include_str!("../../../docs/corpora.md");
    for name in cloze_corpus::registry::downloads() {
        assert!(page.contains(&format!("`{name}`")), "{name}");
    }
}

/// The registry's sizes and hashes are those of the files themselves.
#[test]
#[ignore = "needs the data sets: CLOZE_DATA=FOLDER cargo test --workspace --test cli -- --ignored real_files"]
fn real_files_have_the_sizes_and_hashes_of_the_registry() {
    let data = std::env::var_os("CLOZE_DATA").expect("CLOZE_DATA");
    for (name, path, files) in [
        ("wnut17", "token/wnut17", 3),
        ("uner-ewt", "token/uner_english_ewt", 2),
        ("ud-ewt", "token/ud_english_ewt", 3),
        ("blimp", "minimal_pairs/blimp", 67),
        ("wikitext2", "corpora/wikipedia_wikitext2_valid_test", 2),
    ] {
        let workplace = Workplace::new();
        let plain = workplace.path("plain");
        std::fs::create_dir(&plain).unwrap();
        for entry in std::fs::read_dir(Path::new(&data).join(path)).unwrap() {
            let entry = entry.unwrap().path();
            let name = entry.file_name().unwrap().to_str().unwrap();
            let bytes = std::fs::read(&entry).unwrap();
            match name.strip_suffix(".gz") {
                None => std::fs::write(plain.join(name), bytes).unwrap(),
                Some(name) => {
                    let mut to = std::fs::File::create(plain.join(name)).unwrap();
                    std::io::copy(&mut flate2::read::MultiGzDecoder::new(&bytes[..]), &mut to).unwrap();
                }
            }
        }
        let from = server(Some(&plain));
        let fetched = workplace.cloze(&["data", "fetch", name, "--data-root", "data", "--from", &from]);
        assert!(fetched.status.success(), "{}", text(&fetched.stderr));
        assert_eq!(text(&fetched.stdout), format!("{name}: here: data/{path}\n"));
        let there = std::fs::read_dir(workplace.path("data").join(path)).unwrap().count();
        assert_eq!(there, files + 1, "and a README");
        let listed = text(&workplace.cloze(&["data", "list", "--data-root", "data"]).stdout);
        assert!(listed.contains(&format!("here: data/{path}")), "{listed}");
        let again = workplace.cloze(&["data", "fetch", name, "--data-root", "data"]);
        assert!(text(&again.stdout).contains("was here"), "{}", text(&again.stderr));
    }
}
