use super::*;
use std::fs;

fn place(names: &[&str]) -> tempfile::TempDir {
    let place = tempfile::tempdir().unwrap();
    for name in names {
        let path = place.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, name).unwrap();
    }
    place
}

fn found_in(place: &tempfile::TempDir, source: &str) -> Result<Vec<String>> {
    let own = |path: &PathBuf| path.strip_prefix(place.path()).unwrap().to_string_lossy().into_owned();
    Ok(files(source, Some(place.path()))?.iter().map(own).collect())
}

#[test]
fn files_folders_and_globs() {
    let place = place(&[
        "b.txt",
        "a/c.ndjson.gz",
        "a/deep/d.TXT",
        "a/deep/e.json",
        "a/README.txt",
        "a/.hidden.txt",
        "a/.git/f.txt",
        "a/g.pdf",
        "json/h.json",
        "table/i.parquet",
        "table/j.parquet.gz",
    ]);
    let found = |source: &str| found_in(&place, source).unwrap();
    assert_eq!(found("b.txt"), ["b.txt"]);
    assert_eq!(found("a"), ["a/c.ndjson.gz", "a/deep/d.TXT"]);
    assert_eq!(found("json"), ["json/h.json"]);
    assert_eq!(found("table"), ["table/i.parquet"]);
    assert_eq!(found("a/deep/*.json"), ["a/deep/e.json"]);
    assert_eq!(found("*/*"), ["a/c.ndjson.gz", "json/h.json", "table/i.parquet"]);
    assert_eq!(found("./a/*"), ["a/c.ndjson.gz"]);
    assert_eq!(found("**/[dh].*"), ["a/deep/d.TXT", "json/h.json"]);
    let absolute = place.path().join("a/*/*.TXT");
    assert_eq!(found(&absolute.to_string_lossy()), ["a/deep/d.TXT"]);
    for (source, what) in [
        ("c*.txt", "no data at"),
        ("none/*.txt", "no data at"),
        ("a[", "not a glob"),
        ("a/g.pdf", "not a kind of file"),
    ] {
        let fault = found_in(&place, source).unwrap_err();
        assert!(fault.what.contains(what), "{source}: {fault}");
    }
    // What is named is meant, hidden or not.
    assert_eq!(found("a/.git"), ["a/.git/f.txt"]);
}

#[test]
fn brackets_are_names_before_they_are_patterns() {
    let place = place(&["[2024] notes/a.txt", "[2024] notes/[b].txt", "2/c.txt", "b/d.txt"]);
    let found = |source: &str| found_in(&place, source).unwrap();
    assert_eq!(found("[2024] notes"), ["[2024] notes/[b].txt", "[2024] notes/a.txt"]);
    assert_eq!(found("[2024] notes/[b].txt"), ["[2024] notes/[b].txt"]);
    assert_eq!(found("[2024] notes/a*"), ["[2024] notes/a.txt"]);
    assert_eq!(found("[2024]/*.txt"), ["2/c.txt"]);
}

#[cfg(unix)]
#[test]
fn links_lead_on_but_never_in_circles_and_no_file_is_there_twice() {
    use std::os::unix::fs::symlink;
    let place = place(&["data/a.txt", "data/deep/b.txt", "elsewhere/c.txt"]);
    let at = |name: &str| place.path().join(name);
    symlink("..", at("data/deep/up")).unwrap();
    symlink("../..", at("data/deep/top")).unwrap();
    symlink("a.txt", at("data/again.txt")).unwrap();
    symlink(at("elsewhere"), at("data/more")).unwrap();
    fs::hard_link(at("elsewhere/c.txt"), at("data/x.txt")).unwrap();
    let names = |source: &str| -> Vec<String> {
        let files = files(source, Some(place.path())).unwrap();
        files.iter().map(|file| name(file).to_owned()).collect()
    };
    // A hard link is a file of its own by its path; that its text is there already is found when it is read.
    assert_eq!(names("data"), ["a.txt", "b.txt", "c.txt", "x.txt"]);
    assert_eq!(names("data/**/*.txt"), ["a.txt", "b.txt", "c.txt", "x.txt"]);
    // Twelve folders with a link to every other one: no name of a path may come twice, and it ends.
    for from in 0..12 {
        fs::create_dir_all(at(&format!("web/{from}"))).unwrap();
    }
    fs::write(at("web/0/a.txt"), "a").unwrap();
    for from in 0..12 {
        for to in (0..12).filter(|to| *to != from) {
            symlink(at(&format!("web/{to}")), at(&format!("web/{from}/{to}"))).unwrap();
        }
    }
    let fault = files("web/**/*.txt", Some(place.path())).unwrap_err();
    assert!(fault.what.contains("folders"), "{fault}");
}

#[cfg(unix)]
#[test]
fn what_has_no_end_is_no_file() {
    let place = place(&["a.txt"]);
    let pipe = place.path().join("pipe.txt");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status().unwrap();
    assert!(made.success());
    std::os::unix::fs::symlink("/dev/zero", place.path().join("zero.txt")).unwrap();
    let fault = found_in(&place, "*.txt").unwrap_err();
    assert!(fault.what.contains("not a file that can be read to its end"), "{fault}");
    for name in ["pipe.txt", "zero.txt"] {
        let path = place.path().join(name);
        for fault in [
            files(name, Some(place.path())).unwrap_err(),
            crate::reader::hash_file(&path).unwrap_err(),
            crate::Tokenizer::load(&path).err().unwrap(),
        ] {
            assert!(fault.what.contains("not a file that can be read to its end"), "{fault}");
            assert_eq!(fault.exit_status(), 2);
        }
    }
}

#[test]
fn results_of_experiments_are_no_text() {
    let place = place(&[
        "text/a.txt",
        "results/x/plan.json",
        "results/x/metrics.parquet",
        "results/x/runs/0123/items-00001.parquet",
        "results/y/plan.json",
        "results/y/b.txt",
    ]);
    assert_eq!(found_in(&place, ".").unwrap(), ["results/y/b.txt", "text/a.txt"]);
    // What is named is meant.
    assert_eq!(found_in(&place, "results/x/metrics.parquet").unwrap().len(), 1);
}

#[cfg(unix)]
#[test]
fn what_bears_the_name_of_a_text_and_is_none_is_not_passed_over() {
    let place = place(&["a/b.txt", "a/c.pdf"]);
    std::os::unix::fs::symlink(place.path().join("gone.pdf"), place.path().join("a/d.pdf")).unwrap();
    assert_eq!(found_in(&place, "a").unwrap(), ["a/b.txt"]);
    std::os::unix::fs::symlink(place.path().join("gone.txt"), place.path().join("a/d.txt")).unwrap();
    let fault = found_in(&place, "a").unwrap_err();
    assert!(fault.what.contains("a/d.txt"), "{fault}");
    std::fs::remove_file(place.path().join("a/d.txt")).unwrap();
    let made = std::process::Command::new("mkfifo")
        .arg(place.path().join("a/e.txt"))
        .status();
    if made.is_ok_and(|status| status.success()) {
        let fault = found_in(&place, "a").unwrap_err();
        assert!(
            fault.what.contains("e.txt` is not a file that can be read to its end"),
            "{fault}"
        );
    }
}
