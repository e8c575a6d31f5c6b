//! A model's parameters by path, whatever its type: what the optimizer, checkpoints and exports need.

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::tensor::Tensor;

/// A parameter's value. Models of this workspace have vectors and matrices only.
#[derive(Clone, Debug)]
pub enum Parameter {
    /// A bias, a gain, a learned vector.
    Vector(Tensor<1>),
    /// A weight matrix or an embedding table.
    Matrix(Tensor<2>),
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
        self.each_parameter(&mut |_, parameter| {
            count += match parameter {
                Parameter::Vector(vector) => vector.dims()[0],
                Parameter::Matrix(matrix) => matrix.dims().iter().product(),
            }
        });
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
    match parameter {
        Parameter::Vector(vector) => Tensor::from_dispatch(vector.into_dispatch()),
        Parameter::Matrix(matrix) => Tensor::from_dispatch(matrix.into_dispatch()),
    }
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
