//! The one place where a backend is made from its name.

use burn::tensor::Device;
use cloze_foundation::{Fault, Result};
use cloze_kernels::flush_subnormals;

/// Names that [`open`] knows, whether they are in this build or not. A graphics backend may be given a number or, for
/// `wgpu`, the word `cpu` (software rendering): `cuda:1`, `wgpu:cpu`.
pub const DEVICES: &[&str] = &["flex", "ndarray", "wgpu", "cuda"];

/// The names whose backends are in this build.
pub fn built() -> Vec<&'static str> {
    DEVICES
        .iter()
        .copied()
        .filter(|name| match *name {
            "flex" => true,
            "ndarray" => cfg!(feature = "ndarray"),
            "wgpu" => cfg!(feature = "wgpu"),
            "cuda" => cfg!(feature = "cuda"),
            _ => false,
        })
        .collect()
}

/// Whether `name` computes on the host's processor.
pub fn is_host(name: &str) -> bool {
    matches!(name, "flex" | "ndarray")
}

/// Makes this thread one of rayon's. Otherwise it would hand every parallel piece to a worker and sleep until that is
/// done, thousands of times a second: with one thread per process that costs speed (docs/log.md). None of these threads
/// computes with subnormal numbers.
///
/// # Errors
/// A system that gives no more threads.
pub fn join_pool() -> Result<()> {
    flush_subnormals();
    let pool = rayon::ThreadPoolBuilder::new().start_handler(|_| flush_subnormals());
    match pool.use_current_thread().build_global() {
        Err(error) if std::error::Error::source(&error).is_some() => {
            Err(Fault::run(format!("cannot start the threads to compute with: {error}"))
                .remedy("allow this user more processes (`ulimit -u`), or set RAYON_NUM_THREADS=1"))
        }
        // A pool that is there already (a test, a second run in this process) works too, only slower.
        _ => Ok(()),
    }
}

/// The device called `name`, without autodiff.
///
/// # Errors
/// An unknown name, a number that is not one, or a backend that is not in this build (the fault names the cargo
/// feature).
pub fn open(name: &str) -> Result<Device> {
    let (backend, selector) = match name.split_once(':') {
        Some((backend, selector)) => (backend, Some(selector)),
        None => (name, None),
    };
    match (backend, selector) {
        ("flex", None) => Ok(Device::flex()),
        #[cfg(feature = "ndarray")]
        ("ndarray", None) => {
            #[allow(deprecated)] // deprecated upstream, kept as an independent check of `flex`
            Ok(Device::ndarray())
        }
        #[cfg(feature = "wgpu")]
        ("wgpu", selector) => {
            use burn::tensor::DeviceKind;
            Ok(Device::wgpu(match selector {
                None => DeviceKind::DefaultDevice,
                Some("cpu") => DeviceKind::Cpu,
                Some(number) => DeviceKind::DiscreteGpu(index(name, number)?),
            }))
        }
        #[cfg(feature = "cuda")]
        ("cuda", selector) => Ok(Device::cuda(selector.map_or(Ok(0), |number| index(name, number))?)),
        ("flex" | "ndarray", Some(_)) => Err(Fault::usage(format!(
            "device `{name}`: `{backend}` is the host's processor and takes no number"
        ))
        .remedy(format!("write `{backend}`; RAYON_NUM_THREADS sets the threads"))),
        _ if DEVICES.contains(&backend) => Err(Fault::usage(format!("device `{name}` is not in this build"))
            .allowed(built())
            .remedy(format!("build with `cargo build --release --features {backend}`"))),
        _ => Err(Fault::usage(format!("unknown device `{name}`"))
            .allowed(DEVICES)
            .nearest(backend, DEVICES)),
    }
}

#[cfg(any(feature = "wgpu", feature = "cuda"))]
fn index(name: &str, number: &str) -> Result<usize> {
    number.parse().map_err(|_| {
        Fault::usage(format!("device `{name}`: `{number}` is not a number")).allowed(["cuda:0", "wgpu:cpu"])
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_built_name_opens_and_every_other_says_what_to_do() {
        for name in DEVICES {
            match open(name) {
                Ok(_) => assert!(built().contains(name)),
                Err(fault) => assert_eq!(
                    (fault.exit_status(), fault.remedy.as_deref()),
                    (
                        2,
                        Some(format!("build with `cargo build --release --features {name}`").as_str())
                    )
                ),
            }
        }
        assert_eq!(open("flx").unwrap_err().nearest.as_deref(), Some("flex"));
        assert!(open("flex:1").unwrap_err().remedy.is_some());
    }
}
