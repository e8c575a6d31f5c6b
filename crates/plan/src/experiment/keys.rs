//! Every key of an experiment file, once: what is allowed, what `cloze explain` says and what may be swept come from here.

/// Key path and meaning with allowed values and default.
pub const KEYS: &[(&str, &str)] = &[
    ("question", "what the experiment asks, in one sentence; required"),
    ("cites", "the paper it follows"),
    (
        "corpus.source",
        "`fragment` (the built-in language), a name from `cloze data list`, a path or a glob; default `fragment`",
    ),
    (
        "corpus.tokenizer",
        "{ kind = \"wordpiece\" or \"bpe\", vocab = 2048 }, or { kind = \"file\", path = \"tokenizer.json\" }; default wordpiece with 2048",
    ),
    (
        "corpus.held_out",
        "share of whole documents kept for validation, above 0 and below 1; default 0.05",
    ),
    (
        "corpus.words",
        "words to generate, for the built-in language only; default \"1.5M\"",
    ),
    (
        "encoder.preset",
        "`modern` (pre-norm, rotary positions, GEGLU) or `bert` (post-norm, learned positions, GELU); default `modern`",
    ),
    ("encoder.width", "D, numbers in a hidden state; default 128"),
    ("encoder.layers", "transformer blocks; default 2"),
    (
        "encoder.heads",
        "H, attention heads, dividing the width; default one for every 64 of width",
    ),
    (
        "encoder.feed_forward",
        "F, columns of the feed-forward's hidden layer; default 4 D for `bert`, 8 D / 3 for `modern`",
    ),
    ("encoder.window", "L, positions in a window; default 64"),
    (
        "encoder.dropout",
        "rate of dropout, from 0 to below 1; default 0.1 for `bert`, 0 for `modern`",
    ),
    (
        "encoder.precision",
        "what the operands of dense layers' products are rounded to: `float32` (nothing) or `bfloat16`; default `float32`",
    ),
    (
        "budget.equalise",
        "the axis that is equal for every arm: tokens, predictions, steps, flops or seconds; default `tokens`",
    ),
    (
        "budget.amount",
        "how much of it: a number, with k, M, G, T or P, or with s, min or h for seconds; default \"2M\"",
    ),
    ("budget.batch", "B, windows in an optimizer step; default 16"),
    ("optimizer.peak_lr", "highest learning rate; default 1e-3"),
    (
        "optimizer.warmup",
        "share of the budget over which the learning rate rises from 0; default 0.06",
    ),
    (
        "optimizer.weight_decay",
        "decoupled weight decay on matrices; default 0.01",
    ),
    ("optimizer.beta_1", "decay of the first moment; default 0.9"),
    ("optimizer.beta_2", "decay of the second moment; default 0.98"),
    (
        "optimizer.epsilon",
        "added to the root of the second moment; default 1e-6",
    ),
    ("optimizer.clip", "largest global gradient norm, 0 for none; default 1"),
    ("sweep.seeds", "seeds of every arm; default [1, 2, 3]"),
    (
        "sweep.grid",
        "\"key.path\" = [values]: every combination, with every arm",
    ),
    (
        "sweep.zip",
        "\"key.path\" = [values]: lists of one length that move together",
    ),
    (
        "sweep.random",
        "samples = n, seed = 0, \"key.path\" = { from, to, scale = \"linear\" or \"log\" }: n points drawn at random",
    ),
    ("arm.name", "what tables and charts call it; default the objective"),
    (
        "arm.objective",
        "a name from `cloze explain`; required. Its options stand beside it",
    ),
    ("arm.grid", "grid.<option> = [values]: one arm for every combination"),
    (
        "arm.set",
        "set.\"key.path\" = value: overrides the experiment for this arm",
    ),
    (
        "evaluate.tasks",
        "evaluations, each a name or { task = \"name\", option = value }; default masked-loss, and minimal-pairs on the built-in language",
    ),
    (
        "evaluate.points",
        "at how many equally spaced shares of the budget a run is judged, the end included; default 4",
    ),
    (
        "evaluate.validation_windows",
        "windows of held-out text for the validation loss; default 64",
    ),
    ("report.baseline", "the arm that others are compared with"),
    (
        "report.charts",
        "learning-curves, phenomena, ratio, budgets; default all, `ratio` where a rate is swept",
    ),
    ("claim.says", "a claim in words, frozen with the plan"),
    ("claim.check", "how it is to be checked: name(argument, ...)"),
];

/// Tables whose keys a sweep, or an arm's `set`, may change. `options` are the objective's own.
pub(crate) const SWEPT: [&str; 5] = ["corpus", "encoder", "budget", "optimizer", "options"];

/// The keys of a table; those of the whole file for `""`.
pub(crate) fn keys_of(table: &str) -> Vec<&'static str> {
    let mut keys: Vec<&str> = KEYS
        .iter()
        .filter_map(|(key, _)| match key.split_once('.') {
            Some((head, rest)) if table == head => Some(rest),
            Some((head, _)) if table.is_empty() => Some(head),
            None if table.is_empty() => Some(key),
            _ => None,
        })
        .collect();
    keys.dedup();
    keys
}

/// The full paths that may be swept, options left out because they differ by objective.
pub(crate) fn swept_keys() -> impl Iterator<Item = &'static str> {
    KEYS.iter()
        .map(|(key, _)| *key)
        .filter(|key| key.split_once('.').is_some_and(|(head, _)| SWEPT.contains(&head)))
}
