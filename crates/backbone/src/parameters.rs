//! A model's parameters by path, whatever its type: what the optimizer, checkpoints and exports need.

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::tensor::{Device, Gradients, Tensor, TensorData};
use cloze_foundation::{Fault, Result};
use cloze_kernels::AdamW;

/// A parameter's value. Models of this workspace have vectors and matrices only.
#[derive(Clone, Debug)]
pub enum Parameter {
    /// A bias, a gain, a learned vector.
    Vector(Tensor<1>),
    /// A weight matrix or an embedding table.
    Matrix(Tensor<2>),
}

/// `either!(parameter, tensor => value)`: one expression for both ranks.
macro_rules! either {
    ($parameter:expr, $tensor:ident => $value:expr) => {
        match $parameter {
            Parameter::Vector($tensor) => $value,
            Parameter::Matrix($tensor) => $value,
        }
    };
}

impl Parameter {
    /// Numbers on the host as a parameter on a device.
    ///
    /// # Errors
    /// Numbers in another shape than a vector or a matrix.
    pub fn from_data(data: TensorData, device: &Device) -> Result<Self> {
        match data.shape().len() {
            1 => Ok(Self::Vector(Tensor::from_data(data, device))),
            2 => Ok(Self::Matrix(Tensor::from_data(data, device))),
            rank => Err(Fault::usage(format!("it has {rank} dimensions"))),
        }
    }

    /// Its numbers on the host, as 32-bit floats.
    ///
    /// # Errors
    /// A device that cannot be read.
    pub fn data(&self) -> Result<TensorData> {
        let data = either!(self, tensor => tensor.try_to_data());
        let data = data.map_err(|error| Fault::run(format!("it cannot be read from its device: {error}")))?;
        Ok(data.convert::<f32>())
    }

    /// Its numbers on the host, row by row.
    ///
    /// # Errors
    /// A device that cannot be read.
    pub fn numbers(&self) -> Result<Vec<f32>> {
        Ok(self.data()?.iter::<f32>().collect())
    }

    /// `[n]` or `[n, m]`.
    pub fn shape(&self) -> Vec<usize> {
        either!(self, tensor => tensor.dims().to_vec())
    }

    /// How many numbers it has.
    pub fn count(&self) -> usize {
        self.shape().iter().product()
    }

    /// Its first rows, or numbers of a vector; all of them where it has no more.
    pub fn first_rows(&self, count: usize) -> Self {
        either!(self.clone(), tensor => {
            let count = count.min(tensor.dims()[0]);
            wrap(tensor.slice(0..count))
        })
    }

    /// Whether it is a weight matrix or a table, which weight decay is for.
    pub fn is_matrix(&self) -> bool {
        matches!(self, Self::Matrix(_))
    }

    /// Without its place in a graph.
    pub fn inner(self) -> Self {
        either!(self, tensor => wrap(tensor.inner()))
    }

    /// Zeros of its shape on its device.
    pub fn zeros_like(&self) -> Self {
        either!(self, tensor => wrap(tensor.zeros_like()))
    }

    /// Its gradient, if it has one.
    pub fn grad(&self, gradients: &Gradients) -> Option<Self> {
        either!(self, tensor => tensor.grad(gradients).map(wrap))
    }

    /// Its gradient, if it has one, taken out of all.
    pub fn grad_remove(&self, gradients: &mut Gradients) -> Option<Self> {
        either!(self, tensor => tensor.grad_remove(gradients).map(wrap))
    }

    /// Σ x², in 64-bit.
    pub fn squared_norm(&self) -> f64 {
        either!(self, tensor => cloze_kernels::squared_norm(tensor))
    }

    /// Every number multiplied.
    pub fn scaled(self, factor: f64) -> Self {
        either!(self, tensor => wrap(tensor * factor))
    }

    /// The sum with another of its shape; itself if the other one is a vector and it a matrix, or the other way round.
    pub fn plus(self, other: Self) -> Self {
        match (self, other) {
            (Self::Vector(a), Self::Vector(b)) => Self::Vector(a + b),
            (Self::Matrix(a), Self::Matrix(b)) => Self::Matrix(a + b),
            (this, _) => this,
        }
    }

    /// One AdamW update, all without a graph: the new value and its two moments, which start at 0 where there are none of its
    /// kind. A gradient of another kind changes nothing.
    pub fn adamw(self, gradient: Self, moments: Option<[Self; 2]>, settings: &AdamW) -> (Self, [Self; 2]) {
        match (self, gradient) {
            (Self::Vector(value), Self::Vector(gradient)) => updated(value, gradient, moments, settings),
            (Self::Matrix(value), Self::Matrix(gradient)) => updated(value, gradient, moments, settings),
            (this, _) => {
                let moments = moments.unwrap_or_else(|| [this.zeros_like(), this.zeros_like()]);
                (this, moments)
            }
        }
    }

    fn of_rank<const R: usize>(self) -> Option<Tensor<R>> {
        (self.shape().len() == R).then(|| unwrap(self))
    }
}

fn updated<const R: usize>(
    value: Tensor<R>,
    gradient: Tensor<R>,
    moments: Option<[Parameter; 2]>,
    settings: &AdamW,
) -> (Parameter, [Parameter; 2]) {
    let [first, second] = match moments {
        Some(moments) => moments.map(Parameter::of_rank),
        None => [None, None],
    };
    let first = first.unwrap_or_else(|| value.zeros_like());
    let second = second.unwrap_or_else(|| value.zeros_like());
    let (value, first, second) = cloze_kernels::adamw(value, gradient, first, second, settings);
    (wrap(value), [wrap(first), wrap(second)])
}

/// Access to the parameters of a model by path (`encoder.blocks.0.qkv.weight`), in a fixed order.
/// Every burn [`Module`] has it.
pub trait Parameters {
    /// Shows every parameter with its path.
    fn each_parameter(&self, see: &mut dyn FnMut(&str, &Parameter));

    /// Replaces every parameter by what `change` makes of it. `change` is given the tracked tensor (so that its
    /// gradient can be looked up) and returns an untracked one, which becomes a tracked leaf again if the old was.
    fn change_parameters(&mut self, change: &mut dyn FnMut(&str, Parameter) -> Parameter);

    /// How many trainable numbers there are.
    fn count(&self) -> usize {
        let mut count = 0;
        self.each_parameter(&mut |_, parameter| count += parameter.count());
        count
    }
}

impl<M: Module> Parameters for M {
    fn each_parameter(&self, see: &mut dyn FnMut(&str, &Parameter)) {
        self.visit(&mut Visitor { path: Vec::new(), see });
    }

    fn change_parameters(&mut self, change: &mut dyn FnMut(&str, Parameter) -> Parameter) {
        *self = self.clone().map(&mut Mapper {
            path: Vec::new(),
            change,
        });
    }
}

fn wrap<const R: usize>(tensor: Tensor<R>) -> Parameter {
    match R {
        // The same node of the graph, so that its gradient can be looked up: a reshape would be another one.
        1 => Parameter::Vector(Tensor::from_dispatch(tensor.into_dispatch())),
        2 => Parameter::Matrix(Tensor::from_dispatch(tensor.into_dispatch())),
        _ => unreachable!("parameters are vectors or matrices"),
    }
}

fn unwrap<const R: usize>(parameter: Parameter) -> Tensor<R> {
    either!(parameter, tensor => Tensor::from_dispatch(tensor.into_dispatch()))
}

struct Visitor<'a> {
    path: Vec<String>,
    see: &'a mut dyn FnMut(&str, &Parameter),
}

impl ModuleVisitor for Visitor<'_> {
    fn enter_module(&mut self, name: &str, _: &str) {
        self.path.push(name.to_owned());
    }
    fn exit_module(&mut self, _: &str, _: &str) {
        self.path.pop();
    }
    fn visit_float<const R: usize>(&mut self, param: &Param<Tensor<R>>) {
        (self.see)(&self.path.join("."), &wrap(param.val()));
    }
}

struct Mapper<'a> {
    path: Vec<String>,
    change: &'a mut dyn FnMut(&str, Parameter) -> Parameter,
}

impl ModuleMapper for Mapper<'_> {
    fn enter_module(&mut self, name: &str, _: &str) {
        self.path.push(name.to_owned());
    }
    fn exit_module(&mut self, _: &str, _: &str) {
        self.path.pop();
    }
    fn map_float<const R: usize>(&mut self, param: Param<Tensor<R>>) -> Param<Tensor<R>> {
        let (id, tensor, mapper) = param.consume();
        let (tracked, autodiff) = (tensor.is_require_grad(), tensor.is_autodiff());
        let changed: Tensor<R> = unwrap((self.change)(&self.path.join("."), wrap(tensor)));
        let changed = if autodiff && !changed.is_autodiff() {
            Tensor::from_inner(changed)
        } else {
            changed
        };
        Param::from_mapped_value(id, changed.set_require_grad(tracked), mapper)
    }
}
