//! What a report says, before it is Markdown, LaTeX or HTML.

/// A report's words and tables.
pub(crate) struct Document {
    pub title: String,
    pub question: String,
    pub cites: Option<String>,
    /// The answer to the question, in a few sentences: first and last.
    pub verdict: Vec<String>,
    /// What was compared on what: a word and what it is.
    pub facts: Vec<(&'static str, String)>,
    pub sections: Vec<Section>,
}

/// What a section is about: on the page, a chart stands in the first section of its topic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Topic {
    /// The score of a task.
    Score,
    /// The parts of a task.
    Parts,
    /// When they are learnt.
    Learnt,
    /// Losses under the arms' own objectives.
    OwnLoss,
    /// When seeds left the plateau of word frequencies.
    Onset,
    /// The order of arms along sizes.
    Ladder,
}

/// A heading with sentences and at most one table.
#[derive(Default)]
pub(crate) struct Section {
    pub heading: String,
    /// Sentences in front of the table.
    pub lead: Vec<String>,
    pub table: Option<Table>,
    /// Sentences behind the table, each an item of a list.
    pub points: Vec<String>,
    /// Whether the terminal shows it.
    pub brief: bool,
    pub topic: Option<Topic>,
}

impl Section {
    /// A section that says nothing yet.
    pub(crate) fn new(heading: impl Into<String>) -> Self {
        Self {
            heading: heading.into(),
            ..Self::default()
        }
    }
}

/// A table whose first column names the rows.
pub(crate) struct Table {
    /// What its file and its label are called: letters, digits and hyphens.
    pub name: String,
    pub caption: String,
    pub columns: Vec<String>,
    /// Columns, by place, that a narrow page can do without, the least wanted first.
    pub spare: Vec<usize>,
    pub rows: Vec<Vec<Cell>>,
}

impl Table {
    /// A table.
    pub(crate) fn new<C: Into<String>>(
        name: &str,
        caption: impl Into<String>,
        columns: impl IntoIterator<Item = C>,
        rows: Vec<Vec<Cell>>,
    ) -> Self {
        let mut safe = String::new();
        for letter in name.chars() {
            match letter {
                letter if letter.is_ascii_alphanumeric() => safe.push(letter.to_ascii_lowercase()),
                _ if safe.is_empty() || safe.ends_with('-') => {}
                _ => safe.push('-'),
            }
        }
        Self {
            name: safe.trim_end_matches('-').to_owned(),
            caption: caption.into(),
            columns: columns.into_iter().map(C::into).collect(),
            spare: Vec::new(),
            rows,
        }
    }

    /// With columns, by heading, that a narrow page can do without, the least wanted first.
    pub(crate) fn spare(self, headings: &[&str]) -> Self {
        let place = |heading: &&str| self.columns.iter().position(|column| column == heading);
        Self {
            spare: headings.iter().filter_map(place).collect(),
            ..self
        }
    }
}

/// A cell.
#[derive(Clone, Debug)]
pub(crate) struct Cell {
    pub text: String,
    pub bold: bool,
}

impl Cell {
    /// A cell that does not stand out.
    pub(crate) fn plain(text: impl Into<String>) -> Self {
        Self::bold(text, false)
    }

    /// A cell that is bold where asked.
    pub(crate) fn bold(text: impl Into<String>, bold: bool) -> Self {
        Self {
            text: text.into(),
            bold,
        }
    }

    /// A dash where there is nothing.
    pub(crate) fn optional(text: Option<impl Into<String>>) -> Self {
        text.map_or_else(|| Self::plain(crate::number::NONE), Self::plain)
    }
}
