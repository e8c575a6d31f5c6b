//! The learning rate as a function of the share of the budget that is used: nothing else is remembered.

use crate::OptimizerConfig;

/// Rises linearly from 0 to the peak over the warm-up share, then falls linearly to 0 at the end of the budget (the
/// schedule of BERT, Devlin et al. 2019, A.2). `used` is in [0, 1]; what lies outside counts as the nearer end.
///
/// The training loop passes the share at the *middle* of a step, so that neither the first step nor the last one is
/// taken with a learning rate of 0.
pub fn learning_rate(config: &OptimizerConfig, used: f64) -> f64 {
    let used = used.clamp(0.0, 1.0);
    if used < config.warmup {
        config.peak_lr * used / config.warmup
    } else if config.warmup < 1.0 {
        config.peak_lr * (1.0 - used) / (1.0 - config.warmup)
    } else {
        config.peak_lr
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn config(warmup: f64) -> OptimizerConfig {
        OptimizerConfig {
            peak_lr: 2.0,
            warmup,
            ..OptimizerConfig::default()
        }
    }

    #[test]
    fn it_rises_to_the_peak_and_ends_at_zero() {
        let rates: Vec<f64> = [0.0, 0.1, 0.2, 0.6, 1.0, 7.0]
            .map(|used| learning_rate(&config(0.2), used))
            .to_vec();
        assert_eq!(rates, [0.0, 1.0, 2.0, 1.0, 0.0, 0.0]);
        assert_eq!(learning_rate(&config(0.0), 0.0), 2.0);
    }

    proptest! {
        #[test]
        fn it_stays_between_zero_and_the_peak(warmup in 0.0..=1.0f64, used in -1.0..2.0f64) {
            let rate = learning_rate(&config(warmup), used);
            prop_assert!((0.0..=2.0).contains(&rate));
        }
    }
}
