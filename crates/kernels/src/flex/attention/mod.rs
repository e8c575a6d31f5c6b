//! Attention, one task per window. The probabilities are kept for the backward pass; dropout's mask is drawn again.
//! The attention matrix is computed in tiles ([`sight`]), and what no query of a tile sees is left out.

mod disentangled;
mod plan;
mod queries;
mod sight;

use super::node::{Backpropagate, close, open, open_optional};
use crate::{Disentangled, Dropout, Heads, Visibility};
use burn::tensor::{Int, Tensor};
use burn_flex::FlexTensor;
use plan::{Inputs, Plan, Source};
use queries::Queries;
use std::sync::Arc;

/// See [`crate::attention`].
pub(crate) fn attention(qkv: Tensor<2>, heads: Heads, visibility: &Visibility, dropout: Dropout) -> Tensor<2> {
    within(qkv, None, heads, visibility, dropout, None)
}

/// See [`crate::attention_at`].
pub(crate) fn attention_at(
    qkv: Tensor<2>,
    heads: Heads,
    visibility: &Visibility,
    dropout: Dropout,
    rows: Tensor<1, Int>,
) -> Tensor<2> {
    within(qkv, None, heads, visibility, dropout, Some(rows))
}

/// See [`crate::query_attention`].
pub(crate) fn query_attention(
    queries: Tensor<2>,
    content: Tensor<2>,
    heads: Heads,
    visibility: &Visibility,
    dropout: Dropout,
    rows: Option<Tensor<1, Int>>,
) -> Tensor<2> {
    apart(queries, content, None, heads, visibility, dropout, rows)
}

/// See [`crate::disentangled_attention`].
pub(crate) fn disentangled_attention(
    qkv: Tensor<2>,
    positions: Disentangled,
    heads: Heads,
    visibility: &Visibility,
    dropout: Dropout,
    rows: Option<Tensor<1, Int>>,
) -> Tensor<2> {
    within(qkv, Some(positions), heads, visibility, dropout, rows)
}

/// See [`crate::disentangled_query_attention`].
pub(crate) fn disentangled_query_attention(
    queries: Tensor<2>,
    content: Tensor<2>,
    positions: Disentangled,
    heads: Heads,
    visibility: &Visibility,
    dropout: Dropout,
    rows: Option<Tensor<1, Int>>,
) -> Tensor<2> {
    apart(queries, content, Some(positions), heads, visibility, dropout, rows)
}

fn on_host(rows: Tensor<1, Int>) -> Vec<usize> {
    rows.into_data().iter::<i64>().map(|row| row as usize).collect()
}

/// The table of relative positions and what is known of it without its numbers.
fn split(positions: Option<Disentangled>) -> (Option<Tensor<2>>, Option<crate::Relative>) {
    positions
        .map(|Disentangled { table, relative }| (table, relative))
        .unzip()
}

/// Attention whose queries stand beside their keys and values.
fn within(
    qkv: Tensor<2>,
    positions: Option<Disentangled>,
    heads: Heads,
    visibility: &Visibility,
    dropout: Dropout,
    rows: Option<Tensor<1, Int>>,
) -> Tensor<2> {
    // An autoregressive objective asks for nearly all of them.
    if let Some(rows) = &rows
        && *visibility == Visibility::Causal
    {
        return within(qkv, positions, heads, visibility, dropout, None).select(0, rows.clone());
    }
    let (source, queries) = match rows {
        Some(rows) => (Source::Gathered, Queries::at(&on_host(rows), heads)),
        None => (Source::Own, Queries::all(heads)),
    };
    let (columns, (table, relative)) = (qkv.dims()[1], split(positions));
    let plan = Plan::new(heads, [columns / 3, columns], dropout, visibility, source, queries).with(relative);
    let ((qkv, place), (table, table_place)) = (open(qkv), open_optional(table));
    let (out, probabilities) = plan.forward(Inputs::of(None, &qkv, table.as_ref()));
    close(out, [place, table_place], || Within {
        qkv,
        table,
        probabilities,
        plan: Arc::new(plan),
    })
}

/// Attention whose queries are in a matrix of their own.
fn apart(
    queries: Tensor<2>,
    content: Tensor<2>,
    positions: Option<Disentangled>,
    heads: Heads,
    visibility: &Visibility,
    dropout: Dropout,
    rows: Option<Tensor<1, Int>>,
) -> Tensor<2> {
    let (width, columns) = (queries.dims()[1], content.dims()[1]);
    let at = match rows {
        Some(rows) => Queries::at(&on_host(rows), heads),
        None => Queries::all(heads),
    };
    let (table, relative) = split(positions);
    let plan = Plan::new(heads, [width, columns], dropout, visibility, Source::Apart, at).with(relative);
    let ((queries, place), (content, content_place)) = (open(queries), open(content));
    let (table, table_place) = open_optional(table);
    let (out, probabilities) = plan.forward(Inputs::of(Some(&queries), &content, table.as_ref()));
    close(out, [place, content_place, table_place], || Apart {
        queries,
        content,
        table,
        probabilities,
        plan: Arc::new(plan),
    })
}

#[derive(Clone, Debug)]
struct Within {
    qkv: FlexTensor,
    table: Option<FlexTensor>,
    probabilities: FlexTensor,
    plan: Arc<Plan>,
}

impl Backpropagate<2> for Within {
    fn backpropagate(self, gradient: FlexTensor, _: [bool; 2]) -> [Option<FlexTensor>; 2] {
        let inputs = Inputs::of(None, &self.qkv, self.table.as_ref());
        let [_, of_qkv, of_table] = self
            .plan
            .backward(inputs, gradient.storage(), self.probabilities.storage());
        [of_qkv, of_table]
    }
}

#[derive(Clone, Debug)]
struct Apart {
    queries: FlexTensor,
    content: FlexTensor,
    table: Option<FlexTensor>,
    probabilities: FlexTensor,
    plan: Arc<Plan>,
}

impl Backpropagate<3> for Apart {
    fn backpropagate(self, gradient: FlexTensor, _: [bool; 3]) -> [Option<FlexTensor>; 3] {
        let inputs = Inputs::of(Some(&self.queries), &self.content, self.table.as_ref());
        self.plan
            .backward(inputs, gradient.storage(), self.probabilities.storage())
    }
}
