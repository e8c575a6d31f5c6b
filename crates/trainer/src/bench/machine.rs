//! What the machine can do and what the process took from it.

use crate::step::wait;
use burn::tensor::{Device, Tensor};
use cloze_foundation::Result;
use std::time::Instant;

/// Rows and columns of the matrices whose product is the yardstick.
const SIDE: usize = 2048;
/// Ticks of a second in `/proc`, on every Linux.
const TICKS: f64 = 100.0;

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

/// Processor time so far, to see later how much of it others took.
pub(super) struct Watch {
    started: Instant,
    /// Of everybody and of this process, in ticks; `None` where there is no `/proc`.
    ticks: Option<[u64; 2]>,
}

impl Watch {
    pub(super) fn start() -> Self {
        Self {
            started: Instant::now(),
            ticks: ticks(),
        }
    }

    /// Cores that others have kept busy since.
    pub(super) fn others(&self) -> Option<f64> {
        Some(others(self.ticks?, ticks()?, self.started.elapsed().as_secs_f64()))
    }
}

pub(super) fn others(before: [u64; 2], now: [u64; 2], seconds: f64) -> f64 {
    let [all, own] = [0, 1].map(|whose| now[whose].saturating_sub(before[whose]) as f64 / TICKS);
    (all - own).max(0.0) / seconds
}

fn ticks() -> Option<[u64; 2]> {
    let read = |path: &str| std::fs::read_to_string(path).ok();
    Some([busy_in(&read("/proc/stat")?)?, own_in(&read("/proc/self/stat")?)?])
}

/// Ticks that no processor was idle or waited for a disk, those that a hypervisor gave to others among them.
pub(super) fn busy_in(stat: &str) -> Option<u64> {
    let line = stat.lines().find_map(|line| line.strip_prefix("cpu "))?;
    let numbers: Vec<u64> = line
        .split_whitespace()
        .map_while(|number| number.parse().ok())
        .collect();
    // user nice system idle iowait irq softirq steal; guests are counted as users already.
    let [user, nice, system, _, _, irq, softirq, steal] = *numbers.first_chunk::<8>()?;
    Some(user + nice + system + irq + softirq + steal)
}

/// `utime` and `stime`, the 14th and 15th fields; the second, a name in brackets, may hold anything.
pub(super) fn own_in(stat: &str) -> Option<u64> {
    let (_, fields) = stat.rsplit_once(')')?;
    let mut times = fields.split_whitespace().skip(11);
    let mut next = || times.next()?.parse::<u64>().ok();
    Some(next()? + next()?)
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
