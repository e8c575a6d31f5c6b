//! What the tests of the kernels share.

use burn::tensor::{Device, Tensor, TensorData};
use cloze_foundation::Draw;

/// Standard normal numbers that depend on the name and the shape alone.
pub fn numbers(name: &str, [rows, columns]: [usize; 2], device: &Device) -> Tensor<2> {
    let mut stream = Draw::new(7, name).stream();
    let values: Vec<f32> = (0..rows * columns).map(|_| stream.normal() as f32).collect();
    Tensor::from_data(TensorData::new(values, [rows, columns]), device)
}

/// The numbers of a tensor.
pub fn values<const R: usize>(x: Tensor<R>) -> Vec<f32> {
    x.into_data().try_to_vec().expect("a tensor of 32-bit floats")
}

/// Output and gradients of the inputs, of `f` applied to numbers of these shapes, on flex.
pub fn run(shapes: &[[usize; 2]], f: impl Fn(&[Tensor<2>]) -> Tensor<2>) -> Vec<Vec<f32>> {
    let device = &Device::flex().autodiff();
    let inputs: Vec<_> = shapes
        .iter()
        .enumerate()
        .map(|(i, shape)| numbers(&format!("input {i}"), *shape, device).require_grad())
        .collect();
    let output = f(&inputs);
    let probe = numbers("probe", output.dims(), device);
    let gradients = (output.clone() * probe).sum().backward();
    let mut results = vec![values(output)];
    results.extend(
        inputs
            .iter()
            .map(|input| values(input.grad(&gradients).expect("every input is used"))),
    );
    results
}

/// Fails unless both agree within `tolerance`, relative to the root mean square of what is expected or to 0.1, whichever
/// is more. Inputs and probes are of order 1, and where their sums cancel, as the gradient of a normalised row of two
/// columns does, what is left is the rounding of terms of that order.
pub fn assert_near(found: &[Vec<f32>], expected: &[Vec<f32>], tolerance: f32) {
    assert_eq!(found.len(), expected.len());
    for (which, (found, expected)) in found.iter().zip(expected).enumerate() {
        assert_eq!(found.len(), expected.len(), "length of result {which}");
        let size = (expected.iter().map(|x| x * x).sum::<f32>() / expected.len().max(1) as f32)
            .sqrt()
            .max(0.1);
        for (i, (found, expected)) in found.iter().zip(expected).enumerate() {
            let far = (found - expected).abs();
            assert!(
                far <= tolerance * (size + expected.abs()),
                "result {which}, element {i}: {found} instead of {expected} (scale {size})"
            );
        }
    }
}
