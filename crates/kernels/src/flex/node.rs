//! From burn tensors to plain values and back, with one autodiff node per operation.

use burn::backend::{Autodiff, Flex, autodiff::checkpoint::strategy::NoCheckpointing, tensor::FloatTensor};
use burn::tensor::{Shape, Tensor, TensorData};
use burn_autodiff::checkpoint::base::Checkpointer;
use burn_autodiff::grads::Gradients;
use burn_autodiff::ops::{Backward, NodeGuard, Ops, OpsKind};
use burn_flex::FlexTensor;
use std::fmt::Debug;
use std::marker::PhantomData;

type Graph = Autodiff<Flex, NoCheckpointing>;

/// What an operation keeps for its backward pass.
pub(crate) trait Backpropagate<const N: usize>: Clone + Send + Debug + 'static {
    /// The gradients of the N inputs, given the output's. Those that are not `wanted` may be `None`.
    fn backpropagate(self, gradient: FlexTensor, wanted: [bool; N]) -> [Option<FlexTensor>; N];
}

/// How an input hangs in the graph.
pub(crate) enum Place {
    /// Not on an autodiff device, or absent.
    Outside,
    /// On an autodiff device, and constant.
    Constant,
    /// A gradient may be wanted.
    Tracked(NodeGuard),
}

impl Place {
    pub(crate) fn is_tracked(&self) -> bool {
        matches!(self, Self::Tracked(_))
    }

    fn guard(self) -> NodeGuard {
        match self {
            Self::Tracked(guard) => guard,
            Self::Outside | Self::Constant => FloatTensor::<Graph>::new(tensor(Vec::new(), [0])).node(),
        }
    }
}

/// The values of a tensor, contiguous, and its place in the graph.
pub(crate) fn open<const R: usize>(x: Tensor<R>) -> (FlexTensor, Place) {
    let (values, place) = parts(x);
    (contiguous(values), place)
}

fn parts<const R: usize>(x: Tensor<R>) -> (FlexTensor, Place) {
    if x.is_tracked() {
        let x = x
            .try_into_primitive::<Graph>()
            .expect("the caller has checked the backend and the strategy");
        let (values, guard) = x.into_parts();
        (values, Place::Tracked(guard))
    } else {
        let place = if x.is_autodiff() {
            Place::Constant
        } else {
            Place::Outside
        };
        let x = x
            .inner()
            .try_into_primitive::<Flex>()
            .expect("the caller has checked the backend");
        (x, place)
    }
}

/// [`open`] for a matrix that is read through its strides: a transposed view stays one.
pub(crate) fn open_view(x: Tensor<2>) -> (FlexTensor, Place) {
    let (values, place) = parts(x);
    let readable = values.layout().strides().iter().all(|stride| *stride >= 0);
    (if readable { values } else { contiguous(values) }, place)
}

/// [`open`] for an input that may be missing.
pub(crate) fn open_optional<const R: usize>(x: Option<Tensor<R>>) -> (Option<FlexTensor>, Place) {
    match x.map(open) {
        Some((values, place)) => (Some(values), place),
        None => (None, Place::Outside),
    }
}

/// `x` in row-major order from the start of its buffer. Consumes its handle, so that a unique buffer stays unique.
pub(crate) fn contiguous(x: FlexTensor) -> FlexTensor {
    x.to_contiguous()
}

/// A tensor that owns `values`.
pub(crate) fn tensor(values: Vec<f32>, shape: impl Into<Shape>) -> FlexTensor {
    FlexTensor::from_data(TensorData::new(values, shape.into()))
}

/// The tensor of an operation's output, hung under its inputs if one of them is tracked. `saved` is called only then.
pub(crate) fn close<S, const R: usize, const N: usize>(
    output: FlexTensor,
    inputs: [Place; N],
    saved: impl FnOnce() -> S,
) -> Tensor<R>
where
    S: Backpropagate<N>,
{
    if !inputs.iter().any(Place::is_tracked) {
        let outside = inputs.iter().all(|input| matches!(input, Place::Outside));
        let output = Tensor::from_primitive::<Flex>(output);
        return if outside { output } else { output.autodiff() };
    }
    let node = Node::<S>(PhantomData)
        .prepare::<NoCheckpointing>(inputs.map(Place::guard))
        .compute_bound()
        .stateful();
    Tensor::from_primitive::<Graph>(match node {
        OpsKind::Tracked(prepared) => prepared.finish(saved(), output),
        OpsKind::UnTracked(prepared) => prepared.finish(output),
    })
}

#[derive(Debug)]
struct Node<S>(PhantomData<S>);

impl<S: Backpropagate<N>, const N: usize> Backward<Flex, N> for Node<S> {
    type State = S;

    fn backward(self, ops: Ops<S, N>, gradients: &mut Gradients, _: &mut Checkpointer) {
        let gradient = contiguous(gradients.consume::<Flex>(&ops.node));
        let wanted = ops.parents.each_ref().map(Option::is_some);
        let results = ops.state.backpropagate(gradient, wanted);
        for (parent, result) in ops.parents.into_iter().zip(results) {
            if let (Some(parent), Some(result)) = (parent, result) {
                gradients.register::<Flex>(parent.id, result);
            }
        }
    }
}
