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

/// The orders of the arms in each field, and whether they are one; none where there is one field, or nothing to order.
pub(crate) fn sentences(study: &Study, scored: &Scored) -> Option<Vec<String>> {
    let mut orders: Vec<(String, Vec<String>)> = Vec::new();
    for field in &scored.fields {
        let names = scored.ranked(field).into_iter().map(|arm| study.called(arm)).collect();
        orders.push((field.name.clone().unwrap_or_default(), names));
    }
    // What every field with something in it has.
    orders.retain(|(_, names)| !names.is_empty());
    let sets: Vec<BTreeSet<&String>> = orders.iter().map(|(_, names)| names.iter().collect()).collect();
    let shared: BTreeSet<String> = sets
        .iter()
        .skip(1)
        .fold(sets.first()?.clone(), |all, next| {
            all.intersection(next).copied().collect()
        })
        .into_iter()
        .cloned()
        .collect();
    if orders.len() < 2 || shared.len() < 2 {
        return None;
    }
    for (_, names) in &mut orders {
        names.retain(|name| shared.contains(name));
    }
    let is_one = orders.iter().all(|(_, names)| *names == orders[0].1);
    let mut told = vec![
        "Arms that were trained or judged on different texts are compared on none of them together: what differs would be the \
         texts. What can be asked is whether the order of their means is the same on each."
            .to_owned(),
    ];
    if is_one {
        told.push(format!("It is: {}.", orders[0].1.join(", then ")));
    } else {
        let each = orders
            .iter()
            .map(|(on, names)| format!("{on}: {}", names.join(", then ")));
        told.push(format!("It changes. {}.", each.collect::<Vec<_>>().join("; ")));
    }
    told.push("These are orders of means; the comparisons below say what of them is established.".to_owned());
    Some(told)
}
