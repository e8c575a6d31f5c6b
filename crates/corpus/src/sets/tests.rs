//! Readers of people's files: what they read, and what they say of what is wrong.

use super::*;
use crate::reader::tests::gzip;
use std::path::PathBuf;

fn put(folder: &tempfile::TempDir, name: &str, text: &str) -> PathBuf {
    let path = folder.path().join(name);
    let bytes = if name.ends_with(".gz") {
        gzip(text)
    } else {
        text.as_bytes().to_vec()
    };
    std::fs::write(&path, bytes).unwrap();
    path
}

fn asked<'a>(text: Option<&'a Column>, pair: Option<&'a Column>, label: Option<&'a Column>) -> TableAsked<'a> {
    TableAsked {
        text,
        pair,
        label,
        header: None,
    }
}

const USUAL: TableAsked<'static> = TableAsked {
    text: None,
    pair: None,
    label: None,
    header: None,
};

/// Text, pair and label of each row.
fn table(name: &str, text: &str, asked: &TableAsked) -> Result<Vec<(String, Option<String>, String)>> {
    let folder = tempfile::tempdir().unwrap();
    let read = read_table(&put(&folder, name, text), asked)?;
    Ok(read.into_iter().map(|row| (row.text, row.pair, row.label)).collect())
}

fn row(text: &str, label: &str) -> (String, Option<String>, String) {
    (text.to_owned(), None, label.to_owned())
}

#[test]
fn the_same_rows_are_read_from_every_format() {
    let rows = vec![row("a \"b\", c", "x"), row("d", "y z")];
    let numbers = [Column::Number(2), Column::Number(-2)];
    let by_number = asked(Some(&numbers[0]), None, Some(&numbers[1]));
    for (name, text, asked) in [
        ("a.csv", "label,text\nx,\"a \"\"b\"\", c\"\ny z,d\n", &USUAL),
        (
            "a.csv.gz",
            "\u{FEFF}text,n,label\r\n\"a \"\"b\"\", c\",1,x\r\nd,2,y z",
            &USUAL,
        ),
        ("A.TSV", "text\tlabel\na \"b\", c\tx\nd\ty z\n", &USUAL),
        ("a.txt", "a \"b\", c\tx\nd\ty z\n", &USUAL),
        ("a.csv", "x,\"a \"\"b\"\", c\"\ny z,d\n", &by_number),
        ("a.tsv", "x\ta \"b\", c\ny z\td\n", &by_number),
        (
            "a.jsonl",
            "{\"text\": \"a \\\"b\\\", c\", \"label\": \"x\"}\n\n{\"label\": \"y z\", \"text\": \"d\"}\n",
            &USUAL,
        ),
    ] {
        assert_eq!(table(name, text, asked).unwrap(), rows, "{name}");
    }
    // Numbers with a header, labels that are numbers, and pairs.
    let header = TableAsked {
        header: Some(true),
        ..by_number
    };
    assert_eq!(table("a.tsv", "l\tt\n1\tb\n", &header).unwrap(), [row("b", "1")]);
    assert_eq!(
        table(
            "a.jsonl",
            "{\"text\": \"b\", \"label\": 1}\n{\"text\": \"c\", \"label\": true}",
            &USUAL
        )
        .unwrap(),
        [row("b", "1"), row("c", "true")]
    );
    let columns = ["question", "sentence", "label"].map(Column::from);
    let pairs = asked(Some(&columns[0]), Some(&columns[1]), Some(&columns[2]));
    let found = table("a.tsv", "index\tquestion\tsentence\tlabel\n0\ta\tb \" c\tno\n", &pairs).unwrap();
    assert_eq!(found, [("a".to_owned(), Some("b \" c".to_owned()), "no".to_owned())]);
}

#[test]
fn what_is_wrong_with_a_table_is_told_with_its_line() {
    let label = Column::from("category");
    for (name, text, asked, place, what) in [
        ("a.csv", "text,label\na,x\nb\n", &USUAL, ":3", "1 columns"),
        ("a.csv", "text,label\na,x\nb,\n", &USUAL, ":3", "label is missing"),
        ("a.tsv", "text\tlabel\n \tx\n", &USUAL, ":2", "text is empty"),
        ("a.txt", "one column\n", &USUAL, ":1", "both the text and the label"),
        (
            "a.csv",
            "text,categry\na,x\n",
            &asked(None, None, Some(&label)),
            ":1",
            "no column `category`",
        ),
        ("a.csv", "text,label\n", &USUAL, "", "holds no labelled text"),
        ("a.csv", "", &USUAL, "", "holds no labelled text"),
        ("a.jsonl", "{\"text\": \"a\"}\n", &USUAL, ":1", "`label`"),
        (
            "a.jsonl",
            "{\"text\": \"a\", \"label\": \"x\"}\n{",
            &USUAL,
            ":2",
            "not JSON",
        ),
        ("a.csv", "text,label\n\"a\nb\",x\n\"c,y\n", &USUAL, ":4", "1 columns"),
    ] {
        let fault = table(name, text, asked).unwrap_err();
        assert!(fault.what.contains(what), "{fault}");
        assert!(
            fault.place().unwrap_or_default().ends_with(&format!("{name}{place}")),
            "{fault}"
        );
    }
    let fault = table("a.csv", "text,categry\na,x\n", &asked(None, None, Some(&label))).unwrap_err();
    assert_eq!(fault.nearest.as_deref(), Some("categry"));
    let fault = table("a.parquet", "", &USUAL).unwrap_err();
    assert!(fault.allowed.unwrap().contains(".jsonl"));
    let long = format!("text,label\na,{}\n", "x".repeat(200));
    assert!(
        table("a.csv", &long, &USUAL)
            .unwrap_err()
            .what
            .contains("200 characters")
    );
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.csv");
    std::fs::write(&path, b"text,label\na,x\nb\xff,x\n").unwrap();
    let fault = read_table(&path, &USUAL).unwrap_err();
    assert!(fault.place().unwrap().ends_with(":3"), "{fault}");
}

fn sentences(name: &str, text: &str, asked: &ColumnsAsked) -> Result<Vec<TaggedSentence>> {
    let folder = tempfile::tempdir().unwrap();
    read_columns(&put(&folder, name, text), asked)
}

fn pairs(sentences: &[TaggedSentence]) -> Vec<Vec<(String, String)>> {
    let of = |sentence: &TaggedSentence| {
        sentence
            .words
            .iter()
            .cloned()
            .zip(sentence.tags.iter().cloned())
            .collect()
    };
    sentences.iter().map(of).collect()
}

#[test]
fn columns_are_read_with_comments_blank_lines_and_hashtags() {
    let usual = ColumnsAsked::default();
    let expected = vec![
        vec![
            ("#tag".to_owned(), "O".to_owned()),
            ("Bonn".to_owned(), "B-LOC".to_owned()),
        ],
        vec![("a b".to_owned(), "O".to_owned())],
    ];
    let found = sentences(
        "a.conll",
        "# text = x y z\n#tag\tO\nBonn\tB-LOC\r\n\t\n\n# more\na b\tO",
        &usual,
    )
    .unwrap();
    assert_eq!(pairs(&found), expected);
    assert_eq!(found[0].lines, [2, 3]);
    let spaces = "-DOCSTART- -X- -X- O\n\nBonn NNP I-NP I-LOC\n# # O O\n\n-DOCSTART- -X- -X- O\nis VBZ B-VP O\n";
    let found = pairs(&sentences("a.txt", spaces, &usual).unwrap());
    let words: Vec<Vec<&str>> = found
        .iter()
        .map(|sentence| sentence.iter().map(|(word, _)| word.as_str()).collect())
        .collect();
    assert_eq!(words, [vec!["Bonn", "#"], vec!["is"]]);
    let other = ColumnsAsked {
        word: Some(Column::Number(2)),
        tag: Some(Column::Number(3)),
    };
    let found = sentences(
        "a.iob2",
        "# sent_id = 1\n1\twhere\tO\t-\t-\n2\tBonn\tB-LOC\t-\t-\n",
        &other,
    )
    .unwrap();
    assert_eq!(
        (found[0].words[1].as_str(), found[0].tags[1].as_str()),
        ("Bonn", "B-LOC")
    );
}

#[test]
fn universal_columns_leave_out_words_that_are_several_or_none() {
    let line = |id: &str, word: &str, tag: &str| format!("{id}\t{word}\t_\t{tag}\t_\t_\t0\t_\t_\t_\n");
    let text = [
        "# newdoc\n",
        &line("1-2", "don't", "_"),
        &line("1", "do", "AUX"),
        &line("2", "n't", "PART"),
        &line("2.1", "go", "VERB"),
    ]
    .concat();
    let found = sentences("a.conllu.gz", &text, &ColumnsAsked::default()).unwrap();
    assert_eq!(
        (found[0].words.join(" "), found[0].tags.join(" ")),
        ("do n't".to_owned(), "AUX PART".to_owned())
    );
    let fault = sentences("a.conllu", "1 do _ AUX\n", &ColumnsAsked::default()).unwrap_err();
    assert!(
        fault.what.contains("in place of 10") && fault.place().unwrap().ends_with(":1"),
        "{fault}"
    );
    // Every word has its number and what CoNLL-U asks of all of them; a lemma may be unspecified.
    for (id, tag, what) in [
        ("3", "AUX", "the ID is `3` in place of 2"),
        ("1", "AUX", "the ID is `1` in place of 2"),
        ("x", "AUX", "the ID is `x`"),
        ("2", "_", "no UPOS"),
    ] {
        let text = [line("1", "do", "AUX"), line(id, "go", tag)].concat();
        let fault = sentences("a.conllu", &text, &ColumnsAsked::default()).unwrap_err();
        assert!(fault.what.contains(what), "{fault}");
        assert!(fault.place().unwrap().ends_with("a.conllu:2"), "{fault}");
    }
    let lemma = ColumnsAsked {
        tag: Some(Column::Number(3)),
        ..ColumnsAsked::default()
    };
    assert_eq!(
        sentences("a.conllu", &line("1", "do", "_"), &lemma).unwrap()[0].tags,
        ["_"]
    );
}

#[test]
fn pairs_of_texts_are_read_with_a_label_only_if_one_is_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let path = put(&folder, "a.tsv", "text\ttext_pair\tQuality\na\tb\t1\nc\td\t0\n");
    let read = |asked: &TableAsked| -> Result<Vec<(String, String, Option<String>)>> {
        let read = read_text_pairs(&path, asked)?.into_iter();
        Ok(read.map(|pair| (pair.first, pair.second, pair.label)).collect())
    };
    let pair = |first: &str, second: &str, label: Option<&str>| {
        (first.to_owned(), second.to_owned(), label.map(str::to_owned))
    };
    assert_eq!(read(&USUAL).unwrap(), [pair("a", "b", None), pair("c", "d", None)]);
    let quality = Column::from("Quality");
    let labelled = asked(None, None, Some(&quality));
    assert_eq!(
        read(&labelled).unwrap(),
        [pair("a", "b", Some("1")), pair("c", "d", Some("0"))]
    );
    let turned = [Column::from("text_pair"), Column::from("text")];
    assert_eq!(
        read(&asked(Some(&turned[0]), Some(&turned[1]), None)).unwrap()[0],
        pair("b", "a", None)
    );
    for (text, place) in [("text\ttext_pair\na\t\n", ":2"), ("text\tother\na\tb\n", ":1")] {
        let fault = read_text_pairs(&put(&folder, "b.tsv", text), &USUAL).unwrap_err();
        assert!(fault.place().unwrap().ends_with(place), "{fault}");
    }
}

#[test]
fn a_broken_column_is_told_with_its_line() {
    let usual = ColumnsAsked::default();
    for (text, place, what) in [
        ("a\tO\nb\n", ":2", "1 columns in place of 2"),
        ("a\tO\nb\tx\tO\n", ":2", "3 columns in place of 2"),
        ("a\tO\n\tO\n", ":2", "the word is missing"),
        ("a\tO\nb\t\n", ":2", "the tag is missing"),
        ("a\nb\n", ":1", "both the word and the tag"),
        ("# nothing\n\n", "", "holds no sentence"),
    ] {
        let fault = sentences("a.conll", text, &usual).unwrap_err();
        assert!(fault.what.contains(what), "{fault}");
        assert!(fault.place().unwrap().ends_with(&format!("a.conll{place}")), "{fault}");
    }
    let tag = ColumnsAsked {
        tag: Some(Column::Number(5)),
        ..ColumnsAsked::default()
    };
    assert!(
        sentences("a.conll", "a\tO\n", &tag)
            .unwrap_err()
            .what
            .contains("no column 5")
    );
}

fn tags(text: &str) -> Vec<String> {
    text.split(' ').map(str::to_owned).collect()
}

#[test]
fn one_text_in_three_schemes_has_the_same_entities() {
    let [one, two, three] = [
        "I-PER I-PER B-PER O I-LOC I-ORG",
        "B-PER I-PER B-PER O B-LOC B-ORG",
        "B-PER E-PER S-PER O S-LOC S-ORG",
    ]
    .map(tags);
    let found = spans(&two);
    let shown: Vec<String> = found
        .iter()
        .map(|span| format!("{}-{} {}", span.from, span.to, span.kind))
        .collect();
    assert_eq!(shown, ["0-2 PER", "2-3 PER", "4-5 LOC", "5-6 ORG"]);
    assert_eq!((spans(&one), spans(&three)), (found.clone(), found.clone()));
    assert_eq!(iob2(&found, 6), two);
    for (tags, scheme) in [(&one, Scheme::Iob1), (&two, Scheme::Iob2), (&three, Scheme::Bioes)] {
        assert!(check_tags(tags, Some(scheme)).is_ok() && check_tags(tags, None).is_ok());
    }
    assert_eq!(check_tags(&one, Some(Scheme::Iob2)).unwrap_err().0, 0);
    assert_eq!(check_tags(&two, Some(Scheme::Iob1)).unwrap_err().0, 0);
    assert_eq!(check_tags(&two, Some(Scheme::Bioes)).unwrap_err().0, 2);
    assert_eq!(check_tags(&three, Some(Scheme::Iob2)).unwrap_err().0, 1);
    for bad in ["NOUN", "B-", "X-PER", "-PER", "BI-PER"] {
        assert_eq!(check_tags(&tags(&format!("O {bad}")), None).unwrap_err().0, 1, "{bad}");
    }
    assert_eq!(check_tags(&tags("B-PER I-PER"), Some(Scheme::Bioes)).unwrap_err().0, 1);
}

const SQUAD: &str = r#"{"version": "1.1", "data": [{"title": "t", "paragraphs": [{"context": "Née in Bonn, she sang.",
 "qas": [{"id": "q1", "question": "Where?", "answers": [{"text": "Bonn", "answer_start": 7}, {"text": "in Bonn", "answer_start": 4}]},
 {"id": "q2", "question": "What?", "answers": [{"text": "sang", "answer_start": 17}]}]}]}]}"#;

#[test]
fn questions_are_read_and_their_answers_stand_where_the_file_says() {
    let folder = tempfile::tempdir().unwrap();
    let read = |text: &str| read_squad(&put(&folder, "a.json.gz", text));
    let found = read(SQUAD).unwrap();
    assert_eq!(found.len(), 2);
    for answer in found.iter().flat_map(|question| &question.answers) {
        assert!(found[0].context[answer.start..].starts_with(&answer.text));
    }
    assert_eq!(found[0].answers[0].start, 8, "é is two bytes and one character");
    for (old, new, what, line) in [
        (
            "\"answer_start\": 17",
            "\"answer_start\": 18",
            "does not stand at character 18",
            ":3,",
        ),
        (
            "\"text\": \"sang\"",
            "\"text\": \"sung\"",
            "`sung` does not stand",
            ":3,",
        ),
        ("\"q2\"", "\"q1\"", "two questions", ":2,"),
        ("[{\"text\": \"sang\", \"answer_start\": 17}]", "[]", "no answer", ":3,"),
        (
            "\"question\": \"What?\"",
            "\"question\": \" \"",
            "question is empty",
            ":3,",
        ),
        ("\"qas\"", "\"questions\"", "there is no `qas`", ":3:"),
        ("\"context\"", "\"text\"", "there is no `context`", ":3:"),
        // Nothing of a parser's own words.
        ("\"Where?\"", "7", "something else stands here", ":2:35"),
        ("]}]}]}", "]}]}", "the JSON ends in the middle", ":3:"),
        ("[{\"title", "[[\"title", "format", ":1:"),
        ("\"data\"", "data", "this is not JSON", ":1:"),
    ] {
        assert!(SQUAD.contains(old));
        let fault = read(&SQUAD.replace(old, new)).unwrap_err();
        assert!(fault.what.contains(what), "{fault}");
        assert!(fault.place().unwrap().contains(line), "{fault}");
    }
    assert!(read("{\"data\": []}").unwrap_err().what.contains("holds no question"));
    assert!(read(&"[".repeat(100_000)).is_err());
}

#[test]
#[ignore = "needs the data sets: CLOZE_DATA=FOLDER cargo test --workspace --lib -- --ignored sets_of_people_are_read"]
fn sets_of_people_are_read_whole() {
    let root = PathBuf::from(std::env::var_os("CLOZE_DATA").expect("CLOZE_DATA says where the data sets are"));
    // The numbers of their READMEs.
    let read = |file: &str, word: Option<i64>, tag: Option<i64>| {
        let asked = ColumnsAsked {
            word: word.map(Column::Number),
            tag: tag.map(Column::Number),
        };
        let found = read_columns(&root.join("token").join(file), &asked).unwrap();
        let words: usize = found.iter().map(|sentence| sentence.words.len()).sum();
        if !universal_columns(Path::new(file)) {
            for sentence in &found {
                let checked = check_tags(&sentence.tags, Some(Scheme::Iob2));
                checked.unwrap_or_else(|(place, fault)| panic!("{file}:{}: {fault}", sentence.lines[place]));
            }
        }
        (found.len(), words)
    };
    assert_eq!(read("wnut17/wnut17train.conll", None, None), (3394, 62_730));
    assert_eq!(read("wnut17/emerging.dev.conll", None, None), (1009, 15_733));
    assert_eq!(read("wnut17/emerging.test.annotated", None, None), (1287, 23_394));
    assert_eq!(read("anem_biomedical/AnEM.train", None, None), (2815, 71_697));
    assert_eq!(read("anem_biomedical/AnEM.test", None, None).0, 1882);
    assert_eq!(
        read("uner_english_ewt/en_ewt-ud-dev.iob2", Some(2), Some(3)),
        (2001, 25_149)
    );
    assert_eq!(
        read("uner_english_ewt/en_ewt-ud-test.iob2", Some(2), Some(3)),
        (2077, 25_097)
    );
    for (part, expected) in [
        ("train", (12_544, 204_577)),
        ("dev", (2001, 25_147)),
        ("test", (2077, 25_094)),
    ] {
        assert_eq!(
            read(&format!("ud_english_ewt/en_ewt-ud-{part}.conllu.gz"), None, None),
            expected
        );
    }
    let columns = ["question", "sentence", "label"].map(Column::from);
    let pairs = asked(Some(&columns[0]), Some(&columns[1]), Some(&columns[2]));
    for (part, rows) in [("train", 9428), ("dev", 10_744)] {
        let file = format!("sentence_pairs/qnli_style_from_squad_dev/{part}.tsv");
        assert_eq!(read_table(&root.join(file), &pairs).unwrap().len(), rows);
    }
    for (file, questions) in [("dev-v1.1", 10_570), ("half_a", 4961), ("half_b", 5609)] {
        assert_eq!(
            read_squad(&root.join(format!("qa/squad_v1.1/{file}.json.gz")))
                .unwrap()
                .len(),
            questions
        );
    }
}

#[test]
fn two_columns_of_one_name_are_refused_where_one_of_them_is_meant() {
    let folder = tempfile::tempdir().unwrap();
    let asked = TableAsked {
        text: None,
        pair: None,
        label: None,
        header: None,
    };
    let two = put(&folder, "a.csv", "text,label,label\nx,a,b\n");
    let fault = read_table(&two, &asked).unwrap_err();
    assert!(fault.what.contains("2 columns are called `label`"), "{fault}");
    assert!(fault.place().unwrap().ends_with("a.csv:1"), "{fault}");
    // One that nobody asks for may be there as often as it likes.
    let others = put(&folder, "b.csv", "text,x,x,label\nx,1,2,a\n");
    assert_eq!(read_table(&others, &asked).unwrap()[0].label, "a");
    let by_number = TableAsked {
        text: Some(&Column::Number(1)),
        label: Some(&Column::Number(-1)),
        header: Some(true),
        ..asked
    };
    assert_eq!(read_table(&two, &by_number).unwrap()[0].label, "b");
}

#[test]
fn a_folder_or_a_glob_stands_for_its_files_and_any_name_will_do_where_no_ending_is_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["b.csv", "a.csv.gz", "c.train", "README.md", ".hidden", ".b.csv"] {
        std::fs::write(folder.path().join(name), "").unwrap();
    }
    let names = |path: &str, endings: &[&str]| -> Vec<String> {
        let found = files(path, Some(folder.path()), endings).unwrap();
        let name = |path: &std::path::PathBuf| path.file_name().unwrap().to_string_lossy().into_owned();
        found.iter().map(name).collect()
    };
    assert_eq!(names("*", TABLES), ["a.csv.gz", "b.csv"]);
    assert_eq!(names("*.csv", TABLES), ["b.csv"]);
    assert_eq!(names("*", &[]), ["a.csv.gz", "b.csv", "c.train"]);
    // A hidden file is meant where its dot is written, by a pattern or by its name.
    assert!(files("?b.csv", Some(folder.path()), TABLES).is_err());
    assert_eq!(names(".*", TABLES), [".b.csv"]);
    assert_eq!(names(".*", &[]), [".b.csv", ".hidden"]);
    assert_eq!(names(".hidden", TABLES), [".hidden"]);
    assert_eq!(
        names("c.train", TABLES),
        ["c.train"],
        "a file by itself may have any name"
    );
    assert!(files("*.json", Some(folder.path()), QUESTIONS).is_err());
}
