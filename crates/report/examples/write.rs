//! Makes the report of a results folder again, from its files alone:
//! `cargo run -p cloze-report --example write -- results/shipped/quickstart`.

fn main() -> cloze_foundation::Result<()> {
    for folder in std::env::args().skip(1) {
        cloze_report::write(folder.as_ref())?;
    }
    Ok(())
}
