//! Whether the order of the arms is the same wherever they were compared.

use crate::document::Section;
use crate::study::{Scored, Study};
use std::collections::BTreeSet;

pub(super) fn section(study: &Study, scored: &Scored) -> Option<Section> {
    let lead = sentences(study, scored)?;
    Some(Section {
        lead,
        brief: true,
        ..Section::new(format!("{}: does the order change?", scored.score.title()))
    })
}

/// The name of an arm and its mean.
type Ranked = (String, Option<f64>);

/// The orders of the arms in each field, and whether they are one; none where there is one field, or nothing to order.
pub(crate) fn sentences(study: &Study, scored: &Scored) -> Option<Vec<String>> {
    let mut fields: Vec<(String, Vec<Ranked>)> = Vec::new();
    for field in &scored.fields {
        let named = |arm: usize| (study.called(arm), scored.means[arm]);
        let ranked = scored.ranked(field).into_iter().map(named).collect();
        fields.push((field.name.clone().unwrap_or_default(), ranked));
    }
    // What every field with something in it has.
    fields.retain(|(_, ranked)| !ranked.is_empty());
    let sets: Vec<BTreeSet<&String>> = fields
        .iter()
        .map(|(_, ranked)| ranked.iter().map(|(name, _)| name).collect())
        .collect();
    let shared: BTreeSet<String> = sets
        .iter()
        .skip(1)
        .fold(sets.first()?.clone(), |all, next| {
            all.intersection(next).copied().collect()
        })
        .into_iter()
        .cloned()
        .collect();
    if fields.len() < 2 || shared.len() < 2 {
        return None;
    }
    for (_, ranked) in &mut fields {
        ranked.retain(|(name, _)| shared.contains(name));
    }
    let orders: Vec<(String, String)> = fields.into_iter().map(|(on, ranked)| (on, in_order(&ranked))).collect();
    let is_one = orders.iter().all(|(_, order)| *order == orders[0].1);
    let mut told = vec![
        "Arms that were trained or judged on different texts are compared on none of them together: what differs would be the \
         texts. What can be asked is whether the order of their means is the same on each."
            .to_owned(),
    ];
    if is_one {
        let on: Vec<&str> = orders.iter().map(|(on, _)| on.as_str()).collect();
        told.push(format!(
            "The order of the means is the same on each ({}): {}.",
            on.join(", "),
            orders[0].1
        ));
    } else {
        let each = orders.iter().map(|(on, order)| format!("{on}: {order}"));
        told.push(format!(
            "The order of the means changes. {}.",
            each.collect::<Vec<_>>().join("; ")
        ));
    }
    told.push("These are orders of means; the comparisons below say what of them is established.".to_owned());
    Some(told)
}

/// Names in the order of their means; those of one mean stand side by side, by name.
fn in_order(ranked: &[Ranked]) -> String {
    let groups = ranked.chunk_by(|one, other| one.1 == other.1).map(|group| {
        let mut names: Vec<&str> = group.iter().map(|(name, _)| name.as_str()).collect();
        names.sort_unstable();
        match names.len() {
            1 => names[0].to_owned(),
            _ => format!("{} (equal)", names.join(" and ")),
        }
    });
    groups.collect::<Vec<_>>().join(", then ")
}
