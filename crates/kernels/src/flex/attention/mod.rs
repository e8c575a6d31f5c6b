//! Attention, one task per window. The probabilities are kept for the backward pass; dropout's mask is drawn again.
//! The attention matrix is computed in tiles ([`sight`]), and what no query of a tile sees is left out.

mod plan;
mod queries;
mod sight;

use super::node::{Backpropagate, close, open};
use crate::{Dropout, Heads, Visibility};
use burn::tensor::{Int, Tensor};
use burn_flex::FlexTensor;
use plan::{Plan, Source};
use queries::Queries;
use std::sync::Arc;

/// See [`crate::attention`].
pub(crate) fn attention(qkv: Tensor<2>, heads: Heads, visibility: &Visibility, dropout: Dropout) -> Tensor<2> {
    within(qkv, heads, visibility, dropout, Source::Own, Queries::all(heads))
}

/// See [`crate::attention_at`].
pub(crate) fn attention_at(
    qkv: Tensor<2>,
    heads: Heads,
    visibility: &Visibility,
    dropout: Dropout,
    rows: Tensor<1, Int>,
) -> Tensor<2> {
    // An autoregressive objective asks for nearly all of them.
    if *visibility == Visibility::Causal {
        return attention(qkv, heads, visibility, dropout).select(0, rows);
    }
    let queries = Queries::at(&on_host(rows), heads);
    within(qkv, heads, visibility, dropout, Source::Gathered, queries)
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
    let plan = Plan::new(
        heads,
        [queries.dims()[1], content.dims()[1]],
        dropout,
        visibility,
        Source::Apart,
        match rows {
            Some(rows) => Queries::at(&on_host(rows), heads),
            None => Queries::all(heads),
        },
    );
    let ((queries, place), (content, content_place)) = (open(queries), open(content));
    let (out, probabilities) = plan.forward(Some(queries.storage()), content.storage());
    close(out, [place, content_place], || Apart {
        queries,
        content,
        probabilities,
        plan: Arc::new(plan),
    })
}

fn on_host(rows: Tensor<1, Int>) -> Vec<usize> {
    rows.into_data().iter::<i64>().map(|row| row as usize).collect()
}

/// Attention whose queries stand beside their keys and values.
fn within(
    qkv: Tensor<2>,
    heads: Heads,
    visibility: &Visibility,
    dropout: Dropout,
    source: Source,
    queries: Queries,
) -> Tensor<2> {
    let columns = qkv.dims()[1];
    let plan = Plan::new(heads, [columns / 3, columns], dropout, visibility, source, queries);
    let (qkv, place) = open(qkv);
    let (out, probabilities) = plan.forward(None, qkv.storage());
    close(out, [place], || Within {
        qkv,
        probabilities,
        plan: Arc::new(plan),
    })
}

#[derive(Clone, Debug)]
struct Within {
    qkv: FlexTensor,
    probabilities: FlexTensor,
    plan: Arc<Plan>,
}

impl Backpropagate<1> for Within {
    fn backpropagate(self, gradient: FlexTensor, _: [bool; 1]) -> [Option<FlexTensor>; 1] {
        let dy = gradient.storage();
        let (_, of_qkv) = self
            .plan
            .backward(None, self.qkv.storage(), dy, self.probabilities.storage());
        [Some(of_qkv)]
    }
}

#[derive(Clone, Debug)]
struct Apart {
    queries: FlexTensor,
    content: FlexTensor,
    probabilities: FlexTensor,
    plan: Arc<Plan>,
}

impl Backpropagate<2> for Apart {
    fn backpropagate(self, gradient: FlexTensor, _: [bool; 2]) -> [Option<FlexTensor>; 2] {
        let (queries, content) = (self.queries.storage(), self.content.storage());
        let dy = gradient.storage();
        let (of_queries, of_content) = self
            .plan
            .backward(Some(queries), content, dy, self.probabilities.storage());
        [of_queries, Some(of_content)]
    }
}
