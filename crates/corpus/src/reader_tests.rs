use super::*;
use crate::json::each_object;
use std::io::Write;

pub(crate) fn gzip(text: &str) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

fn lines(path: &Path) -> Result<Vec<String>> {
    let mut lines = Vec::new();
    with_bytes(path, None, |reader| {
        each_line(reader, path, |_, line| {
            lines.push(line.to_owned());
            Ok(())
        })
    })?;
    Ok(lines)
}

#[test]
fn plain_and_gzipped_lines_are_the_same_and_end_at_newlines_only() {
    let folder = tempfile::tempdir().unwrap();
    let (plain, zipped) = (folder.path().join("a.txt"), folder.path().join("a.txt.gz"));
    let text = "one\u{2028}still one\n\nthree";
    std::fs::write(&plain, text).unwrap();
    // Two members, one after the other, are one gzip file.
    std::fs::write(&zipped, [gzip("one\u{2028}still "), gzip("one\n\nthree")].concat()).unwrap();
    assert_eq!(lines(&plain).unwrap(), ["one\u{2028}still one", "", "three"]);
    assert_eq!(lines(&plain).unwrap(), lines(&zipped).unwrap());
}

#[test]
fn damage_is_a_usage_fault_that_names_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.txt.gz");
    let whole = gzip(&"a line of text\n".repeat(1000));
    let mut flipped = whole.clone();
    let checksum = flipped.len() - 6;
    flipped[checksum] ^= 0xFF;
    for bytes in [
        whole[..whole.len() - 10].to_vec(),
        flipped,
        b"not a gzip".to_vec(),
        Vec::new(),
    ] {
        std::fs::write(&path, &bytes).unwrap();
        let fault = lines(&path).unwrap_err();
        assert!(
            fault.what.contains("a.txt.gz") && fault.what.contains("corrupt gzip"),
            "{fault}"
        );
        assert_eq!(fault.exit_status(), 2);
    }
    let path = folder.path().join("b.txt");
    std::fs::write(&path, b"fine\nna\xEFve").unwrap();
    assert!(lines(&path).unwrap_err().place().unwrap().ends_with("b.txt:2:3"));
}

#[test]
fn a_bad_line_is_named_with_its_number() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.jsonl");
    let place = |text: &str| {
        std::fs::write(&path, text).unwrap();
        each_object(&path, |object| object.text("text").map(|_| ())).unwrap_err()
    };
    let fault = place("{\"text\": \"a\"}\n\n{\"text\": ");
    assert!(fault.place().unwrap().ends_with("a.jsonl:3") && fault.what.contains("not JSON"));
    assert!(place("[1]").what.contains("not an object"));
    let fault = place("{\"test\": \"a\"}");
    assert_eq!(fault.nearest.as_deref(), Some("test"));
}

#[test]
fn a_mark_of_byte_order_is_no_text() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.jsonl");
    std::fs::write(&path, "\u{FEFF}{\"text\": \"a\"}\n{\"text\": \"b\"}\n").unwrap();
    let mut texts = Vec::new();
    each_object(&path, |object| {
        texts.push(object.text("text")?.to_owned());
        Ok(())
    })
    .unwrap();
    assert_eq!(texts, ["a", "b"]);
}

#[test]
fn the_command_that_converts_a_text_can_be_copied() {
    let folder = tempfile::tempdir().unwrap();
    let utf_16 = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
    let zipped = |bytes: &[u8]| {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    };
    let (latin, wide) = (b"na\xEFve caf\xE9\n".to_vec(), utf_16("\u{FEFF}naïve café\n"));
    for (name, bytes) in [
        ("it's latin.txt", latin.clone()),
        ("latin.txt.gz", zipped(&latin)),
        ("wide.txt", wide.clone()),
        ("wide.txt.gz", zipped(&wide)),
    ] {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        let remedy = lines(&path).unwrap_err().remedy.unwrap();
        let (_, command) = remedy.split_once(": ").unwrap();
        let run = std::process::Command::new("sh")
            .args(["-c", command])
            .current_dir(folder.path())
            .output()
            .unwrap();
        assert!(
            run.status.success(),
            "{command}: {}",
            String::from_utf8_lossy(&run.stderr)
        );
        let converted = folder.path().join(format!("utf8-{}", name.trim_end_matches(".gz")));
        assert_eq!(lines(&converted).unwrap(), ["naïve café"], "{command}");
    }
}

#[test]
fn bytes_of_zero_are_refused_with_the_way_to_convert_them() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.txt");
    for (encoding, order) in [
        ("UTF-16LE", u16::to_le_bytes as fn(u16) -> [u8; 2]),
        ("UTF-16BE", u16::to_be_bytes),
    ] {
        // Without a mark of the byte order this is UTF-8, letter for letter with a byte of 0 between.
        let bytes: Vec<u8> = "two words\n".encode_utf16().flat_map(order).collect();
        std::fs::write(&path, bytes).unwrap();
        let fault = lines(&path).unwrap_err();
        assert!(fault.what.contains("bytes of 0"), "{fault}");
        assert!(
            fault
                .remedy
                .as_ref()
                .unwrap()
                .contains(&format!("iconv -f {encoding} ")),
            "{fault}"
        );
    }
    // A few of them are no encoding.
    std::fs::write(&path, "the cat\0sat on the mat\n").unwrap();
    let fault = lines(&path).unwrap_err();
    assert!(fault.remedy.as_ref().unwrap().contains("tr -d"), "{fault}");
    let wide: Vec<u8> = "\u{feff}the cat"
        .chars()
        .flat_map(|letter| u32::from(letter).to_le_bytes())
        .collect();
    std::fs::write(&path, wide).unwrap();
    let fault = lines(&path).unwrap_err();
    assert!(
        fault.what.contains("UTF-32") && fault.remedy.as_ref().unwrap().contains("iconv -f UTF-32 "),
        "{fault}"
    );
}
