//! What a report says, before it is Markdown, LaTeX or HTML.

/// A report's words and tables.
pub(crate) struct Document {
    pub title: String,
    pub question: String,
    pub cites: Option<String>,
    pub sections: Vec<Section>,
}

/// What a section is about: on the page, a chart stands in the first section of its topic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Topic {
    /// The score of a task.
    Score,
    /// The parts of a task.
    Parts,
    /// Losses under the arms' own objectives.
    OwnLoss,
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
    pub caption: String,
    pub columns: Vec<String>,
    pub rows: Vec<Vec<Cell>>,
}

impl Table {
    /// A table.
    pub(crate) fn new<C: Into<String>>(
        caption: impl Into<String>,
        columns: impl IntoIterator<Item = C>,
        rows: Vec<Vec<Cell>>,
    ) -> Self {
        Self {
            caption: caption.into(),
            columns: columns.into_iter().map(C::into).collect(),
            rows,
        }
    }
}

/// A cell.
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
