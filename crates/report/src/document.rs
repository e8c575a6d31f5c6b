//! What a report says, before it is Markdown, LaTeX or HTML.

/// The whole.
pub(crate) struct Document {
    pub title: String,
    pub question: String,
    pub cites: Option<String>,
    pub sections: Vec<Section>,
}

/// A heading with sentences and at most one table.
pub(crate) struct Section {
    pub heading: String,
    /// Sentences in front of the table.
    pub lead: Vec<String>,
    pub table: Option<Table>,
    /// Sentences behind the table, each an item of a list.
    pub points: Vec<String>,
    /// Whether the terminal shows it.
    pub brief: bool,
    /// The chart that belongs to it, by name.
    pub charts: Vec<&'static str>,
}

/// A table whose first column names the rows.
pub(crate) struct Table {
    pub caption: String,
    pub columns: Vec<String>,
    pub rows: Vec<Vec<Cell>>,
}

/// A cell.
pub(crate) struct Cell {
    pub text: String,
    pub bold: bool,
}

impl Cell {
    /// A cell that does not stand out.
    pub(crate) fn plain(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            bold: false,
        }
    }

    /// The same, bold where asked.
    pub(crate) fn bold(text: impl Into<String>, bold: bool) -> Self {
        Self {
            text: text.into(),
            bold,
        }
    }
}
