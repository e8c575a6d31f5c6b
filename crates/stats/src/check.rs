//! What every function here asks of its input.

use cloze_foundation::{Fault, Result};

/// Refuses a slice that is empty or holds something that is not finite.
pub(crate) fn finite(name: &str, values: &[f64]) -> Result<()> {
    if values.is_empty() {
        return Err(Fault::run(format!("`{name}` has no values")).allowed(["at least one finite number"]));
    }
    match values.iter().position(|value| !value.is_finite()) {
        None => Ok(()),
        Some(index) => Err(
            Fault::run(format!("value {} of `{name}` is {}", index + 1, values[index]))
                .allowed(["finite numbers"])
                .remedy("leave that seed out and say so"),
        ),
    }
}

/// Refuses two slices that cannot be pairs.
pub(crate) fn pairs(first: &[f64], second: &[f64]) -> Result<()> {
    finite("first", first)?;
    finite("second", second)?;
    if first.len() == second.len() {
        return Ok(());
    }
    Err(
        Fault::run(format!("{} values cannot be paired with {}", first.len(), second.len()))
            .remedy("keep only the seeds that both arms have"),
    )
}

/// Refuses a number that is not strictly between 0 and 1.
pub(crate) fn share(name: &str, value: f64) -> Result<()> {
    if value > 0.0 && value < 1.0 {
        return Ok(());
    }
    Err(Fault::run(format!("`{name}` is {value}")).allowed(["a number between 0 and 1, both excluded"]))
}
