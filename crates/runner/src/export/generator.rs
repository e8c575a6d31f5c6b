//! A generator that is a model of its own: it has its own embeddings, or is the encoder itself under a head of its own. One that
//! shares embeddings alone is ELECTRA's, and has a class for that.

use cloze_backbone::Parameter;
use std::collections::BTreeMap;

/// What its head is below in the model, and in a model of its own.
const HEAD: [&str; 2] = ["generator_head.", "head."];
/// Its body, where embeddings are shared.
const BODY: &str = "generator.";
/// Its body and embeddings, where they are its own.
const OWN: &str = "generator_encoder.";

/// Takes it out of a model's parameters, by the paths that it has as a model of its own; `None` where there is no such generator.
pub(super) fn taken_out(parameters: &mut BTreeMap<String, Parameter>) -> Option<BTreeMap<String, Parameter>> {
    let [head, own_head] = HEAD;
    let has = |root: &str| parameters.keys().any(|path| path.starts_with(root));
    if !has(head) || has(BODY) {
        return None;
    }
    let encoder = if has(OWN) { OWN } else { super::ENCODER };
    let named = |path: &str| {
        [[head, own_head], [encoder, super::ENCODER]]
            .into_iter()
            .find_map(|[from, to]| Some(format!("{to}{}", path.strip_prefix(from)?)))
    };
    let own = parameters.iter();
    let own = own
        .filter_map(|(path, parameter)| Some((named(path)?, parameter.clone())))
        .collect();
    parameters.retain(|path, _| !path.starts_with(head) && !path.starts_with(OWN));
    Some(own)
}
