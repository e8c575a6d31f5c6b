//! Initial values, drawn on the host per parameter path: the same path and seed give the same numbers on every
//! device, so arms share the initial encoder whatever heads they add.

use burn::module::Param;
use burn::tensor::{Device, Shape, Tensor, TensorData};
use cloze_foundation::Draw;
use cloze_kernels::Precision;

/// Standard deviation of normal initial values (BERT, GPT-2).
pub const STANDARD_DEVIATION: f64 = 0.02;

/// Where in the model, on which device, from which seed, and in which precision its dense layers multiply.
#[derive(Clone)]
pub struct Init {
    draw: Draw,
    path: String,
    device: Device,
    precision: Precision,
}

impl Init {
    /// The root of a model in 32-bit floats. `device` should have autodiff when the model is to be trained.
    pub fn new(seed: u64, device: &Device) -> Self {
        Self {
            draw: Draw::new(seed, "initialisation"),
            path: String::new(),
            device: device.clone(),
            precision: Precision::Float32,
        }
    }

    /// The same for layers that multiply in this precision.
    pub fn with_precision(self, precision: Precision) -> Self {
        Self { precision, ..self }
    }

    /// A part of the model; `name` must be its field name, so that paths agree with [`crate::Parameters`].
    pub fn at(&self, name: impl std::fmt::Display) -> Self {
        let path = if self.path.is_empty() {
            name.to_string()
        } else {
            format!("{}.{name}", self.path)
        };
        Self { path, ..self.clone() }
    }

    /// The device of the model.
    pub fn device(&self) -> &Device {
        &self.device
    }

    /// In which its dense layers multiply.
    pub fn precision(&self) -> Precision {
        self.precision
    }

    /// N(0, `deviation`²), drawn from (seed, path).
    pub fn normal<const R: usize>(&self, name: &str, shape: [usize; R], deviation: f64) -> Param<Tensor<R>> {
        let mut stream = self.draw.purpose(&self.at(name).path).stream();
        let count = shape.iter().product();
        let values: Vec<f32> = (0..count).map(|_| (stream.normal() * deviation) as f32).collect();
        self.fixed(values, shape)
    }

    /// All zeros.
    pub fn zeros<const R: usize>(&self, shape: [usize; R]) -> Param<Tensor<R>> {
        self.fixed(vec![0.0; shape.iter().product()], shape)
    }

    /// All ones.
    pub fn ones<const R: usize>(&self, shape: [usize; R]) -> Param<Tensor<R>> {
        self.fixed(vec![1.0; shape.iter().product()], shape)
    }

    fn fixed<const R: usize>(&self, values: Vec<f32>, shape: [usize; R]) -> Param<Tensor<R>> {
        Param::from_data(TensorData::new(values, Shape::from(shape)), &self.device)
    }
}
