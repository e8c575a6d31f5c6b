//! What the machine can do and what the process took from it.

use crate::step::wait;
use burn::tensor::{Device, Tensor};
use cloze_foundation::Result;
use std::time::Instant;

/// Rows and columns of the matrices whose product is the yardstick.
const SIDE: usize = 2048;

/// A large product of 32-bit floats on a device with the threads of this process.
pub(super) struct Yardstick {
    left: Tensor<2>,
    right: Tensor<2>,
    device: Device,
}

impl Yardstick {
    /// Takes its memory, and multiplies once without a clock.
    pub(super) fn new(device: &Device) -> Result<Self> {
        let matrix = || Tensor::<2>::full([SIDE, SIDE], 0.5, device);
        let yardstick = Self {
            left: matrix(),
            right: matrix(),
            device: device.clone(),
        };
        yardstick.rate()?;
        Ok(yardstick)
    }

    /// FLOPs per second of one product, now.
    pub(super) fn rate(&self) -> Result<f64> {
        let started = Instant::now();
        let product = self.left.clone().matmul(self.right.clone());
        wait(&self.device)?;
        let seconds = started.elapsed().as_secs_f64();
        drop(product);
        Ok(2.0 * (SIDE as f64).powi(3) / seconds)
    }
}

/// The middle of some numbers, the mean of the two in the middle for an even count.
pub(super) fn median(numbers: &[f64]) -> f64 {
    let mut sorted = numbers.to_vec();
    sorted.sort_by(f64::total_cmp);
    let half = sorted.len() / 2;
    match sorted.len() {
        0 => f64::NAN,
        length if length % 2 == 1 => sorted[half],
        _ => (sorted[half - 1] + sorted[half]) / 2.0,
    }
}

/// The most memory that this process has had at any time.
pub(super) fn peak_bytes() -> Option<u64> {
    peak_in(&std::fs::read_to_string("/proc/self/status").ok()?)
}

/// `VmHWM` of a status file, which is in units of 1024 bytes.
pub(super) fn peak_in(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes * 1024)
}
